"""Completion as a user installs it: a real bash, zsh and fish complete commands, options, files and providers."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select

import pytest
import redis

from tests.cli.calling import run
from tests.fakes import provider
from tracker.model.clock import utc_now
from tracker.store.catalogue import RedisCatalogue

COMMANDS = Path(sys.executable).parent
PATIENCE_S = 60
#: The beginning of a line, and what it becomes.
COMPLETED = {
    "tracker prov": "tracker providers",
    "tracker gate --fail-on cri": "tracker gate --fail-on critical",
    "tracker config check pages.to": "tracker config check pages.toml",
    "tracker gate spr": "tracker gate acme",  # by its name
}


@pytest.fixture
def environ(tmp_path: Path, valkey: "redis.Redis", valkey_url: str) -> dict[str, str]:
    """The environment of a shell in a home with `pages.toml`, where the tracker watches a page."""
    RedisCatalogue(valkey).put([provider(id="acme", name="Spreadsheets")], utc_now())
    (tmp_path / "pages.toml").touch()
    path = f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"
    return {"HOME": str(tmp_path), "PATH": path, "TERM": "xterm", "REDIS_URL": valkey_url}


def installed(shell: str) -> str:
    """Return a shell's path; skips the test where there is none."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def in_bash(environ: dict[str, str], lines: list[str]) -> Iterator[str]:
    script = Path(environ["HOME"], "tracker.bash")
    script.write_text(run("completion", "bash").stdout)
    complete = 'read -ra COMP_WORDS <<< "$1"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tracker_completion tracker'
    for line in lines:
        command = [installed("bash"), "--norc", "-c", f'. {script}; {complete}; echo "${{COMPREPLY[@]}}"', "bash", line]
        offered = subprocess.run(command, env=environ, cwd=environ["HOME"], capture_output=True, text=True, check=True)
        kind = offered.stdout.strip()
        # Bash completes files itself.
        yield f"{line.rpartition(' ')[0]} {kind}" if kind else f"{line}ml"


def in_fish(environ: dict[str, str], lines: list[str]) -> Iterator[str]:
    folder = Path(environ["HOME"], ".config", "fish", "completions")
    folder.mkdir(parents=True)
    (folder / "tracker.fish").write_text(run("completion", "fish").stdout)
    for line in lines:
        command = [installed("fish"), "--private", "-c", 'complete --do-complete "$argv[1]"', line]
        offered = subprocess.run(command, env=environ, cwd=environ["HOME"], capture_output=True, text=True, check=True)
        yield f"{line.rpartition(' ')[0]} {offered.stdout.partition(chr(9))[0].strip()}"


def in_zsh(environ: dict[str, str], lines: list[str]) -> Iterator[str]:
    folder = Path(environ["HOME"], ".zfunc")
    folder.mkdir()
    (folder / "_tracker").write_text(run("completion", "zsh").stdout)
    Path(environ["HOME"], ".zshrc").write_text(
        "PROMPT='ready>'\nfpath+=~/.zfunc\nautoload -Uz compinit && compinit -u\n"
        'complete_and_say() { zle complete-word; zle -I; print -r -- "<$BUFFER>"; BUFFER= }\n'
        "zle -N complete_and_say\nbindkey '^I' complete_and_say\n"
    )
    ours, terminal = os.openpty()
    shell = subprocess.Popen(
        [installed("zsh"), "-i"],
        env=environ,
        cwd=environ["HOME"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        shown_until(ours, b"ready>")
        for line in lines:
            os.write(ours, f"{line}\t".encode())
            yield shown_until(ours, b">\r\n").rpartition(b"<")[2].decode().removesuffix(">\r\n").rstrip()
            shown_until(ours, b"ready>")
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def shown_until(terminal: int, end: bytes) -> bytes:
    """Return what a terminal shows until something is shown."""
    shown = b""
    while end not in shown:
        assert select([terminal], [], [], PATIENCE_S)[0], f"the shell shows no {end!r} after {shown!r}"
        shown += os.read(terminal, 1)
    return shown


#: Each line starts a process. All shells are offered the same; each has its own way with files and with words.
@pytest.mark.parametrize(("complete", "first"), [(in_bash, 0), (in_zsh, 2), (in_fish, 2)])
def test_it_completes(
    complete: Callable[[dict[str, str], list[str]], Iterator[str]], first: int, environ: dict[str, str]
) -> None:
    assert list(complete(environ, list(COMPLETED)[first:])) == list(COMPLETED.values())[first:]


def test_fish_shows_whole_sentences(environ: dict[str, str]) -> None:
    script = Path(environ["HOME"], "tracker.fish")
    script.write_text(run("completion", "fish").stdout)
    command = [installed("fish"), "--private", "-c", f'source {script}; complete --do-complete "tracker providers ad"']
    offered = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert offered.stdout == "add\tWatch more pages: all of the given ones, or none if one of them is wrong.\n"


@pytest.mark.parametrize(("url", "offered"), [(None, "plain,acme"), ("redis://127.0.0.1:1/0", "")])
def test_providers_are_offered_by_id_and_nothing_without_a_tracker(
    url: str | None, offered: str, environ: dict[str, str]
) -> None:
    asked = {"_TRACKER_COMPLETE": "bash_complete", "COMP_WORDS": "tracker status ac", "COMP_CWORD": "2"}
    where = {"REDIS_URL": url} if url else {}
    command = [COMMANDS / "tracker"]
    done = subprocess.run(command, env=environ | asked | where, capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == (offered, "")
