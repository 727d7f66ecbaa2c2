"""The stack of `tracker up`: data server, beat, workers and printer, from start to stop."""

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tracker.bootstrap import Runtime, own_catalogue
from tracker.catalogue import kept_ids_line
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.environment.data_server import masked_url
from tracker.environment.heartbeat import heartbeat_url
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, Conflict, OwnedElsewhere, ServerAway, SinkError, StoreError
from tracker.model.clock import utc_now
from tracker.model.provider import Provider, Webhook
from tracker.model.route import Alerting
from tracker.store.catalogue import RedisCatalogue
from tracker.store.inspection import inspect
from tracker.store.opening import open_alerts, open_catalogue, open_sinks
from tracker.store.sync import Synced
from tracker.supervise.commands import Commands, Size
from tracker.supervise.data_directory import locked, require_record
from tracker.supervise.patience import Stopped, patiently
from tracker.supervise.processes import Child, Command, ask_to_end, await_end, stop
from tracker.supervise.reporter import HealthReporter
from tracker.supervise.server import EmbeddedServer
from tracker.supervise.surroundings import current_folder, surroundings

log = logging.getLogger("tracker")

#: How long the stack's own data server may take to read its files and answer.
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
#: The pause after a check, as a multiple of its duration: checks take at most a twentieth of the time.
PAUSE_TO_WORK: Final = 20.0
#: The longest pause between two checks, also where a distant data server makes them slow.
LONGEST_PAUSE_S: Final = 10.0


class Stack:
    """All processes of one `tracker up`."""

    def __init__(self, settings: Settings, size: Size, environ: dict[str, str], source: str) -> None:
        self._data_dir = settings.data_dir
        self._lock = locked(settings.data_dir)
        require_record(self.record)
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
        self._ownership = own_catalogue(self._settings, source)
        self._catalogue: RedisCatalogue = open_catalogue(self._settings, self._ownership)
        commands = Commands(size, self._environ, settings.data_dir)
        self._beat = Child(commands.beat())
        self._workers = [Child(commands.worker(number)) for number in range(1, size.workers + 1)]
        self._printer = Child(commands.printer())
        self._deliverer = Child(commands.deliverer())
        self._page = [Child(command) for command in commands.page()]
        self._sinks = open_sinks(self._settings, self._ownership)
        self._has_watchdog = heartbeat_url(self._environ) is not None
        self._alerts = open_alerts(self._settings, self._ownership)
        self._reporter = HealthReporter(self._catalogue, self._sinks, self._alerts, self._own)

    @property
    def record(self) -> Path:
        """Return the path of the record."""
        return self._data_dir / RECORD_NAME

    @property
    def _has_record(self) -> bool:
        """Return whether a printer has begun a record, even one without an update."""
        return self.record.exists()

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
            if self._has_record and self._catalogue.holdings().generation is None:
                # The data server was emptied: pages wait until the printer has restored their states from the record.
                self._catalogue.restore(providers, utc_now(), was_emptied=True)
            put = self._catalogue.put(providers, utc_now(), replacing="file")
            # Last: an alert whose page is not in the catalogue would end.
            self._alerts.sync(alerting or Alerting(), awaits_journal=True)
            self._reporter.expect(providers, sinks, alerting or Alerting())
            return put

        try:
            synced = patiently(put_in, self._stopping)
        except Conflict:
            # This process was stopped for longer than its lease: the retry takes a new one, or names the present owner.
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
                    has_sinks = patiently(self._reporter.look_over, self._stopping)
                except Stopped:
                    return
                # From this thread: a child ends with the thread that started it.
                if (has_sinks or self._has_watchdog) and self._deliverer.pid is None:
                    self._deliverer.start()
                shortest_s, longest_s = (
                    (HEALTH_EVERY_S, LONGEST_PAUSE_S)
                    if self._reporter.is_watching
                    else (STARTING_EVERY_S, HEALTH_EVERY_S)
                )
                work_s = time.monotonic() - began
                next_health = time.monotonic() + max(shortest_s, min(work_s * PAUSE_TO_WORK, longest_s))
            if self._reporter.is_watching and not watching:
                watching = True
                on_watching()

    def interrupt(self) -> None:
        """Have `run` return; safe in a signal handler."""
        self._stopping.set()

    def close(self) -> None:
        """Stop everything in order, print the remaining updates, and release the data directory."""
        with contextlib.suppress(StoreError):  # it expires by itself
            patiently(self._ownership.release, seconds=RELEASE_S)
        # First: no worker shall get another task. A slow one has the workers' time, too.
        ask_to_end([self._beat])
        self._beat.wait(time.monotonic() + BEAT_GRACE_S)
        rest = [*self._page, *self._workers, self._deliverer, self._printer]
        ask_to_end(rest)
        await_end([self._beat, *rest], WORKER_GRACE_S)
        if self._beat.pid is not None:
            self._print_the_rest()
        if self._server is not None:
            stop([self._server], SERVER_GRACE_S)
        self._lock.close()

    def _children(self) -> list[Child]:
        rest = [self._printer, *self._workers, self._deliverer, self._beat, *self._page]
        return [self._server, *rest] if self._server else rest

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
                    raise _not_started(self._embedded, "did not start") from error
            else:
                return
            if self._server is not None and not self._server.is_running:
                self._mend_server()
            if self._stopping.wait(0.05):
                raise Stopped

    def _mend_server(self) -> None:
        """Start the data server again if its file could be repaired. Raises ConfigError."""
        sentence = self._embedded.mended() if self._embedded is not None else None
        if sentence is None or self._server is None:
            raise _not_started(self._embedded, "ended at once")
        log.warning(sentence)
        self._server.start()

    def _own(self) -> None:
        """Take or renew the lease of the pages. Raises ConfigError for a second tracker, StoreError."""
        try:
            self._ownership.hold(utc_now())
        except OwnedElsewhere as error:
            raise ConfigError(
                f"another tracker watches its pages with this data server: {error}; stop that one, or run this one "
                "beside it with keys of its own: `tracker --namespace NAME up`"
            ) from error

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


def _not_started(server: EmbeddedServer | None, what: str) -> ConfigError:
    if server is None:
        return ConfigError(f"the data server {what}; its log may say why")
    reason = server.reason_of_end()
    said = f"the data server {what}{f' ({reason})' if reason else ''}; {server.log} may say more"
    files = server.broken_files(reason)
    if files is not None:
        said += f"; `mv {files} {files}.broken` begins without them, and nothing on record is reported again"
    return ConfigError(said)
