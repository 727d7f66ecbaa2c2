"""The composition root: the one place that names concrete classes and puts them together."""

import os
import sys
import threading
from datetime import UTC, datetime
from typing import TextIO

from tracker.deliver import Printer
from tracker.fetch import Breaker, FetchLimits, RequestsFetcher
from tracker.fetch.post import RequestsPoster
from tracker.observe import Observer
from tracker.poll import Poller
from tracker.ports import Fetcher, PageStore, Poster, Sink
from tracker.settings import Settings
from tracker.sinks.jsonlines import JsonLines, UpdateRecord
from tracker.sinks.text import TextLines
from tracker.sinks.webhook import WebhookSender
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.outbox import RedisOutbox
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream
from tracker.webhooks import Deliverer

#: The durable record of all updates, in the data directory.
RECORD_NAME = "updates.jsonl"


def utc_now() -> datetime:
    """Return now; the clock of everything that runs."""
    return datetime.now(UTC)


def open_catalogue(settings: Settings | None = None) -> RedisCatalogue:
    """Return the catalogue in the data server that the settings (or else the environment) name."""
    settings = settings or Settings.from_environment(os.environ)
    return RedisCatalogue(connect(settings.redis_url))


def open_sinks(settings: Settings) -> RedisSinks:
    """Return the sinks in the data server that the settings name."""
    return RedisSinks(connect(settings.redis_url))


def build_poster(settings: Settings) -> RequestsPoster:
    """Return the poster that talks to receivers of webhooks."""
    return RequestsPoster(user_agent=settings.user_agent, ca_file=_ca_file(settings), proxies=settings.proxies)


def build_sender(poster: Poster) -> WebhookSender:
    """Return the sender that posts events; secrets come from the environment of this process."""
    return WebhookSender(poster, os.environ, utc_now)


def build_fetcher(settings: Settings) -> RequestsFetcher:
    """Return the fetcher that asks pages."""
    return RequestsFetcher(
        limits=FetchLimits(), user_agent=settings.user_agent, ca_file=_ca_file(settings), proxies=settings.proxies
    )


def build_poller(store: PageStore, fetcher: Fetcher) -> Poller:
    """Return a poller over any store; credentials of pages come from the environment of this process."""
    return Poller(store, Observer(Breaker(fetcher), os.environ), utc_now)


class Runtime:
    """All that a worker process needs, shared by its threads. Parts are built when they are first used."""

    def __init__(self, settings: Settings, stdout: TextIO = sys.stdout) -> None:
        self._settings = settings
        self._stdout = stdout
        self._client = connect(settings.redis_url)
        self._fetcher = build_fetcher(settings)
        self.poller = build_poller(RedisPages(self._client), self._fetcher)
        self.sinks = RedisSinks(self._client)
        self._printing = threading.Lock()
        self._record: UpdateRecord | None = None
        self._printer: Printer | None = None
        self._delivering = threading.Lock()
        self._poster: RequestsPoster | None = None
        self._deliverer: Deliverer | None = None

    def print_updates(self) -> int:
        """Drain the stream into record and console. Raises StoreError, SinkError."""
        with self._printing:
            if self._printer is None or self._record is None:
                self._record = UpdateRecord(self._settings.data_dir / RECORD_NAME)
                console = _console(self._settings, self._stdout)
                self._printer = Printer(RedisStream(self._client), self._record, console, utc_now)
            return self._printer.drain()

    def deliver_updates(self, sink: str) -> int:
        """Deliver what waits for a sink; return how many events were settled. Raises StoreError, Conflict."""
        with self._delivering:
            if self._deliverer is None:
                self._poster = build_poster(self._settings)
                self._deliverer = Deliverer(RedisOutbox(self._client), build_sender(self._poster), utc_now)
        return self._deliverer.deliver(sink)

    def close(self) -> None:
        """Close connections and files."""
        with self._printing:
            if self._record is not None:
                self._record.close()
                self._record = self._printer = None
        with self._delivering:
            if self._poster is not None:
                self._poster.close()
                self._poster = self._deliverer = None
        self._fetcher.close()
        self._client.close()


def _ca_file(settings: Settings) -> str | None:
    return None if settings.ca_file is None else str(settings.ca_file)


def _console(settings: Settings, stdout: TextIO) -> Sink:
    return JsonLines(stdout) if settings.output_format == "json" else TextLines(stdout)
