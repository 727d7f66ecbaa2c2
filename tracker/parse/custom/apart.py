"""Reads a body in a process of its own, with bounded time and memory: where an expression alone bounds neither.

libxml2 cannot be interrupted, and one path may take the square or the cube of a page's elements. Only a few of these
processes run at a time, so that costly pages take neither all memory nor all processors.
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

#: What reading one body may take of a processor, in seconds. Usual pages take some hundredths.
MOST_CPU_S = 5
#: How long it may take in all, where other processes want the processor, too.
_MOST_S: Final = 30
#: What it may take of memory, in bytes: some ten times a tree of the most elements that a page may have.
MOST_MEMORY = 1 << 30
#: How many of these processes a worker runs at a time.
MOST_AT_A_TIME: Final = 2
#: How long a body waits for its process. It holds one of the few threads for polls meanwhile.
MOST_WAIT_S = 10.0
_TOO_LONG: Final = "its expressions take too long on this page; write paths without `..`, functions, and `//` in [ ]"
TOO_MUCH: Final = "its expressions take too much memory on this page; write fewer functions in them"
_TOO_MANY: Final = "too many pages wait to be read with expressions as costly; write paths without `..` and functions"
#: Variables by which Python finds its libraries and time zones.
_KEPT: Final = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONTZPATH")
#: The module that the process runs.
_CHILD: Final = "tracker.parse.custom.child"
#: The sentences for a page that is too much for the expressions of a definition.
TOO_COSTLY: Final = (_TOO_LONG, TOO_MUCH)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One body to read."""

    definition: FormatDefinition
    body: bytes
    url: str
    most_cpu_s: int
    most_memory: int


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: a snapshot, or why there is none."""

    snapshot: Snapshot | None = None
    error: str = ""


_places: Final = threading.BoundedSemaphore(MOST_AT_A_TIME)
_READS: Final = msgspec.msgpack.Decoder(Read)


def read_apart(definition: FormatDefinition, body: bytes, url: str) -> Snapshot:
    """Return what a definition reads in a body. Raises ParseError, also when that takes too much time or memory."""
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
    job = Job(definition=definition, body=body, url=url, most_cpu_s=MOST_CPU_S, most_memory=MOST_MEMORY)
    try:
        return subprocess.run(  # noqa: S603  # our own module; -P: no module of the folder that it is started in
            [sys.executable, "-P", "-m", _CHILD],
            env=_surroundings(os.environ),
            input=msgspec.msgpack.encode(job),
            capture_output=True,
            timeout=_MOST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ParseError(_TOO_LONG) from None
    except OSError as error:
        raise ParseError(f"the process that reads the page could not be started: {error.strerror}") from None


def _surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the process: it finds the modules of this one, and gets none of its secrets."""
    kept = {name: environ[name] for name in _KEPT if name in environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
