"""Repairs the data server's append-only file after a power loss, which may leave a cut command or zeros at its end.

The server reads a file that is merely cut, and refuses one with zeros behind the cut. Its own check
(`valkey-check-aof`, the same program under another name) says up to where the file is whole.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tracker.errors import ConfigError

#: A power loss may cut the writes of a second, before the server syncs; a longer cut has another cause.
MOST_CUT_BYTES: Final = 64 * 1024
#: How long the check of a file may take: it reads some 200 MB a second.
_CHECK_S: Final = 300.0
_REFUSED: Final = "Bad file format reading the append only file"
_WHOLE_UP_TO: Final = re.compile(rb"ok_up_to=(\d+)")


def mended(directory: Path, program: str) -> str | None:
    """Cut the newest append-only file down to its last whole command if the server has refused it.

    Return a sentence about the repair; None if the server did not end because of that file. A copy is kept beside the
    folder of the files. Raises ConfigError with the command that fixes it where more than the end is broken.
    """
    file = _newest(directory / "appendonlydir")
    if file is None or not _was_refused(directory / "server.log"):
        return None
    whole_bytes = _whole_up_to(file, program)
    data_bytes = file.stat().st_size
    copy = directory / f"{file.name}.broken"
    if whole_bytes == data_bytes:
        return None
    if whole_bytes is None or len(_beyond(file, whole_bytes).rstrip(b"\0")) > MOST_CUT_BYTES:
        raise ConfigError(
            f"the data server cannot read {file}, of which more than the end is broken; restore a copy of "
            f"{directory}, or keep what is whole: ln -s {program} valkey-check-aof && ./valkey-check-aof --fix {file}"
        )
    shutil.copy2(file, copy)
    with file.open("r+b") as stream:
        stream.truncate(whole_bytes)
    return (
        f"the data server's file ended in {data_bytes - whole_bytes} broken bytes, as after a power loss; "
        f"they are cut off, and {copy} is a copy with them"
    )


def _newest(directory: Path) -> Path | None:
    """Return the file that is written to, the only one that a power loss can tear."""
    found = sorted(directory.glob("*.incr.aof"), key=lambda file: (_number(file), file.name))
    return found[-1] if found else None


def _number(file: Path) -> int:
    numbers = re.findall(r"\d+", file.name)
    return int(numbers[-1]) if numbers else 0


def _was_refused(log: Path) -> bool:
    """Return whether the last lines of the server's log say that it ended because of the file."""
    try:
        return _REFUSED in log.read_text(encoding="utf-8", errors="replace")[-4096:]
    except OSError:
        return False


def _whole_up_to(file: Path, program: str) -> int | None:
    """Return the size of the part that is whole, None if the check does not say."""
    try:
        done = subprocess.run(  # noqa: S603  the program is the data server of this installation
            ["valkey-check-aof", str(file)],  # noqa: S607  its name alone; `executable` says where it is
            executable=program,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _WHOLE_UP_TO.search(done.stdout)
    return int(found[1]) if found else None


def _beyond(file: Path, offset: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(offset)
        return stream.read()
