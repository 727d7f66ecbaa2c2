"""Flower in a process of its own, as people start it, and what it answers."""

import base64
import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.patience import PATIENCE_S, eventually

CELERY = (str(Path(sys.executable).with_name("celery")), "-A", "workers.app", "flower")


def environ_of(url: str, **variables: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FLOWER_", "REDIS_", "TRACKER_"))}
    return {**kept, "REDIS_URL": url, **variables}


@contextmanager
def flower(
    url: str, port: int, *options: str, folder: Path, command: tuple[str, ...] = CELERY, **variables: str
) -> Iterator[int]:
    """Run Flower until the end of the block, from when it answers; yield its process id."""
    log = folder / "log"
    with (
        log.open("w") as stream,
        subprocess.Popen(
            [*command, f"--port={port}", *options],
            cwd=folder,
            env=environ_of(url, **variables),
            stdout=stream,
            stderr=stream,
        ) as process,
    ):
        try:
            eventually(lambda: _answers(port, process), lambda: f"Flower does not run: {log.read_text()}", every_s=0.1)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)


def _answers(port: int, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "Flower has ended"
    with contextlib.suppress(OSError):
        ask(port, "/healthcheck")
        return True
    return False


def await_worker(port: int, credentials: str, name: str) -> None:
    """Wait until Flower hears of a worker: what was reported before is lost to it."""
    eventually(
        lambda: name.encode() in ask(port, "/workers?json=1", credentials).body,
        f"Flower hears nothing of {name}",
        every_s=0.2,
    )


class Answer(NamedTuple):
    """What Flower answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def getheader(self, name: str) -> str | None:
        return self.headers[name]


def ask(port: int, path: str, credentials: str | None = None, **headers: str) -> Answer:
    """Return an answer of Flower's."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    if credentials is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
