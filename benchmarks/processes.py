"""Child processes that end with this one, and what processes cost, read from /proc (Linux)."""

import contextlib
import ctypes
import os
import resource
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_LIBC: Final = ctypes.CDLL(None)
_ROLES: Final = (
    ("valkey-server", "data server"),
    (" beat ", "beat"),
    ("printer@", "printer"),
    ("deliverer@", "deliverer"),
    ("[celeryd: ", "worker"),
    (" web ", "web"),
)


@contextlib.contextmanager
def child(
    argv: Sequence[str], *, log: Path, environ: Mapping[str, str] = os.environ
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process with all the files it may open; it is asked to end at the end, or when we die."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(argv),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us, and we end our children
            preexec_fn=_prepare,  # noqa: PLW1509  no other thread holds a lock it needs
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _prepare() -> None:
    _LIBC.prctl(1, signal.SIGTERM, 0, 0, 0)  # prctl(2), PR_SET_PDEATHSIG
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def await_that(
    condition: Callable[[], Any], what: str, within_s: float, process: "subprocess.Popen[bytes]", log: Path
) -> None:
    """Wait until a condition holds; end with the end of the log when the process dies first or time is up."""
    until = time.monotonic() + within_s
    while not condition():
        if process.poll() is not None or time.monotonic() > until:
            state = "is gone" if process.poll() is not None else f"took longer than {within_s:.0f} s"
            raise SystemExit(f"waiting for {what}: {process.args!r} {state}\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> dict[int, str]:
    """Return the ids and roles of a process and all below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while new := {below for below, parent in parents.items() if parent in found} - found:
        found |= new
    return {below: _role(below) for below in found}


def _role(pid: int) -> str:
    """Return what a process is to the tracker."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return "gone"
    return next((name for marker, name in _ROLES if marker in command), "supervisor")


def cpu_s(pid: int) -> float:
    """Return the processor time of a process so far, user and system, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def cpu_by_role(pid: int) -> Counter[str]:
    """Return the processor time of a process and all below it, in milliseconds by role."""
    costs: Counter[str] = Counter()
    for below, role in descendants(pid).items():
        with contextlib.suppress(OSError):
            costs[role] += round(cpu_s(below) * 1e3)
    return costs


def rss_by_role(pid: int) -> dict[str, list[int]]:
    """Return the resident memory of each process, in bytes by role."""
    memory: dict[str, list[int]] = {}
    for below, role in descendants(pid).items():
        with contextlib.suppress(OSError):
            memory.setdefault(role, []).append(int(Path(f"/proc/{below}/statm").read_text().split()[1]) * _PAGE_BYTES)
    return memory


def machine_busy_s() -> float:
    """Return the processor time that all processes of this machine took so far, in seconds."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return sum(map(int, (user, nice, system, irq, softirq))) / _TICKS_PER_S
