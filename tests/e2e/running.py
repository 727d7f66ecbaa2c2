"""A real `tracker up` in a process of its own, and what it says."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

from tests.patience import PATIENCE_S


class RunningTracker:
    """`tracker up` with its standard output read line by line."""

    def __init__(self, providers: str, directory: Path, *options: str, environ: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.providers_file = directory / "providers.toml"
        self.providers_file.write_text(providers, encoding="utf-8")
        self._command = [
            sys.executable,
            "-m",
            "tracker",
            "up",
            *("--providers", str(self.providers_file), "--data-dir", str(self.data_dir)),
            *("--workers", "1", "--concurrency", "64", *options),
            *(() if "--web" in options else ("--no-web",)),
        ]
        self._environ = {key: value for key, value in os.environ.items() if not key.startswith(("REDIS_", "TRACKER_"))}
        self._environ |= environ or {}
        #: The working directory of the tracker, and of its commands.
        self._folder: Path | None = None
        self.process: subprocess.Popen[str] | None = None
        self.lines: list[str] = []
        self.log: list[str] = []
        self._pending: queue.Queue[None] = queue.Queue()
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.log = []
        self.process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.log), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit status."""
        process = self.process
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(number)
        try:
            status = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        for reader in self._readers:
            reader.join(PATIENCE_S)
        self.process = None
        return status

    def wait_for(self, reached: Callable[["RunningTracker"], Any]) -> Any:
        """Return what `reached` returns once it is true; it is asked at each new line and a few times a second."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            result = reached(self)
            if result:
                return result
            if self.process is not None and self.process.poll() is not None and self._pending.empty():
                break
            try:
                self._pending.get(timeout=0.2)
            except queue.Empty:
                continue
        raise AssertionError(f"not reached; output: {self.lines[-20:]}; log: {''.join(self.log[-40:])}")

    def wait_until_watching(self) -> None:
        self.wait_for(lambda tracker: any("watching" in line for line in tracker.log))

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return what came on standard output (`--format json`)."""
        return [json.loads(line) for line in list(self.lines)]

    @property
    def record(self) -> list[dict[str, Any]]:
        """Return what is in `updates.jsonl`."""
        path = self.data_dir / "updates.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def children(self, marker: str) -> list[int]:
        """Return the ids of the running child processes whose command line holds the marker (Linux)."""
        assert self.process is not None
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if parent == self.process.pid and marker in command:
                found.append(int(entry.name))
        return found

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `tracker` command on the same data directory."""
        return self.command_without_data(*arguments, "--data-dir", str(self.data_dir))

    def command_without_data(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another `tracker` command in the same environment."""
        return subprocess.run(
            [sys.executable, "-m", "tracker", *arguments],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        for line in stream:
            lines.append(line)
            self._pending.put(None)
        stream.close()


def provider(name: str, url: str, **keys: Any) -> str:
    """Return an entry of providers.toml for a page on this machine, polled every second."""
    values = {"name": name, "url": url, "interval": 1, "allow_private": True, "first_sight": "silent", **keys}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(["[[provider]]", *lines, ""])
