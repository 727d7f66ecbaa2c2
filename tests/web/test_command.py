"""`tracker web` and `tracker history` as commands, with what they need and without."""

import subprocess
import sys
from pathlib import Path

from tests.history.record import event, write

#: Has Python take a package for one that is not installed.
_WITHOUT = "import sys; sys.modules['fastapi'] = None; sys.argv[0] = 'tracker'; from tracker.cli import main; main()"


def test_without_the_extra_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WITHOUT, "web", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("tracker: the page needs packages that are not installed")
    assert "pip install 'status-page-tracker[web]'" in line


def test_the_commands_of_the_base_install_load_no_web_server() -> None:
    check = "import sys, tracker.cli, tracker.history; print({'fastapi', 'uvicorn', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


def test_a_rebuild_says_what_it_read(tmp_path: Path) -> None:
    rebuild = [sys.executable, "-m", "tracker", "history", "rebuild", "--data-dir", str(tmp_path)]
    done = subprocess.run(rebuild, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "there is no record" in done.stderr) == (2, True)
    write(tmp_path / "updates.jsonl", [event(f"u{number}", number) for number in range(5)])
    for _ in range(2):
        done = subprocess.run(rebuild, capture_output=True, text=True, check=False, timeout=60)
        # The retention leaves out what is older than 400 days, and this is not.
        assert (done.returncode, done.stdout) == (0, "read 5 updates; the history is complete\n")
