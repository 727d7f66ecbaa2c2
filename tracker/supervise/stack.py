"""The stack of `tracker up`: data server, beat, workers and printer, from start to stop."""

import contextlib
import fcntl
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from tracker.bootstrap import Runtime, open_alerts, open_catalogue, open_sinks, own_catalogue
from tracker.catalogue import kept_ids_line
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.environment.heartbeat import heartbeat_url
from tracker.environment.settings import Settings, masked_url
from tracker.errors import ConfigError, Conflict, OwnedElsewhere, ServerAway, SinkError, StoreError
from tracker.model.clock import utc_now
from tracker.model.provider import Provider, Webhook
from tracker.model.route import Alerting
from tracker.store.catalogue import RedisCatalogue
from tracker.store.inspection import inspect
from tracker.store.keeper import Keeper
from tracker.store.sync import Synced
from tracker.supervise.health import PageHealth, filters_summary, summary
from tracker.supervise.page import NOT_INSTALLED, is_installed, page_command
from tracker.supervise.patience import Stopped, patiently
from tracker.supervise.processes import Child, Command, stop
from tracker.supervise.progress import Progress
from tracker.supervise.server import EmbeddedServer
from tracker.supervise.sinks import SinkWatch
from tracker.supervise.surroundings import current_folder, surroundings
from tracker.supervise.watch import Watch

log = logging.getLogger("tracker")

#: How long our data server may take to read its files and answer.
SERVER_START_S: Final = 60.0
#: How long the check of another data server may take; one that is a second away needs most of it.
INSPECTION_S: Final = 40.0
#: Stopping takes at most the sum of these, whatever the state of the data server.
BEAT_GRACE_S: Final = 1.0
WORKER_GRACE_S: Final = 3.5
PRINTING_S: Final = 2.0
RELEASE_S: Final = 0.5
SERVER_GRACE_S: Final = 2.5
#: How often the health line is computed.
HEALTH_EVERY_S: Final = 2.0
STARTING_EVERY_S: Final = 0.3
#: The largest share of the time that this may take, for any number of pages.
PAUSE_TO_WORK: Final = 20.0
#: The longest pause between two looks, also where a distant data server makes them slow.
LONGEST_PAUSE_S: Final = 10.0
#: Receivers that are served at a time; one that stalls holds a place for 15 s.
DELIVERIES: Final = 16
#: A health line with one of these is a warning.
_WARNING_WORDS: Final = ("cannot", "none of", "does not", "has lost")
_ALIKE: Final = ("--without-gossip", "--without-mingle")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many workers the stack runs, and how many pages each polls at a time."""

    workers: int = 2
    #: Pages that one worker polls at a time.
    concurrency: int = 512
    log_level: str = "ERROR"
    #: Where the page is served, HOST:PORT; None: nowhere.
    web: str | None = None


class Stack:
    """All processes of one `tracker up`."""

    def __init__(self, settings: Settings, size: Size, environ: dict[str, str], source: str) -> None:
        self._data_dir = settings.data_dir
        self._lock = _locked(settings.data_dir)
        self._stopping = threading.Event()
        self._server: Child | None = None
        self._embedded: EmbeddedServer | None = None
        self._environ = {
            **surroundings({**environ, "TRACKER_DATA_DIR": str(settings.data_dir)}, current_folder()),
            "TRACKER_FORMAT": settings.output_format,
            # Celery warns of running as root because of pickle, which is refused here.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }
        if not (environ.get("REDIS_URL") or environ.get("REDIS_URL_FILE")):
            self._embedded = server = EmbeddedServer(settings.data_dir)
            self._server = Child(Command(name="data server", argv=server.argv, stdin=server.config))
            self._environ["REDIS_URL"] = server.url
        self._settings = replace(Settings.from_environment(self._environ), data_dir=settings.data_dir)
        self._catalogue: RedisCatalogue = open_catalogue(self._settings)
        self._beat = Child(self._celery("beat", "beat", level=size.log_level))
        self._workers = [self._worker(number, size) for number in range(1, size.workers + 1)]
        # Only this process reports why the data server cannot write.
        level = "WARNING" if size.log_level == "ERROR" else size.log_level
        printer = self._celery("printer", "worker", "-Q", "print", "-P", "solo", *_ALIKE, level=level)
        self._printer = Child(replace(printer, prints_updates=True))
        # A process of its own: receivers that stall hold its threads, and none of those that poll pages.
        arguments = ("-Q", "deliver", "-P", "threads", "-c", str(DELIVERIES), *_ALIKE)
        self._deliverer = Child(self._celery("deliverer", "worker", *arguments, level=size.log_level))
        self._page = self._page_child(size.web)
        self._watch = Watch(self._catalogue)
        self._sinks = open_sinks(self._settings)
        self._has_watchdog = heartbeat_url(self._environ) is not None
        self._alerts = open_alerts(self._settings)
        self._ownership = own_catalogue(self._settings, source)
        self._keeper = Keeper(self._catalogue, self._sinks, utc_now, self._alerts)
        self._sink_watch = SinkWatch(self._sinks)
        self._progress = Progress(time.monotonic())
        self._health: str | None = None
        self._filters_health: str | None = None

    @property
    def record(self) -> Path:
        """Return where the updates are recorded."""
        return self._data_dir / RECORD_NAME

    def start(
        self, providers: Sequence[Provider], sinks: Sequence[Webhook] = (), alerting: Alerting | None = None
    ) -> None:
        """Start everything and put providers and sinks into the catalogue. Raises ConfigError, StoreError, Stopped."""
        if self._server is not None:
            self._server.start()
            self._await_server()
        else:
            self._inspect_server()

        def put_in() -> Synced:
            self._own()
            self._sinks.sync(sinks)
            put = self._catalogue.put(providers, utc_now(), replacing="file")
            # Last: an alert whose page is not in the catalogue would end.
            self._alerts.sync(alerting or Alerting(), awaits_journal=True)
            return put

        synced = patiently(put_in, self._stopping)
        if synced.kept_ids:
            log.info(kept_ids_line(synced.kept_ids))
        for child in (self._printer, *self._workers, self._beat, *self._page):
            child.start()

    def run(self, on_watching: Callable[[], object]) -> None:
        """Supervise the processes until `interrupt` is called; call `on_watching` once every page was polled."""
        next_health = time.monotonic()
        watching = False
        while not self._stopping.wait(0.2):
            for child in self._children():
                child.restart_if_due()
            if time.monotonic() >= next_health:
                began = time.monotonic()
                try:
                    has_sinks = patiently(self._look_over, self._stopping)
                except Stopped:
                    return
                # From this thread: a child ends with the one that started it.
                if has_sinks and self._deliverer.pid is None:
                    self._deliverer.start()
                shortest_s, longest_s = (
                    (HEALTH_EVERY_S, LONGEST_PAUSE_S) if self._health else (STARTING_EVERY_S, HEALTH_EVERY_S)
                )
                work_s = time.monotonic() - began
                next_health = time.monotonic() + max(shortest_s, min(work_s * PAUSE_TO_WORK, longest_s))
            if self._health and not watching:
                watching = True
                on_watching()

    def interrupt(self) -> None:
        """Have `run` return; safe in a signal handler."""
        self._stopping.set()

    def close(self) -> None:
        """Stop everything in order, print the remaining updates, and release the data directory."""
        with contextlib.suppress(StoreError):  # it ends by itself
            patiently(self._ownership.release, seconds=RELEASE_S)
        stop([self._beat], BEAT_GRACE_S)
        stop([*self._page, *self._workers, self._deliverer, self._printer], WORKER_GRACE_S)
        if self._beat.pid is not None:
            self._print_the_rest()
        if self._server is not None:
            stop([self._server], SERVER_GRACE_S)
        self._lock.close()

    def _children(self) -> list[Child]:
        rest = [self._printer, *self._workers, self._deliverer, self._beat, *self._page]
        return [self._server, *rest] if self._server else rest

    def _worker(self, number: int, size: Size) -> Child:
        name = f"worker{number}"
        arguments = ("-Q", "fetch", "-c", str(size.concurrency), *_ALIKE)
        command = self._celery(name, "worker", *arguments, level=size.log_level)
        # Each on a core of its own, as far as there are some (workers.signals), where many arenas of memory would spare
        # no thread a wait, and each of them keeps what the largest answer took. Large buffers are given back at once:
        # left to itself, glibc begins to keep them after the first one.
        own = {"TRACKER_CORE": str(number - 1), "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
        return Child(replace(command, environ={**own, **command.environ}))

    def _page_child(self, address: str | None) -> list[Child]:
        """Return the process that serves the page; none where that is not wanted or not installed."""
        if address is None:
            return []
        if not is_installed():
            log.info(NOT_INSTALLED)
            return []
        return [Child(page_command(address, self._data_dir.absolute(), self._environ))]

    def _celery(self, name: str, command: str, *arguments: str, level: str) -> Command:
        named = ("-n", f"{name}@%h") if command == "worker" else ()
        argv = [sys.executable, "-m", "celery", "-q", "-A", "workers.app", command, *named, *arguments, "-l", level]
        return Command(name=name, argv=argv, environ=self._environ)

    def _inspect_server(self) -> None:
        url = self._settings.redis_url
        try:
            found = patiently(lambda: inspect(url), self._stopping, INSPECTION_S)
        except StoreError as error:
            raise ServerAway(f"{error} at {masked_url(url)}; start it, or correct REDIS_URL") from error
        for danger in found.dangers:
            log.warning(danger)

    def _await_server(self) -> None:
        until = time.monotonic() + SERVER_START_S
        while True:
            try:
                patiently(self._catalogue.ping, self._stopping)
            except StoreError as error:
                if time.monotonic() > until:
                    raise ConfigError(
                        f"the data server did not start; see {self._data_dir}/server/server.log"
                    ) from error
            else:
                return
            if self._server is not None and not self._server.is_running:
                self._mend_server()
            if self._stopping.wait(0.05):
                raise Stopped

    def _mend_server(self) -> None:
        """Start the data server again if its file could be mended. Raises ConfigError."""
        sentence = self._embedded.mended() if self._embedded is not None else None
        if sentence is None or self._server is None:
            raise ConfigError(f"the data server ended at once; see {self._data_dir}/server/server.log")
        log.warning(sentence)
        self._server.start()

    def _own(self) -> None:
        """Take or renew the right to the pages. Raises ConfigError for a second tracker, StoreError."""
        try:
            self._ownership.hold(utc_now())
        except OwnedElsewhere as error:
            raise ConfigError(
                f"another tracker watches its pages with this data server: {error}; stop that one, or run this one "
                "beside it with keys of its own: `tracker --namespace NAME up`"
            ) from error

    def _look_over(self) -> bool:
        """Log the health of pages and sinks; return whether there are sinks. Raises ConfigError for another owner."""
        self._report_health()
        return self._look_after_sinks()

    def _report_health(self) -> None:
        try:
            self._own()
            self._catalogue.ping()  # which a server refuses that has no room to write
            loss = self._keeper.look()
            pages = self._watch.look()
            line = summary(pages) if loss is None else str(loss)
            self._report_filters(pages)
        except StoreError as error:
            line = f"{error}; nothing is lost, and all goes on as soon as it can"
        else:
            if line is None and (progress := self._progress.line(pages, time.monotonic())):
                log.info(progress)
        if line is not None and line != self._health:
            log.warning(line) if any(word in line for word in _WARNING_WORDS) else log.info(line)
            self._health = line

    def _report_filters(self, pages: Sequence[PageHealth]) -> None:
        line = filters_summary(pages)
        if line != self._filters_health:
            log.warning(line) if line else log.info("all filters match something of their pages again")
            self._filters_health = line

    def _look_after_sinks(self) -> bool:
        """Log the sinks that need attention; return whether there is anybody to deliver to."""
        try:
            there_are_some = self._sink_watch.look(self._watch.providers) or self._alerts.has_channels()
            there_are_some = there_are_some or self._has_watchdog
        except StoreError:
            return False  # the line about the pages says so
        return there_are_some

    def _print_the_rest(self) -> None:
        def print_updates() -> None:
            runtime = Runtime(self._settings)
            try:
                runtime.print_updates()
            finally:
                runtime.close()

        try:
            patiently(print_updates, seconds=PRINTING_S)
        except (StoreError, SinkError, Conflict) as error:
            log.warning("the last updates are printed at the next start: %s", error)


def handle_signals(stack: Stack) -> None:
    """Let Ctrl-C and SIGTERM stop the stack."""

    def interrupt(_number: int, _frame: object) -> None:
        stack.interrupt()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)


def _locked(data_dir: Path) -> IO[str]:
    """Return the data directory's lock file, held until it is closed. Raises ConfigError."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write to the data directory {data_dir}: {error.strerror}; choose --data-dir"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise ConfigError(f"another tracker runs on {data_dir}; stop it or choose another --data-dir") from error
    return lock
