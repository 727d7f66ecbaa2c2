"""An origin for measurements: thousands of Statuspage summaries that do not change, and when each was asked for."""

import asyncio
import gzip
import json
import sys
import time
from datetime import UTC, datetime

#: Components of a page; with these a summary is about as large as those of large vendors (170 KB).
COMPONENTS = 500


def summary() -> bytes:
    """Return a quiet Statuspage summary of a realistic size."""
    stamp = datetime(2026, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    components = [
        {
            "id": f"c{number:011d}",
            "name": f"Region {number} - Compute",
            "status": "operational",
            "created_at": stamp,
            "updated_at": stamp,
            "position": number,
            "description": "Virtual machines, their disks and their networks in this region." * 2,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": "bench",
            "group": False,
            "only_show_if_degraded": False,
        }
        for number in range(COMPONENTS)
    ]
    page = {"id": "bench", "name": "Bench", "url": "http://bench.invalid", "time_zone": "UTC", "updated_at": stamp}
    status = {"indicator": "none", "description": "All Systems Operational"}
    document = {
        "page": page,
        "components": components,
        "incidents": [],
        "scheduled_maintenances": [],
        "status": status,
    }
    return json.dumps(document).encode()


class Conversation(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, answer: bytes, arrivals: list[tuple[str, float]]) -> None:
        self._answer = answer
        self._arrivals = arrivals
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            self._respond(head)

    def _respond(self, head: bytes) -> None:
        assert self._transport is not None
        path = head.split(b" ", 2)[1].decode()
        if not path.endswith("/summary.json"):
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        self._arrivals.append((path.split("/")[1], time.time()))
        if b"if-none-match" in head.lower():
            self._transport.write(b'HTTP/1.1 304 Not Modified\r\nETag: W/"1"\r\n\r\n')
            return
        self._transport.write(
            b'HTTP/1.1 200 OK\r\nETag: W/"1"\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n'
            b"Content-Length: %d\r\n\r\n" % len(self._answer) + self._answer
        )


async def serve() -> list[tuple[str, float]]:
    """Serve until standard input closes; return every (page, time of the request)."""
    arrivals: list[tuple[str, float]] = []
    answer = gzip.compress(summary())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(answer, arrivals), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()
    return arrivals


if __name__ == "__main__":
    json.dump(asyncio.run(serve()), sys.stdout)
