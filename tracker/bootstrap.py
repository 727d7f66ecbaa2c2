"""The composition root: the one place that names concrete classes and puts them together."""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cached_property
from typing import Final, TextIO

from tracker.alerting.channel import Channel
from tracker.alerting.channels.registry import channel_of
from tracker.alerting.decider import Decider
from tracker.alerting.heartbeat import Heartbeat
from tracker.alerting.journal import Journal
from tracker.alerting.journal_file import JOURNAL_NAME, AlertJournalFile
from tracker.alerting.links import Links
from tracker.alerting.sender import Sender
from tracker.delivery.deliverer import Deliverer
from tracker.delivery.poster import Poster
from tracker.delivery.record import Sink
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import RECORD_NAME, JsonLines, UpdateRecord
from tracker.delivery.sinks.text import TextLines
from tracker.delivery.sinks.webhook import WebhookSender
from tracker.environment.heartbeat import heartbeat_url
from tracker.environment.link_key import link_key
from tracker.environment.settings import Settings
from tracker.environment.web import web_url
from tracker.errors import ConfigError, StoreError
from tracker.fetch import LOOK_UP_THREADS, Breaker, ClientOptions, QuickLane, RequestsFetcher
from tracker.fetch.mail import SmtpMailer
from tracker.fetch.post import RequestsPoster
from tracker.fetch.tokens import TokenFetcher
from tracker.model.channel import AnyChannelConfig
from tracker.model.clock import utc_now
from tracker.polling.fetcher import Fetcher
from tracker.polling.observer import Observer
from tracker.polling.page_store import PageStore
from tracker.polling.poller import Poller
from tracker.polling.quick_poller import QuickPoller
from tracker.store.alert_journal import RedisJournalStore
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect, connect_async
from tracker.store.grouped import RedisGroupedPages
from tracker.store.outbox import RedisOutbox
from tracker.store.ownership import FILE, Ownership, kept_id
from tracker.store.ownership import RECORD as OWNED_RECORD
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream

log = logging.getLogger(__name__)

#: Polls of one worker that run in threads at a time: those that parse, search or need several requests.
GENERAL_POLLS: Final = 32
#: The same for pages that answer slowly, which hold a thread for as long with each further request.
SLOW_POLLS: Final = 32
#: The file in the data directory with the id by which a restarted tracker is recognised as the same one.
OWNER_NAME: Final = "owner"


def links_of(settings: Settings) -> Links | None:
    """Return the maker of links for messages, None where the page's address is not set. Raises ConfigError."""
    base = web_url(os.environ)
    return None if base is None else Links(link_key(settings.data_dir, os.environ), base)


def client_options(settings: Settings) -> ClientOptions:
    """Return the options of all clients of this process. Each process makes them once."""
    ca_file = None if settings.ca_file is None else str(settings.ca_file)
    return ClientOptions(user_agent=settings.user_agent, ca_file=ca_file, proxies=settings.proxies)


def build_channel(config: AnyChannelConfig, options: ClientOptions, poster: RequestsPoster) -> Channel:
    """Return a channel; secrets come from the environment of this process."""
    return channel_of(config, environ=os.environ, caller=poster, mailer=SmtpMailer(options), clock=utc_now)


def build_sender(poster: Poster) -> WebhookSender:
    """Return the sender that posts events; secrets come from the environment of this process."""
    return WebhookSender(poster, os.environ, utc_now)


def build_fetcher(options: ClientOptions) -> TokenFetcher:
    """Return the fetcher that requests pages."""
    return TokenFetcher(RequestsFetcher(options), lambda: RequestsPoster(options))


def build_poller(store: PageStore, fetcher: Fetcher) -> Poller:
    """Return a poller over any store; credentials of pages come from the environment of this process."""
    return Poller(store, Observer(Breaker(fetcher), os.environ), utc_now)


class LoopParts:
    """The poller of one event loop, which builds and closes it."""

    def __init__(self, settings: Settings, options: ClientOptions, breaker: Breaker, general: Poller) -> None:
        self._threads = ThreadPoolExecutor(GENERAL_POLLS, thread_name_prefix="poll")
        self._slow_threads = ThreadPoolExecutor(SLOW_POLLS, thread_name_prefix="slow-poll")
        self._look_ups = ThreadPoolExecutor(LOOK_UP_THREADS, thread_name_prefix="look-up")
        self._pages = RedisGroupedPages(connect_async(settings.redis_url))
        self._lane = QuickLane(options, executor=self._look_ups)
        quick = breaker.quick(self._lane)
        self.poller = QuickPoller(self._pages, quick, general, self._threads, self._slow_threads, utc_now, os.environ)

    async def aclose(self) -> None:
        """Close connections, and let the threads end."""
        self._lane.close()
        await self._pages.aclose()
        for threads in (self._threads, self._slow_threads):
            threads.shutdown(wait=False, cancel_futures=True)
        self._look_ups.shutdown(wait=False, cancel_futures=True)


class Runtime:
    """The use cases of a worker process, shared by its threads. Parts are built at first use."""

    def __init__(self, settings: Settings, stdout: TextIO = sys.stdout) -> None:
        self._settings = settings
        self._stdout = stdout
        self._client = connect(settings.redis_url)
        self._options = client_options(settings)
        self._fetcher = build_fetcher(self._options)
        self._breaker = Breaker(self._fetcher)
        self.poller = Poller(RedisPages(self._client), Observer(self._breaker, os.environ), utc_now)
        self._loop_parts: LoopParts | None = None
        self.sinks = RedisSinks(self._client)
        self._catalogue = RedisCatalogue(self._client)
        self._printing = threading.Lock()
        self._lease: Ownership | None = None
        self._record: UpdateRecord | None = None
        self._printer: Printer | None = None
        self._journal: Journal | None = None
        self._delivering = threading.Lock()
        self._poster: RequestsPoster | None = None
        self._deliverer: Deliverer | None = None
        self.alerts = RedisAlerts(self._client)
        self._decider = Decider(self.alerts, utc_now)
        self._deciding = threading.Lock()
        self._channels: dict[AnyChannelConfig, Channel] = {}

    def quick_poller(self) -> QuickPoller:
        """Return the poller of the running loop. One loop uses it, and awaits `aclose` before it ends."""
        if self._loop_parts is None:
            self._loop_parts = LoopParts(self._settings, self._options, self._breaker, self.poller)
        return self._loop_parts.poller

    async def aclose(self) -> None:
        """Close the parts that belong to the loop."""
        parts, self._loop_parts = self._loop_parts, None
        if parts is not None:
            await parts.aclose()

    def waiting(self, queue: str) -> int:
        """Return the number of messages that wait in one of Celery's queues. Raises StoreError."""
        return self._catalogue.waiting(queue)

    def print_updates(self) -> int:
        """Drain the stream into record and console, and write down alerts. Raises StoreError, SinkError, Conflict."""
        with self._printing:
            if self._printer is None or self._record is None or self._journal is None:
                self._record = UpdateRecord(self._settings.data_dir / RECORD_NAME)
                console = _console(self._settings, self._stdout)
                owner = kept_id(self._settings.data_dir / OWNER_NAME)
                self._lease = Ownership(self._client, OWNED_RECORD, owner, str(self._record.path.resolve()))
                stream = RedisStream(self._client, self._lease)
                self._printer = Printer(stream, self._record, console, utc_now, self._lease)
                file = AlertJournalFile(self._settings.data_dir / JOURNAL_NAME)
                self._journal = Journal(file, RedisJournalStore(self._client), self._record, utc_now)
            printed = self._printer.drain()
            if not self._printer.is_refused:
                self._journal.follow()
            return printed

    def deliver_updates(self, sink: str) -> int:
        """Deliver the events that wait for a sink; return how many were acknowledged. Raises StoreError, Conflict."""
        with self._delivering:
            if self._deliverer is None:
                sender = build_sender(self._shared_poster())
                self._deliverer = Deliverer(RedisOutbox(self._client), sender, utc_now)
        return self._deliverer.deliver(sink)

    def decide_alerts(self) -> int:
        """Decide about new events and due alerts; return the number of events. Raises StoreError, Conflict."""
        if not self._deciding.acquire(blocking=False):
            return 0
        try:
            return self._decider.run()
        finally:
            self._deciding.release()

    def is_well(self) -> bool:
        """Return whether all processes of the tracker were found at work just now."""
        return self._decider.is_well(utc_now())

    def ping(self) -> None:
        """Check that the data server answers. Raises StoreError."""
        self._catalogue.ping()

    def ahead(self) -> timedelta:
        """Return the lead of this clock over the data server's, negative for a lag. Raises StoreError."""
        return utc_now() - self._catalogue.clock()

    def heartbeat(self) -> Callable[[], object] | None:
        """Return the sender of signs of life to a watchdog elsewhere, None without one. Raises ConfigError."""
        url = heartbeat_url(os.environ)
        if url is None:
            return None
        with self._delivering:
            heartbeat = Heartbeat(url, self._shared_poster())
        return lambda: heartbeat.give(utc_now())

    def send_alerts(self, name: str) -> int:
        """Send a channel the messages that wait for it; return how many it took. Raises StoreError, Conflict."""
        config = next((each for each in self.alerts.config().channels if each.name == name), None)
        if config is None:
            return 0
        with self._delivering:
            if config not in self._channels:
                self._channels[config] = build_channel(config, self._options, self._shared_poster())
            channel = self._channels[config]
        return Sender(RedisRows(self._client), {name: channel}, utc_now, self._links).send(name)

    @cached_property
    def _links(self) -> Links | None:
        return _links_if_any(self._settings)

    def _shared_poster(self) -> RequestsPoster:
        """Return the poster of sinks and channels; the caller holds the lock."""
        if self._poster is None:
            self._poster = RequestsPoster(self._options)
        return self._poster

    def close(self) -> None:
        """Close connections and files; a poll that a thread still carries out makes no further request."""
        self._breaker.close()
        with self._printing:
            if self._lease is not None:
                with contextlib.suppress(StoreError):  # it expires by itself
                    self._lease.release()
            if self._record is not None:
                self._record.close()
                self._record = self._printer = self._journal = None
        with self._delivering:
            if self._poster is not None:
                self._poster.close()
                self._poster = self._deliverer = None
                self._channels = {}
        self._fetcher.close()
        self._client.close()


def own_catalogue(settings: Settings, source: str) -> Ownership:
    """Return the lease of the providers from files, which is not taken yet. Raises ConfigError."""
    return Ownership(connect(settings.redis_url), FILE, kept_id(settings.data_dir / OWNER_NAME), source)


def _links_if_any(settings: Settings) -> Links | None:
    try:
        return links_of(settings)
    except ConfigError as error:
        # An alert without a link is better than none.
        log.warning("messages of alerts go without a link to acknowledge: %s", error)
        return None


def _console(settings: Settings, stdout: TextIO) -> Sink:
    return JsonLines(stdout) if settings.output_format == "json" else TextLines(stdout)
