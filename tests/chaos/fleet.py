"""The processes of a chaos run: one data server behind a proxy, two beats, three workers, one printer."""

import os
import signal
import sys
from pathlib import Path

from tests.chaos.proxy import Proxy
from tracker.supervise.processes import OUTPUT_FD, Child, Command, stop
from tracker.supervise.server import EmbeddedServer

_ALIKE = ("--without-gossip", "--without-mingle")
#: How often processes die at places that are hard to hit from outside.
FAILPOINTS = {
    "worker": "fetched:0.002,committed:0.01",
    "printer": "recorded:0.02",
    "beat": "claimed:0.004",
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
            "REDIS_URL": proxied,
            "TRACKER_DATA_DIR": str(directory),
            "TRACKER_FORMAT": "json",
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }
        self.server = Child(Command(name="data server", argv=server.argv, stdin=server.config))
        self.beats = [self._child(f"beat{n}", "beat", "beat", "--schedule", os.devnull) for n in (1, 2)]
        self.workers = [
            self._child(f"worker{n}", "worker", "worker", "-Q", "fetch", "-c", "8", "-n", f"worker{n}@chaos", *_ALIKE)
            for n in (1, 2, 3)
        ]
        self.printer = self._child(
            "printer", "printer", "worker", "-Q", "print", "-P", "solo", "-n", "printer@chaos", *_ALIKE
        )

    @property
    def children(self) -> list[Child]:
        """Return all processes, the data server first."""
        return [self.server, *self.workers, *self.beats, self.printer]

    def start(self) -> None:
        """Start everything but the data server, which has to answer before."""
        for child in self.children[1:]:
            child.start()

    def tend(self) -> None:
        """Start again what has died."""
        for child in self.children:
            child.tend()

    def stop(self) -> None:
        """Stop everything, the data server last."""
        stop([*self.beats, *self.workers, self.printer], 5.0)
        stop([self.server], 5.0)
        self.proxy.close()

    def heal(self) -> None:
        """Let stopped processes go on."""
        for child in self.children:
            child.signal(signal.SIGCONT)

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

    def _child(self, name: str, role: str, *arguments: str) -> Child:
        celery = [sys.executable, "-m", "celery", "-q", "-A", "workers.app", *arguments, "-l", "INFO"]
        shell = ["sh", "-c", 'exec "$@" 2>>"$0"', str(self.log_path), *celery]
        environ = {**self._environ, "TRACKER_FAILPOINTS": FAILPOINTS[role], OUTPUT_FD: "1"}
        return Child(Command(name=name, argv=shell, environ=environ))
