"""Reads a body in a separate process with bounded time and memory, for expressions whose cost nothing else bounds.

libxml2 cannot be interrupted, and the cost of one path may grow with the square or the cube of a page's elements. Only
a few of these processes run at a time, so that costly pages take neither all memory nor all processors.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Final

import msgspec

from tracker.errors import ParseError
from tracker.model.format_definition import FormatDefinition
from tracker.model.page import Snapshot

#: Processor time for one body, in seconds; usual pages take some hundredths.
MOST_CPU_S = 5
#: Time for one body in all, in seconds: other processes may want the processor, too.
_MOST_S: Final = 30
#: Memory for one body, in bytes: some ten times a tree of the most elements that a page may have.
MOST_MEMORY = 1 << 30
#: How many of these processes a worker runs at a time.
MOST_AT_A_TIME: Final = 2
#: How long a body waits for its process. It holds one of the few threads for polls meanwhile.
MOST_WAIT_S = 10.0
_TOO_LONG: Final = "its expressions take too long on this page; write paths without `..`, functions, and `//` in [ ]"
TOO_MUCH: Final = "its expressions take too much memory on this page; write fewer functions in them"
_TOO_MANY: Final = "too many pages wait for costly expressions; write paths without `..` and functions"
#: Variables by which Python finds its libraries and time zones.
_KEPT: Final = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONTZPATH")
#: The module that the process runs.
_CHILD: Final = "tracker.parse.custom.child"
#: The sentences for a page that is too much for the expressions of a definition.
TOO_COSTLY: Final = (_TOO_LONG, TOO_MUCH)


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One body to read."""

    definition: FormatDefinition
    body: bytes
    url: str
    most_cpu_s: int
    most_memory: int


class ReadResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result: a snapshot, or the reason for none."""

    snapshot: Snapshot | None = None
    error: str = ""


_places: Final = threading.BoundedSemaphore(MOST_AT_A_TIME)
_READS: Final = msgspec.msgpack.Decoder(ReadResult)


def read_apart(definition: FormatDefinition, body: bytes, url: str) -> Snapshot:
    """Return a definition's snapshot of a body. Raises ParseError, also when that takes too much time or memory."""
    if not _places.acquire(timeout=MOST_WAIT_S):
        raise ParseError(_TOO_MANY)
    try:
        ended = _run(definition, body, url)
    finally:
        _places.release()
    if ended.returncode < 0:
        raise ParseError(_TOO_LONG)
    try:
        read = _READS.decode(ended.stdout)
    except msgspec.DecodeError:
        raise ParseError("the process that reads the page ended without an answer") from None
    if read.snapshot is None:
        raise ParseError(read.error)
    return read.snapshot


def _run(definition: FormatDefinition, body: bytes, url: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the process to its end. Raises ParseError."""
    request = ReadRequest(definition=definition, body=body, url=url, most_cpu_s=MOST_CPU_S, most_memory=MOST_MEMORY)
    try:
        return subprocess.run(  # noqa: S603  # our own module; -P: no module of the folder that it is started in
            [sys.executable, "-P", "-m", _CHILD],
            env=_surroundings(os.environ),
            input=msgspec.msgpack.encode(request),
            capture_output=True,
            timeout=_MOST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ParseError(_TOO_LONG) from None
    except OSError as error:
        raise ParseError(f"the process that reads the page could not be started: {error.strerror}") from None


def _surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the process: the variables that find this one's modules, and none of its secrets."""
    kept = {name: environ[name] for name in _KEPT if name in environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
