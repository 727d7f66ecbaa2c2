"""What cannot be written or read ends a command with one sentence, and no traceback."""

import contextlib
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tracker.supervise.server import EmbeddedServer

PAGES = '[[provider]]\nname = "a"\nurl = "https://a.example"\n'
FULL = Path("/dev/full")


def run(
    *arguments: str, folder: Path, output: Path | None = None, most_bytes: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command; `most_bytes` is the size that no file of it may pass.

    It keeps no bytecode: what Python can write of it in part only stays, and every later process would fail by it.
    """

    def limit() -> None:
        if most_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    with (output or Path("/dev/null")).open("w") as stdout:
        return subprocess.run(
            [sys.executable, "-m", "tracker", *arguments],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            preexec_fn=limit,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.mark.parametrize("module", ["click", "difflib"], ids=["at the start", "for a command"])
def test_ctrl_c_during_an_import_says_nothing(module: str, tmp_path: Path) -> None:
    """The module stands for Ctrl-C at that moment."""
    (tmp_path / f"{module}.py").write_text("raise KeyboardInterrupt")

    done = subprocess.run(
        [sys.executable, "-m", "tracker", "no-such-command"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", [["--help"], ["providers", "search"], ["config", "reference"], ["--version"]])
def test_an_output_without_room_is_one_sentence(command: list[str], tmp_path: Path) -> None:
    done = run(*command, folder=tmp_path, output=FULL)

    assert done.returncode == 1
    assert done.stderr == "tracker: cannot write or read the output: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_status_and_takes_no_socket(closed: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m tracker providers search open {closed}', sys.executable],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, "")


def no_directory(data: Path) -> None:
    data.touch()


def blocked(name: str) -> Callable[[Path], None]:
    """Return what puts a directory where a file should be."""

    def make(data: Path) -> None:
        (data / name).mkdir(parents=True)

    return make


def no_folder_of_the_server(data: Path) -> None:
    data.mkdir()
    (data / "server").touch()


def no_folder_of_its_files(data: Path) -> None:
    (data / "server").mkdir(parents=True)
    (data / "server" / "appendonlydir").touch()


#: What stands where the tracker writes, and how the sentence begins that names it.
OBSTACLES: dict[str, tuple[Callable[[Path], None], str]] = {
    "data directory": (no_directory, "cannot write to the data directory data: File exists; choose"),
    "lock": (blocked("lock"), "cannot write to the data directory data: Is a directory; choose"),
    "server": (no_folder_of_the_server, "cannot keep the data server's files in data/server: File exists; make room"),
    "address": (blocked("redis.url"), "cannot keep the data server's files in data/server: Is a directory; make"),
    "password": (blocked("server/password"), "cannot keep the data server's files in data/server: Is a directory;"),
    "log": (blocked("server/server.log"), "cannot keep the data server's files in data/server: Is a directory; make"),
    "append-only file": (no_folder_of_its_files, "the data server ended at once ("),
    "record": (blocked("updates.jsonl"), "cannot write the record data/updates.jsonl: it is no plain file; remove"),
    "owner": (blocked("owner"), "cannot keep the owner's id in data/owner: Is a directory; make room there, or"),
}


#: A start for each takes long, so that `make test` has one of each writer.
STARTS = ("data directory", "address", "append-only file", "record")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in STARTS else pytest.mark.faults) for name in OBSTACLES]
)
def test_a_start_that_cannot_write_names_the_file(name: str, tmp_path: Path) -> None:
    obstruct, beginning = OBSTACLES[name]
    (tmp_path / "providers.toml").write_text(PAGES)
    obstruct(tmp_path / "data")

    done = run("up", "--no-web", folder=tmp_path)

    assert done.returncode == 2
    *before, sentence = done.stderr.splitlines()
    assert sentence.startswith(f"tracker: {beginning}")
    assert all("starting: 1 page" in line for line in before)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting takes privileges")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


#: Room that is left on a disk, and what finds none: the first file, the owner's id, the data server.
ROOMS = {
    0: "cannot keep the data server's files in",
    8192: "cannot keep the owner's id in",
    16384: "the data server ended",
}


@pytest.mark.parametrize("room", [pytest.param(room, marks=() if room else pytest.mark.faults) for room in ROOMS])
def test_a_start_on_a_full_disk_is_one_sentence(room: int, disk: Path, tmp_path: Path) -> None:
    (tmp_path / "providers.toml").write_text(PAGES)
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(bytes(4096)) == 4096:
            pass
    os.truncate(filler, filler.stat().st_size - room)

    done = run("up", "--no-web", "--data-dir", str(disk / "data"), folder=tmp_path)

    assert done.returncode == 2
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith(f"tracker: {ROOMS[room]}")
    assert "No space left on device" in sentence
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("most_bytes", [0, 1000])
def test_files_that_may_not_grow_are_one_sentence(most_bytes: int, tmp_path: Path) -> None:
    (tmp_path / "providers.toml").write_text(PAGES)

    done = run("up", "--no-web", folder=tmp_path, most_bytes=most_bytes)

    assert done.returncode == 2
    assert "File too large" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_an_empty_password_of_a_crash_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "password").touch()

    assert re.fullmatch(r"redis://tracker:[\w-]{30,}@127\.0\.0\.1:\d+/0", EmbeddedServer(tmp_path).url)
