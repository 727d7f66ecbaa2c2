"""Second trackers on the data server of a chaos run: one with a namespace of its own, and others without one.

The first watches its own pages all the time and must lose nothing; the others must be refused, in one sentence.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tracker.store.connection import NAMESPACE
from tracker.supervise.processes import Child, Command
from tracker.supervise.server import RIGHTS

NAME = "beside"
_PASSWORD = "chaos-beside"
#: A refusal takes some seconds of a busy processor, and longer while the data server is away.
_PATIENCE_S = 60.0
_REFUSED = "another tracker watches its pages with this data server"
#: What else may end it: the data server is away, full or loading.
_AWAY = 4


class Beside:
    """`tracker --namespace beside up`, which may be killed and is started again."""

    def __init__(self, directory: Path, url: str, log_path: Path) -> None:
        directory.mkdir()
        self.directory = directory
        self.record_path = directory / "data" / "updates.jsonl"
        self._providers = directory / "providers.toml"
        #: For the data server: a user whose rights end at the namespace.
        rights = RIGHTS.replace("~*", f"~{NAME}:*").replace(f"&{NAMESPACE}/", f"&{NAME}:/")
        self.user = f"user {NAME} on >{_PASSWORD} {rights}\n"
        self._url = url
        self._environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("REDIS_", "TRACKER_"))
        }
        address = url.rpartition("@")[2]
        environ = self._environ | {"REDIS_URL": f"redis://{NAME}:{_PASSWORD}@{address}", "TRACKER_FORMAT": "json"}
        up = (*_up(self._providers, directory / "data"), "--workers", "1", "--concurrency", "32")
        shell = [
            "sh",
            "-c",
            'exec "$@" 2>>"$0"',
            str(log_path),
            sys.executable,
            "-m",
            "tracker",
            "--namespace",
            NAME,
            *up,
        ]
        self.child = Child(Command(name="second tracker", argv=shell, environ=environ))
        self._strangers: list[subprocess.Popen[str]] = []
        self._began: dict[int, float] = {}
        self.strangers = 0
        #: How those ended that had no namespace.
        self.ends: Counter[str] = Counter()

    def write(self, entries: str) -> None:
        """Write the pages that it watches."""
        self._providers.write_text(entries, encoding="utf-8")

    def kill(self) -> None:
        """End all of it without notice: its processes end with the one that started them."""
        self.child.signal(signal.SIGKILL)

    def intrude(self) -> None:
        """Start a tracker of the same pages without a namespace."""
        data_dir = self.directory / f"stranger-{self.strangers}"
        self.strangers += 1
        command = [sys.executable, "-m", "tracker", *_up(self._providers, data_dir)]
        environ = self._environ | {"REDIS_URL": self._url}
        stranger = subprocess.Popen(
            command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self._began[stranger.pid] = time.monotonic()
        self._strangers.append(stranger)

    def look(self) -> None:
        """See which strangers have ended, and end those that should have."""
        for stranger in list(self._strangers):
            if stranger.poll() is None and time.monotonic() - self._began[stranger.pid] > _PATIENCE_S:
                stranger.terminate()
                stranger.wait(30)
                self.ends["runs"] += 1
            elif stranger.poll() is None:
                continue
            else:
                assert stranger.stderr is not None
                self.ends[_end(stranger.returncode, stranger.stderr.read().splitlines())] += 1
            assert stranger.stderr is not None
            stranger.stderr.close()
            self._strangers.remove(stranger)

    def settle(self) -> None:
        """Wait for the end of all strangers."""
        while self._strangers:
            self.look()
            time.sleep(0.1)

    @property
    def taken(self) -> int:
        """Return how many strangers were neither refused nor kept away, or said more than a sentence."""
        return sum(count for end, count in self.ends.items() if end not in ("refused", "no server"))


def _up(providers: Path, data_dir: Path) -> Iterable[str]:
    return ("up", "--no-web", "--providers", str(providers), "--data-dir", str(data_dir))


def _end(status: int, said: list[str]) -> str:
    sentences = [line for line in said if line.startswith("tracker: ")]
    if any("Traceback" in line for line in said) or len(sentences) != 1:
        return f"said {said[-3:]}"
    if status == 2 and _REFUSED in sentences[0]:
        return "refused"
    return "no server" if status == _AWAY else f"status {status}: {sentences[0]}"
