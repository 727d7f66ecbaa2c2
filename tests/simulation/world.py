"""A whole tracker in one process: vendors, beat, workers, printer, deliverers, a receiver; and what it promises."""

import contextlib
import logging
import random
import shutil
import tempfile
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from tests.fakes import NOON, FakeClock, RecordingSink, provider
from tests.outbox import webhook
from tests.simulation.alerts import SOMEBODY, Alerts
from tests.simulation.scheduler import Process, Scheduler
from tests.simulation.server import bare_client
from tests.vendor import SITE, Vendor
from tracker.delivery.deliverer import Deliverer
from tracker.delivery.event_stream import RECORD as RECORDED
from tracker.delivery.recorder import Printer
from tracker.delivery.retry_policy import ReceiverResponse
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import Conflict, FetchError, SinkError, StoreError
from tracker.model.event import Event, EventKind, decode_event
from tracker.model.page import Impact
from tracker.model.provider import FirstSight, Provider, Webhook
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import UPDATES
from tracker.store.due_queue import RedisDueQueue
from tracker.store.outbox import RedisOutbox
from tracker.store.ownership import RECORD, Ownership
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream

#: Steps with faults, and the most that may then pass until all is delivered.
STEPS: Final = 260
QUIET_STEPS: Final = 4000
#: How often the pages of a world are asked: the longer, the more hours pass between what happens.
INTERVALS_S: Final = (20, 60, 600, 3600)
PAGES: Final = 2
VENDOR: Final = "vendor"
REPORTED: Final = {EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE}
#: Keys that may be left, with anything behind the colons.
KEYS: Final = (
    "providers", "schedule", "due", "polls", "updates", "cursors", "generation", "sinks", "page", "seen", "latency",
    "slots", "waiting", "sink", "lease", "owner", "alerting", "alerts", "channel", "channel-rows", "channel-dead",
    "channel-lease",
)  # fmt: skip


class Broken(AssertionError):
    """Raised when a promise is broken; says which and by what."""


@dataclass
class Page:
    """One vendor's page: what was posted on it, by key, in order."""

    provider: Provider
    clock: FakeClock
    vendor: Vendor
    posted: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    #: Incidents that are over.
    ended: list[str] = field(default_factory=list)
    #: Whether incidents end and begin again all the time.
    flaps: bool = False

    def changes(self, chance: random.Random, now: datetime) -> None:
        """Have something happen on the page."""
        self.clock.now = max(self.clock.now, now)
        drawn = chance.random()
        has_just_ended = bool(self.ended) and self.posted[-1].startswith(f"{self.ended[-1]}/")
        if self.posted and drawn < 0.1:
            self.vendor.edits(chance.choice(self.posted), f"Text of {now}")
        elif self.flaps and has_just_ended:
            self._posts(self.ended[-1], "investigating", chance)
        elif self.open and drawn < (0.9 if self.flaps else 0.65):
            incident_id = chance.choice(self.open)
            status = "resolved" if self.flaps else chance.choice(("identified", "monitoring", "resolved"))
            self._posts(incident_id, status, chance)
        elif self.ended and drawn < 0.72:
            self._posts(chance.choice(self.ended), "investigating", chance)
        else:
            self._posts(None, "investigating", chance)

    def ends_all(self, now: datetime) -> None:
        """Have all incidents end."""
        self.clock.now = max(self.clock.now, now)
        for incident_id in list(self.open):
            self._posts(incident_id, "resolved", random.Random(0))

    def _posts(self, incident_id: str | None, status: str, chance: random.Random) -> None:
        impact = chance.choice((Impact.MINOR, Impact.MAJOR, Impact.MAJOR, Impact.CRITICAL))
        key = self.vendor.posts(incident_id, status, impact=impact)
        self.posted.append(key)
        incident_id = key.partition("/")[0]
        for known in (self.open, self.ended):
            if incident_id in known:
                known.remove(incident_id)
        (self.ended if status == "resolved" else self.open).append(incident_id)


@dataclass
class Receiver:
    """What a webhook's receiver got, and with how much trouble."""

    accepted: list[str] = field(default_factory=list)
    lost_answers: int = 0


class World:
    """One simulated tracker. Use as a context manager; `run` raises Broken."""

    def __init__(self, seed: int) -> None:
        self.scheduler = Scheduler(seed)
        self.clock = self.scheduler.clock
        #: How long it has run.
        self.hours = 0.0
        self.random = self.scheduler.random
        self.queue: deque[str] = deque()
        self.receiver = Receiver()
        self.directory = Path(tempfile.mkdtemp(prefix="simulation-", dir=_memory()))
        self.interval_s = self.random.choice(INTERVALS_S)
        self.pages = [self._page(number) for number in range(PAGES)]
        client = self.scheduler.client
        self._due, self._polled, self._outbox = RedisDueQueue(client), RedisPages(client), RedisOutbox(client)
        RedisCatalogue(bare_client()).put([page.provider for page in self.pages], self.clock(), replacing="file")
        #: Without webhooks more happens to alerts.
        self.has_webhook = self.random.random() < 0.6
        RedisSinks(bare_client()).sync([webhook("ops")] if self.has_webhook else [])
        self._stream = RedisStream(bare_client())
        for name, main in (
            (VENDOR, self._vendors),
            ("beat", self._beat),
            ("worker-1", self._worker),
            ("worker-2", self._worker),
            ("printer", self._printer),
            *((("deliverer-1", self._deliverer), ("deliverer-2", self._deliverer)) if self.has_webhook else ()),
        ):
            self.scheduler.add(name, main)
        self.alerts = Alerts(self.scheduler, self.interval_s)

    def __enter__(self) -> Self:
        logging.disable(logging.CRITICAL)
        return self

    def __exit__(self, *_: object) -> None:
        self.scheduler.stop(*(process.name for process in self.scheduler.processes))
        logging.disable(logging.NOTSET)
        shutil.rmtree(self.directory)

    def run(self) -> None:
        """Let everything happen, then let it come to rest, and check what was promised. Raises Broken."""
        self.scheduler.run(STEPS)
        self.scheduler.has_faults = False
        self.scheduler.stop(VENDOR, SOMEBODY)
        if self.random.random() < 0.8:
            for page in self.pages:
                page.ends_all(self.clock.now)
        self.scheduler.run(QUIET_STEPS, self._is_at_rest)
        if self.alerts.send_refused_again():
            self.scheduler.run(QUIET_STEPS, self._is_at_rest)
        self.hours = (self.clock() - NOON).total_seconds() / 3600
        self._check()

    @property
    def record(self) -> list[Event]:
        """Return what is on record."""
        path = self.directory / "updates.jsonl"
        return [decode_event(line) for line in path.read_bytes().splitlines()] if path.exists() else []

    # --- processes ---

    def _page(self, number: int) -> Page:
        clock = FakeClock(self.clock.now)
        fields = {
            "interval_s": self.interval_s,
            "url": f"https://status-{number}.example",
            "first_sight": FirstSight.ALL,
            "format": "statuspage",
        }
        page = Page(provider(id=f"p{number}", name=f"P{number}", **fields), clock, Vendor(clock))
        page.flaps = self.random.random() < 0.35
        return page

    def _vendors(self, _: Process) -> None:
        while True:
            self.random.choice(self.pages).changes(self.random, self.clock.now)
            self.scheduler.sleep(self.random.choice((0.5, 2, 10, self.interval_s, self.interval_s)))

    def _beat(self, _: Process) -> None:
        while True:
            with contextlib.suppress(StoreError):
                claims, _ = self._due.claim(self.clock(), 500)
                # A hint may be lost, and may come twice.
                for claim in claims:
                    self.queue.extend([claim.provider_id] * self.random.choice((0, 1, 1, 1, 1, 2)))
                self.scheduler.hint("worker")
            self.scheduler.sleep(self.interval_s / 4 if self.scheduler.has_faults else max(60, self.interval_s))

    def _worker(self, _: Process) -> None:
        poller = Poller(self._polled, Observer(self), self.clock)
        while True:
            if not self.queue:
                self.scheduler.idle(self.interval_s)
                continue
            with contextlib.suppress(Conflict, StoreError):
                poll = poller.poll(self.queue.popleft())
                if poll is not None and poll.events:
                    for name in ("printer", "deliverer", "decider"):
                        self.scheduler.hint(name)

    def fetch(self, request: Any) -> Any:
        """Ask a page; others may go on meanwhile."""
        self.scheduler.sleep(self.random.choice((0.05, 0.3, 8)))
        page = next(page for page in self.pages if request.url.startswith(page.provider.url))
        if self.scheduler.chance(40):
            raise FetchError("no answer")
        asked = msgspec.structs.replace(request, url=request.url.replace(page.provider.url, SITE))
        answer = page.vendor.fetcher.fetch(asked)
        return msgspec.structs.replace(answer, url=answer.url.replace(SITE, page.provider.url))

    def _printer(self, _: Process) -> None:
        record = UpdateRecord(self.directory / "updates.jsonl")
        try:
            lease = Ownership(self.scheduler.client, RECORD, "printer", str(record.path))
            stream = RedisStream(self.scheduler.client, lease)
            printer = Printer(stream, record, RecordingSink(), self.clock, lease)
            while True:
                with contextlib.suppress(StoreError, SinkError, Conflict):
                    printer.drain()
                self.scheduler.idle(self.random.choice((10, self.interval_s)))
        finally:
            record.close()

    def _deliverer(self, _: Process) -> None:
        deliverer = Deliverer(self._outbox, self, self.clock)
        while True:
            with contextlib.suppress(StoreError, Conflict):
                deliverer.deliver("ops")
            self.scheduler.idle(self.random.choice((15, self.interval_s)))

    def send(self, webhook: Webhook, event: Event) -> ReceiverResponse:  # noqa: ARG002
        """Take an event as a receiver does."""
        self.scheduler.sleep(self.random.choice((0.01, 0.5, 14)))
        if self.scheduler.chance(60):
            return ReceiverResponse(status=503)
        self.receiver.accepted.append(event.id)
        if self.scheduler.chance(40):
            self.receiver.lost_answers += 1
            raise FetchError("the answer was lost")
        return ReceiverResponse(status=204)

    # --- what was promised ---

    def _is_at_rest(self) -> bool:
        if self.random.randrange(12) or not self.alerts.is_at_rest():
            return False
        newest = bare_client().xinfo_stream(UPDATES)["last-generated-id"].decode()
        if self._stream.cursor(RECORDED) != newest:
            return False
        recorded = {f"{event.provider}/{event.incident_id}/{event.update_id}" for event in self.record}
        posted = {f"{page.provider.id}/{key}" for page in self.pages for key in page.posted}
        is_delivered = {event.id for event in self.record} <= set(self.receiver.accepted) or not self.has_webhook
        return posted <= recorded and is_delivered

    def _check(self) -> None:
        record = self.record
        twice = [name for name, count in Counter(event.id for event in record).items() if count > 1]
        self._promise(not twice, f"on record twice: {twice}")
        found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for event in record:
            if event.event in REPORTED and event.incident_id and event.update_id:
                found[event.provider, event.incident_id].append(f"{event.incident_id}/{event.update_id}")
        for page in self.pages:
            posted: defaultdict[str, list[str]] = defaultdict(list)
            for key in page.posted:
                posted[key.partition("/")[0]].append(key)
            for incident_id, keys in posted.items():
                recorded = found.pop((page.provider.id, incident_id), [])
                self._promise(recorded == keys, f"{page.provider.id}: posted {keys}, on record {recorded}")
        self._promise(not found, f"on record, and never posted: {dict(found)}")
        first = list(dict.fromkeys(self.receiver.accepted))
        wanted = [event.id for event in record] if self.has_webhook else []
        self._promise(first == wanted, f"a webhook got {first}, on record are {wanted}")
        repeats = len(self.receiver.accepted) - len(first)
        allowed = self.receiver.lost_answers + sum(
            count for name, count in self.scheduler.faults.items() if name.startswith(("deliverer", "a stall"))
        )
        self._promise(repeats <= allowed, f"a webhook got {repeats} repeats in {allowed} faults")
        for broken in self.alerts.broken(record):
            self._promise(is_kept=False, otherwise=broken)
        left = {key.decode().split(":")[1] for key in bare_client().keys("tracker:*")}
        self._promise(left <= set(KEYS), f"keys are left: {left - set(KEYS)}")
        with self.scheduler.virtual_time():
            for broken in self.alerts.kept_too_long():
                self._promise(is_kept=False, otherwise=broken)

    def _promise(self, is_kept: bool, otherwise: str) -> None:
        if not is_kept:
            raise Broken(f"seed {self.scheduler.seed}: {otherwise}")


def _memory() -> str | None:
    """Return a folder in memory where there is one: the record is synced with every batch."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
