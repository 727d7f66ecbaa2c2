"""What cannot be written or read ends a command with one sentence, and no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


def run(*arguments: str, folder: Path, output: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    with (output or Path("/dev/null")).open("w") as stdout:
        return subprocess.run(
            [sys.executable, "-m", "tracker", *arguments],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", **environ},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", [["--help"], ["providers", "search"], ["config", "reference"], ["--version"]])
def test_an_output_without_room_is_one_sentence(command: list[str], tmp_path: Path) -> None:
    done = run(*command, folder=tmp_path, output=FULL)

    assert done.returncode == 1
    assert done.stderr == "tracker: cannot write or read the output: No space left on device\n"


def test_a_file_where_the_data_servers_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "server").touch()
    (tmp_path / "providers.toml").write_text('[[provider]]\nname = "a"\nurl = "https://a.example"\n')

    done = run("up", "--no-web", folder=tmp_path)

    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("tracker: cannot keep the data server's files in data/server: File exists; ")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://127.0.0.1:1/0?master=m", "No master found for 'm'"),
        ("redis://127.0.0.1:1/0", "Error 111 connecting to 127.0.0.1:1. Connection refused"),
    ],
)
def test_a_data_server_that_is_away_is_one_sentence(url: str, reason: str, tmp_path: Path) -> None:
    done = run("status", folder=tmp_path, REDIS_URL=url)

    assert done.returncode == 4
    (sentence,) = done.stderr.splitlines()
    assert f"({reason}); start it, or correct REDIS_URL" in sentence
    assert "<redis" not in sentence
