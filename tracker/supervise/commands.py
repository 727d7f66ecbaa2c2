"""The commands of the processes that `tracker up` starts."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tracker.supervise.page import NOT_INSTALLED, is_installed, page_command
from tracker.supervise.processes import Command

log = logging.getLogger("tracker")

#: Receivers that are served at a time; one that stalls holds a place for 15 s.
DELIVERIES: Final = 16
_ALIKE: Final = ("--without-gossip", "--without-mingle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The size of the stack: its workers, and the pages that each polls at a time."""

    workers: int = 2
    #: Pages that one worker polls at a time.
    concurrency: int = 512
    log_level: str = "ERROR"
    #: The address of the page, HOST:PORT; None: it is not served.
    web: str | None = None


class Commands:
    """The commands of one stack, all with its environment."""

    def __init__(self, size: Size, environ: Mapping[str, str], data_dir: Path) -> None:
        self._size = size
        self._environ = dict(environ)
        self._data_dir = data_dir

    def beat(self) -> Command:
        """Return the command of the scheduler."""
        return self._celery("beat", "beat", level=self._size.log_level)

    def worker(self, number: int) -> Command:
        """Return the command of one of the workers that poll pages; the first one is number 1."""
        arguments = ("-Q", "fetch", "-c", str(self._size.concurrency), *_ALIKE)
        command = self._celery(f"worker{number}", "worker", *arguments, level=self._size.log_level)
        # Each worker has a core of its own, if there are enough (workers.signals). On one core, a second arena of
        # memory saves no wait, and each arena keeps the memory of its largest answer. Large buffers are returned at
        # once: by default, glibc keeps them after the first one.
        own = {"TRACKER_CORE": str(number - 1), "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
        return replace(command, environ={**own, **command.environ})

    def printer(self) -> Command:
        """Return the command of the process that writes record and console."""
        # It alone reports why the data server cannot write.
        level = "WARNING" if self._size.log_level == "ERROR" else self._size.log_level
        command = self._celery("printer", "worker", "-Q", "print", "-P", "solo", *_ALIKE, level=level)
        return replace(command, prints_updates=True)

    def deliverer(self) -> Command:
        """Return the command of the process that delivers to sinks, so that slow receivers hold no thread of polls."""
        arguments = ("-Q", "deliver", "-P", "threads", "-c", str(DELIVERIES), *_ALIKE)
        return self._celery("deliverer", "worker", *arguments, level=self._size.log_level)

    def page(self) -> list[Command]:
        """Return the command of the web server, in a list that is empty where none is wanted or installed."""
        if self._size.web is None:
            return []
        if not is_installed():
            log.info(NOT_INSTALLED)
            return []
        return [page_command(self._size.web, self._data_dir.absolute(), self._environ)]

    def _celery(self, name: str, command: str, *arguments: str, level: str) -> Command:
        named = ("-n", f"{name}@%h") if command == "worker" else ()
        argv = [sys.executable, "-m", "workers", command, *named, *arguments, "-l", level]
        return Command(name=name, argv=argv, environ=self._environ)
