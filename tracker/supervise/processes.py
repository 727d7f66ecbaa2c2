"""Child processes that are started again when they die, and stopped in order."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tracker.supervise.surroundings import FOLDER

log = logging.getLogger(__name__)

#: The variable that names the descriptor to which a printer writes updates.
OUTPUT_FD: Final = "TRACKER_OUTPUT_FD"
#: Pause before a restart: doubles from the first to the second while the child keeps dying.
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
#: A child that lived this long counts as well started.
STEADY_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command and settings of a child process."""

    name: str
    argv: Sequence[str]
    #: Its whole environment; by default that of this process.
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    #: Written to its standard input at every start.
    stdin: bytes = b""
    #: Whether it prints updates: it then inherits the supervisor's standard output as the descriptor in OUTPUT_FD.
    prints_updates: bool = False


class Child:
    """One supervised process."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._not_before = 0.0
        self._pause_s = FIRST_PAUSE_S
        self.restarts = 0

    def start(self) -> None:
        """Start the process in FOLDER, and in a session of its own, so that Ctrl-C reaches only the supervisor."""
        output = os.dup(sys.__stdout__.fileno()) if self.command.prints_updates and sys.__stdout__ else None
        self._process = subprocess.Popen(  # noqa: S603  argv is ours
            list(self.command.argv),
            env={**self.command.environ, OUTPUT_FD: str(output or 1)},
            cwd=FOLDER,
            stdin=subprocess.PIPE if self.command.stdin else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=() if output is None else (output,),
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  no other thread holds a lock it needs
        )
        if output is not None:
            os.close(output)
        if self._process.stdin:
            self._process.stdin.write(self.command.stdin)
            self._process.stdin.close()
        self._started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Return the process id, None before the first start."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Return whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def restart_if_due(self) -> None:
        """Start the process again if it died and its pause is over."""
        if self._process is None or self.is_running:
            return
        now = time.monotonic()
        if not self._not_before:
            steady = now - self._started_at > STEADY_S
            self._pause_s = FIRST_PAUSE_S if steady else min(self._pause_s * 2, LONGEST_PAUSE_S)
            self._not_before = now + self._pause_s
            log.warning(
                "%s ended (%s); starting it again in %.0f s",
                self.command.name,
                _how(self._process.returncode),
                self._pause_s,
            )
        if now >= self._not_before:
            self._not_before = 0.0
            self.restarts += 1
            self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if the process lives."""
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    def wait(self, until: float) -> bool:
        """Wait for its end up to that monotonic time; return whether it has ended."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True


def stop(children: Sequence[Child], grace_s: float) -> None:
    """Ask children to end, and kill those that have not ended after the grace."""
    ask_to_end(children)
    await_end(children, grace_s)


def ask_to_end(children: Sequence[Child]) -> None:
    """Send children the signal to end, and return at once."""
    for child in children:
        child.signal(signal.SIGTERM)


def await_end(children: Sequence[Child], grace_s: float) -> None:
    """Wait for children that were asked to end, and kill those that have not ended after the grace."""
    until = time.monotonic() + grace_s
    for child in children:
        if not child.wait(until):
            log.warning("%s did not end in time; killing it", child.command.name)
            child.signal(signal.SIGKILL)
            child.wait(time.monotonic() + 2.0)


def _how(returncode: int) -> str:
    return f"signal {signal.Signals(-returncode).name}" if returncode < 0 else f"exit status {returncode}"


def _die_with_parent() -> None:
    """Let Linux end this process when the supervisor is killed (prctl(2), PR_SET_PDEATHSIG)."""
    if _LIBC is not None:
        _LIBC.prctl(1, signal.SIGTERM, 0, 0, 0)


_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
