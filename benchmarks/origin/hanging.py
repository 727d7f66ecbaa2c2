"""A server that never answers: it reads requests on one port, and lets the system take connections on the other.

    python -m benchmarks.origin.hanging READS ONLY_CONNECTS

Nobody accepts on the second port. Once the system's queue for it is full, not even connections are made there.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.origin.certificates import DOMAIN
from benchmarks.processes import await_that, child, free_port

#: Connections that the system takes before somebody accepts them; its own limit may be lower.
_BACKLOG: Final = 4096
#: States of a connection in /proc/net/tcp whose client waits: made, and being made.
_WAITS: Final = (b"01", b"02")


@dataclass(frozen=True, kw_only=True)
class Hanging:
    """A running server."""

    #: Where requests are read, and where connections are only made.
    ports: tuple[int, int]

    def address(self, number: int) -> str:
        """Return the address of a page, which has a host of its own; every second one is not even read."""
        return f"http://p{number}.{DOMAIN}:{self.ports[number % 2]}/p{number}/api/v2/summary.json"

    def waiting(self) -> int:
        """Return how many clients wait now."""
        return waiting(Path("/proc/net/tcp").read_bytes(), self.ports)


@contextlib.contextmanager
def hanging(directory: Path) -> Iterator[Hanging]:
    """Run the server."""
    ports, log = (free_port(), free_port()), directory / "hanging.log"
    argv = [sys.executable, "-m", "benchmarks.origin.hanging", *map(str, ports)]
    with child(argv, log=log) as process:
        await_that(lambda: "listens" in log.read_text(), "the server that hangs", 20, process, log)
        yield Hanging(ports=ports)


def waiting(table: bytes, ports: tuple[int, int]) -> int:
    """Return how many connections to these ports a table of the system's connections has, seen from their clients."""
    wanted = tuple(b":%04X" % port for port in ports)
    rows = (line.split(None, 4)[2:4] for line in table.splitlines()[1:])
    return sum(remote.endswith(wanted) and state in _WAITS for remote, state in rows)


class _Silent(asyncio.Protocol):
    """One connection on which nothing is answered."""


async def _serve(reads: int, only_connects: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_server(_Silent, "127.0.0.1", reads, backlog=_BACKLOG)
    with socket.socket() as never_accepts:
        never_accepts.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        never_accepts.bind(("127.0.0.1", only_connects))
        never_accepts.listen(_BACKLOG)
        print("listens", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:])))
