"""The origin where there is no nginx with http-lua: the same answers and the same log, from one asyncio process.

python -m benchmarks.origin.plain PORT ROOT LOG
"""

import asyncio
import itertools
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import Final, TextIO

_numbers: Final = itertools.count(1)


class Pages:
    """What is served, how late, and where it is logged."""

    def __init__(self, root: Path, log: TextIO) -> None:
        self._root = root
        self.log = log
        self.latency_s = 0.0
        self._answers: dict[Path, tuple[bytes, bytes, bytes]] = {}

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:
        """Return status and answer."""
        page, _, name = path.removeprefix("/").partition("/")
        name = name.rpartition("/")[2]
        changed = self._root / "changed" / page / name
        file = changed if changed.is_file() else self._root / name
        if not file.is_file():
            return 404, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        etag, about, body = self._read(file)
        if b"if-none-match: " + etag.lower() in head.lower():
            return 304, b"HTTP/1.1 304 Not Modified\r\n" + about + b"\r\n"
        length = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        return 200, b"HTTP/1.1 200 OK\r\n" + about + length + body

    def _read(self, file: Path) -> tuple[bytes, bytes, bytes]:
        if file not in self._answers:
            about = file.stat()
            etag = b'"%x-%x"' % (int(about.st_mtime), about.st_size)
            modified = formatdate(about.st_mtime, usegmt=True).encode()
            headers = b"ETag: %s\r\nLast-Modified: %s\r\nContent-Type: application/json\r\n" % (etag, modified)
            self._answers[file] = etag, headers, file.with_name(f"{file.name}.gz").read_bytes()
        return self._answers[file]


class Conversation(asyncio.Protocol):
    """One keep-alive connection; whoever asks waits for the answer before asking again."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._number = next(_numbers)
        self._requests = 0
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[: end + 4], self._received[end + 4 :]
            path = head.split(b" ", 2)[1].decode()
            if path.startswith("/latency/"):
                self._pages.latency_s = int(path.rpartition("/")[2]) / 1000
                self._write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            elif self._pages.latency_s:
                loop = asyncio.get_running_loop()
                loop.call_later(self._pages.latency_s, self._respond, path, head, time.time())
            else:
                self._respond(path, head, time.time())

    def _respond(self, path: str, head: bytes, at: float) -> None:
        status, answer = self._pages.answer(path, head)
        self._write(answer)
        self._requests += 1
        now = time.time()
        self._pages.log.write(
            f"{now:.3f} {now - at:.3f} {path} {status} {len(answer)} {len(head)} {self._number} {self._requests} -\n"
        )

    def _write(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)


async def serve(port: int, pages: Pages) -> None:
    """Serve until this process is ended."""
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Conversation(pages), "127.0.0.1", port, backlog=4096)
    while True:
        await asyncio.sleep(0.5)
        pages.log.flush()


if __name__ == "__main__":
    with Path(sys.argv[3]).open("a", encoding="ascii") as log:
        asyncio.run(serve(int(sys.argv[1]), Pages(Path(sys.argv[2]), log)))
