"""The processes of a chaos run: data server behind a proxy, two beats, three workers, printer and deliverer.

Beside them runs a whole second tracker with a namespace of its own, on the same data server.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.beside import Beside
from tests.chaos.proxy import Proxy
from tracker.errors import StoreError
from tracker.model.clock import utc_now
from tracker.store.connection import connect
from tracker.store.keeper import Keeper
from tracker.store.ownership import FILE, Ownership
from tracker.supervise.processes import OUTPUT_FD, Child, Command, stop
from tracker.supervise.server import EmbeddedServer

_ALIKE = ("--without-gossip", "--without-mingle")
#: How often processes die at places that are hard to hit from outside.
FAILPOINTS = {
    "worker": "fetched:0.002,committed:0.01",
    "printer": "recorded:0.02",
    "beat": "claimed:0.004",
    "deliverer": "posted:0.005",
}


class Fleet:
    """Starts and tends the processes; each of them reaches the data server through the proxy only."""

    def __init__(self, directory: Path) -> None:
        server = EmbeddedServer(directory)
        self.server_url = server.url
        self._server_port = int(server.url.rpartition(":")[2].partition("/")[0])
        self.proxy = Proxy(self._server_port)
        self.log_path = directory / "fleet.log"
        self.record_path = directory / "updates.jsonl"
        proxied = server.url.replace(f":{self._server_port}/", f":{self.proxy.port}/")
        self._environ = {
            **os.environ,
            "REDIS_URL": proxied,
            "TRACKER_DATA_DIR": str(directory),
            "TRACKER_FORMAT": "json",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }
        self.beside = Beside(directory / "beside", proxied, self.log_path)
        config = server.config + self.beside.user.encode()
        self.server = Child(Command(name="data server", argv=server.argv, stdin=config))
        self._create(FAILPOINTS)
        self._lease = Ownership(connect(server.url), FILE, "chaos", "the pages of this run")
        #: Set once there is a catalogue.
        self.keeper: Keeper | None = None
        self._look_at = 0.0

    @property
    def children(self) -> list[Child]:
        """Return all processes, the data server first."""
        return [self.server, *self.workers, *self.beats, self.printer, self.deliverer, self.beside.child]

    def start(self) -> None:
        """Start everything but the data server, which has to answer before."""
        for child in self.children[1:]:
            child.start()

    def restart_if_due(self) -> None:
        """Start again what has died, and put back what the data server has lost, as `tracker up` does."""
        for child in self.children:
            child.restart_if_due()
        if self.keeper is not None and time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + 2.0
            with contextlib.suppress(StoreError):
                self.own()
                self.keeper.look()

    def own(self) -> None:
        """Take or renew the right to the catalogue, as `tracker up` does. Raises StoreError, OwnedElsewhere."""
        self._lease.hold(utc_now())

    def stop(self) -> None:
        """Stop everything, the data server last."""
        stop(self.children[1:], 10.0)
        stop([self.server], 5.0)
        self.proxy.close()

    def heal(self) -> None:
        """Let stopped processes go on, and start all but the data server anew without failpoints."""
        self.proxy.hold_back(0.0)
        for child in self.children:
            child.signal(signal.SIGCONT)
        stop(self.children[1:], 10.0)
        self._create({})
        self.start()

    def _create(self, failpoints: Mapping[str, str]) -> None:
        def worker(name: str, role: str, queue: str, *options: str) -> Child:
            arguments = ("worker", "-Q", queue, "-n", f"{name}@chaos", *options, *_ALIKE)
            return self._child(name, failpoints.get(role, ""), *arguments)

        beat_failpoints = failpoints.get("beat", "")
        self.beats = [self._child(f"beat{n}", beat_failpoints, "beat") for n in (1, 2)]
        self.workers = [worker(f"worker{n}", "worker", "fetch", "-c", "64") for n in (1, 2, 3)]
        self.deliverer = worker("deliverer", "deliverer", "deliver", "-c", "4")
        self.printer = worker("printer", "printer", "print", "-P", "solo")

    def deaths_at_failpoints(self) -> dict[str, int]:
        """Return how often a process died at each failpoint."""
        counts: dict[str, int] = {}
        for line in self.log_path.read_text(errors="replace").splitlines():
            if line.startswith("failpoint "):
                name = line.split()[1]
                counts[name] = counts.get(name, 0) + 1
        return counts

    def tracebacks(self) -> int:
        """Return how many tracebacks stand in the processes' logs."""
        return self.log_path.read_text(errors="replace").count("Traceback (most recent call last)")

    def _child(self, name: str, failpoints: str, *arguments: str) -> Child:
        celery = [sys.executable, "-m", "celery", "-q", "-A", "tests.chaos.app", *arguments, "-l", "INFO"]
        shell = ["sh", "-c", 'exec "$@" 2>>"$0"', str(self.log_path), *celery]
        environ = {**self._environ, "TRACKER_FAILPOINTS": failpoints, OUTPUT_FD: "1"}
        return Child(Command(name=name, argv=shell, environ=environ))
