"""Many who listen at one web process while updates come: `python -m benchmarks.listeners --clients 1000 --minutes 5`.

Counts for each client what it missed or got twice, how late updates came, what the process took of memory and time, and
what becomes of one client that never reads: it is disconnected once more than it may have waits for it.
"""

import argparse
import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.data_server import DataServer
from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.jsonlines import record_line
from tracker.model.event import Event, EventKind
from tracker.store.connection import UPDATES, close_async, connect_async

PORT: Final = 18_090
WEB_PORT: Final = 18_091
_ID: Final = re.compile(rb"^id: (\d+)-0$", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--rate", type=int, default=50, help="updates a second")
    parser.add_argument("--minutes", type=float, default=0.2)
    given = parser.parse_args()
    soft = (given.clients + 500) * 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    with tempfile.TemporaryDirectory(prefix="tracker-listeners-") as directory:
        folder = Path(directory)
        with DataServer(folder, PORT) as server:
            web = started(server.url, folder)
            try:
                asyncio.run(measured(given.clients, given.rate, round(given.minutes * 60), folder, web.pid))
            finally:
                web.send_signal(signal.SIGTERM)
                began = time.monotonic()
                web.wait(20)
                print(f"ended {time.monotonic() - began:.1f} s after it received the signal")


def started(url: str, folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tracker", "web", f"127.0.0.1:{WEB_PORT}", "--data-dir", str(folder)]
    return subprocess.Popen(command, env={**os.environ, "REDIS_URL": url})


async def measured(clients: int, rate: int, seconds: int, folder: Path, pid: int) -> None:
    await up()
    client = connect_async(f"redis://127.0.0.1:{PORT}/0")
    seen = [Seen() for _ in range(clients)]
    late: list[float] = []
    written: dict[int, float] = {}
    slow = await asyncio.open_connection("127.0.0.1", WEB_PORT)
    await ask(slow[1])  # and never reads
    listening = [
        asyncio.create_task(listen(mine, written, late, times=number % 50 == 0)) for number, mine in enumerate(seen)
    ]
    await asyncio.sleep(3)
    before, began = usage(pid), time.monotonic()
    total, number = rate * seconds, 0
    with (folder / "updates.jsonl").open("a") as record:
        while number < total:
            lines = []
            while number < total and number < (time.monotonic() - began) * rate:
                number += 1
                written[number] = time.monotonic()
                lines.append(record_line(StreamedEvent(stream_id=f"{number}-0", event=update(number))))
            record.write("".join(f"{line}\n" for line in lines))
            record.flush()
            if lines:  # as with each commit of a poll; the page looks at the record then
                await client.xadd(UPDATES, {"event": b"{}"}, maxlen=10)
            await asyncio.sleep(0.02)
    until = time.monotonic() + 30
    while time.monotonic() < until and any(each.last < total for each in seen):  # noqa: ASYNC110  no event is set
        await asyncio.sleep(0.2)
    after, took = usage(pid), time.monotonic() - began
    for task in listening:
        task.cancel()
    was_sent, is_gone = await fate_of(slow[0])
    slow[1].close()
    await close_async(client)
    wrong = sum(each.last != total or each.wrong > 0 for each in seen)
    late.sort()
    print(
        f"{clients} clients, {total} updates in {took:.0f} s: {wrong} clients missed something or got it twice;"
        f" late: median {late[len(late) // 2] * 1000:.0f} ms, p99 {late[len(late) * 99 // 100] * 1000:.0f} ms,"
        f" longest {late[-1] * 1000:.0f} ms;"
        f" memory {before[0]:.0f} -> {after[0]:.0f} MB, at most {highest(pid):.0f} MB;"
        f" {(after[1] - before[1]) / took * 100:.0f} % of a core,"
        f" and {time.process_time() / took * 100:.0f} % for the clients;"
        f" the one that never reads was sent {was_sent / 1e6:.1f} MB and {'disconnected' if is_gone else 'kept'}"
    )


class Seen:
    """What one client saw: the last update, and how often it was not the one after the last."""

    def __init__(self) -> None:
        self.last = 0
        self.wrong = 0

    def add(self, number: int) -> None:
        self.wrong += number != self.last + 1
        self.last = number


async def fate_of(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Return how many bytes a client that never read was sent, and whether the server has left it."""
    size = 0
    try:
        async with asyncio.timeout(3):
            while data := await reader.read(1 << 20):
                size += len(data)
    except TimeoutError:
        return size, False
    except ConnectionError:
        return size, True
    return size, True


def highest(pid: int) -> float:
    """Return the most memory that a process has taken so far, in MB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024  # type: ignore[index]


async def up() -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", WEB_PORT)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    sys.exit("the page did not come up")


async def ask(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await writer.drain()


async def listen(seen: Seen, written: dict[int, float], late: list[float], *, times: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", WEB_PORT, limit=1 << 20)
    await ask(writer)
    rest = b""
    while data := await reader.read(1 << 16):
        whole, newline, rest = (rest + data).rpartition(b"\n")
        for found in _ID.finditer(whole + newline):
            number = int(found[1])
            seen.add(number)
            if times:
                late.append(time.monotonic() - written[number])


def update(number: int) -> Event:
    now = datetime.now(UTC)
    return Event(
        id=f"acme/i{number // 5}/{number}",
        event=EventKind.INCIDENT_UPDATE,
        provider="acme",
        provider_name="Acme",
        product="Acme",
        incident_id=f"i{number // 5}",
        incident="Requests fail",
        update_id=str(number),
        status="investigating",
        message="We are looking into requests that fail for some of you, and say more soon." * 3,
        impact="major",
        published_at=now,
        seen_at=now,
    )


def usage(pid: int) -> tuple[float, float]:
    """Return memory in MB and seconds of processor time."""
    status = Path(f"/proc/{pid}/status").read_text()
    memory = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return memory, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
