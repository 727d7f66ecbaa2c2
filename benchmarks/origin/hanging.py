"""A server whose pages hang, each in one of the ways that hosts do.

    python -m benchmarks.origin.hanging READS ONLY_CONNECTS COMPONENTS

It reads requests on one port, and lets the system take connections on the other: nobody accepts there, and once the
system's queue is full, not even connections are made.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from benchmarks.origin.certificates import DOMAIN
from benchmarks.origin.site import statuspage
from benchmarks.processes import await_that, child, free_port

#: Connections that the system takes before somebody accepts them; its own limit may be lower.
_BACKLOG: Final = 4096
#: States of a connection in /proc/net/tcp whose client waits: made, and being made.
_WAITS: Final = (b"01", b"02")
#: When a page that is slow answers: just before a request is given up.
LATE_S: Final = 9.0
_DRIP_S: Final = 1.0
#: The name below which no name is found in time (`benchmarks/localhost`).
UNRESOLVED: Final = f"unresolved.{DOMAIN}"


class Way(StrEnum):
    """How a page hangs."""

    #: The request is read, and nothing is answered.
    SILENT = "silent"
    #: The connection is made, and nobody reads.
    CONNECTS = "connects"
    #: The answer comes a byte a second.
    DRIPS = "drips"
    #: The answer is right, and comes after LATE_S.
    LATE = "late"
    #: Its name is not found in time.
    UNRESOLVED = "unresolved"
    #: As SILENT, with all pages of this way on one host.
    ONE_HOST = "one-host"


@dataclass(frozen=True, kw_only=True)
class Hanging:
    """A running server."""

    #: Where requests are read, and where connections are only made.
    ports: tuple[int, int]
    #: The ways that take turns.
    ways: tuple[Way, ...]

    def address(self, number: int) -> str:
        """Return the address of a page; each one but those of ONE_HOST has a host of its own."""
        way = self.ways[number % len(self.ways)]
        host = {Way.UNRESOLVED: f"p{number}.{UNRESOLVED}", Way.ONE_HOST: f"crowd.{DOMAIN}"}.get(
            way, f"p{number}.{DOMAIN}"
        )
        port = self.ports[way is Way.CONNECTS]
        return f"http://{host}:{port}/{way}/p{number}/api/v2/summary.json"

    def waiting(self) -> int:
        """Return how many clients wait now."""
        return waiting(Path("/proc/net/tcp").read_bytes(), self.ports)


@contextlib.contextmanager
def hanging(directory: Path, components: int, ways: tuple[Way, ...] = tuple(Way)) -> Iterator[Hanging]:
    """Run the server."""
    ports, log = (free_port(), free_port()), directory / "hanging.log"
    argv = [sys.executable, "-m", "benchmarks.origin.hanging", *map(str, (*ports, components))]
    with child(argv, log=log) as process:
        await_that(lambda: "listens" in log.read_text(), "the server that hangs", 20, process, log)
        yield Hanging(ports=ports, ways=ways)


def waiting(table: bytes, ports: tuple[int, int]) -> int:
    """Return how many connections to these ports a table of the system's connections has, seen from their clients."""
    wanted = tuple(b":%04X" % port for port in ports)
    rows = (line.split(None, 4)[2:4] for line in table.splitlines()[1:])
    return sum(remote.endswith(wanted) and state in _WAITS for remote, state in rows)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, documents: dict[str, bytes]) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(None, 2)[1].decode()
            body = documents.get(path.rpartition("/")[2], b"")
            status = "200 OK" if body else "404 Not Found"
            answer = (
                f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n".encode()
                + body
            )
            match path.split("/")[1]:
                case Way.LATE:
                    await asyncio.sleep(LATE_S)
                    writer.write(answer)
                case Way.DRIPS:
                    for byte in answer:
                        writer.write(bytes((byte,)))
                        await writer.drain()
                        await asyncio.sleep(_DRIP_S)
                case _:
                    await reader.read()  # until the client has had enough
                    break
    writer.close()


async def _serve(reads: int, only_connects: int, components: int) -> None:
    documents = statuspage((), components=components)
    await asyncio.start_server(
        lambda reader, writer: _converse(reader, writer, documents), "127.0.0.1", reads, backlog=_BACKLOG
    )
    with socket.socket() as never_accepts:
        never_accepts.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        never_accepts.bind(("127.0.0.1", only_connects))
        never_accepts.listen(_BACKLOG)
        print("listens", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:])))
