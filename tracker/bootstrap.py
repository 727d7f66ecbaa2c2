"""The composition root: the one place that names concrete classes and puts them together."""

import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TextIO

from tracker.delivery.deliverer import Deliverer
from tracker.delivery.ports import Poster, Sink
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import JsonLines, UpdateRecord
from tracker.delivery.sinks.text import TextLines
from tracker.delivery.sinks.webhook import WebhookSender
from tracker.environment.settings import Settings
from tracker.fetch import LOOK_UPS, Breaker, FetchLimits, QuickLane, RequestsFetcher
from tracker.fetch.post import RequestsPoster
from tracker.model.clock import utc_now
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.polling.ports import Fetcher, PageStore
from tracker.polling.quick_poller import QuickPoller
from tracker.store.asking import ask
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect, connect_async
from tracker.store.grouped import RedisGroupedPages
from tracker.store.outbox import RedisOutbox
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream

#: Polls of one worker that are carried out in threads at a time: those that parse, search or ask more than once.
GENERAL_POLLS: Final = 32

#: The durable record of all updates, in the data directory.
RECORD_NAME = "updates.jsonl"


def open_catalogue(settings: Settings | None = None) -> RedisCatalogue:
    """Return the catalogue in the data server that the settings (or else the environment) name."""
    settings = settings or Settings.from_environment(os.environ)
    return RedisCatalogue(connect(settings.redis_url))


def open_sinks(settings: Settings | None = None) -> RedisSinks:
    """Return the sinks in the data server that the settings (or else the environment) name."""
    settings = settings or Settings.from_environment(os.environ)
    return RedisSinks(connect(settings.redis_url))


def ask_server(settings: Settings, words: Sequence[str]) -> list[str]:
    """Return the data server's answer to one reading command, by lines. Raises ConfigError, StoreError."""
    client = connect(settings.redis_url)
    try:
        return ask(client, *words)
    finally:
        client.close()


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


class LoopParts:
    """What polls on one event loop, in which it is built and closed."""

    def __init__(self, settings: Settings, breaker: Breaker, general: Poller) -> None:
        self._threads = ThreadPoolExecutor(GENERAL_POLLS, thread_name_prefix="poll")
        self._look_ups = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._pages = RedisGroupedPages(connect_async(settings.redis_url))
        self._lane = QuickLane(
            limits=FetchLimits(),
            user_agent=settings.user_agent,
            executor=self._look_ups,
            ca_file=_ca_file(settings),
            proxies=settings.proxies,
        )
        self.poller = QuickPoller(self._pages, breaker.quick(self._lane), general, self._threads, utc_now, os.environ)

    async def aclose(self) -> None:
        """Close connections, and let the threads end."""
        self._lane.close()
        await self._pages.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._look_ups.shutdown(wait=False, cancel_futures=True)


class Runtime:
    """All that a worker process needs, shared by its threads. Parts are built when they are first used."""

    def __init__(self, settings: Settings, stdout: TextIO = sys.stdout) -> None:
        self._settings = settings
        self._stdout = stdout
        self._client = connect(settings.redis_url)
        self._fetcher = build_fetcher(settings)
        self._breaker = Breaker(self._fetcher)
        self.poller = Poller(RedisPages(self._client), Observer(self._breaker, os.environ), utc_now)
        self._loop_parts: LoopParts | None = None
        self.sinks = RedisSinks(self._client)
        self._catalogue = RedisCatalogue(self._client)
        self._printing = threading.Lock()
        self._record: UpdateRecord | None = None
        self._printer: Printer | None = None
        self._delivering = threading.Lock()
        self._poster: RequestsPoster | None = None
        self._deliverer: Deliverer | None = None

    def quick_poller(self) -> QuickPoller:
        """Return what polls on the running loop. One loop asks for it, and awaits `aclose` before it ends."""
        if self._loop_parts is None:
            self._loop_parts = LoopParts(self._settings, self._breaker, self.poller)
        return self._loop_parts.poller

    async def aclose(self) -> None:
        """Close what belongs to the loop."""
        parts, self._loop_parts = self._loop_parts, None
        if parts is not None:
            await parts.aclose()

    def waiting(self, queue: str) -> int:
        """Return how many messages wait in one of Celery's queues. Raises StoreError."""
        return self._catalogue.waiting(queue)

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
