"""Whatever vendor, workers, printer and data server do, and in whatever order: what is on record is what was shown.

The data server is a real one with its append-only file; the clock and the network are not.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.data_server import DataServer
from tests.fakes import FakeClock, RecordingSink, provider
from tests.pages_on_a_loop import LoopedPages
from tests.vendor import INCIDENTS, SITE, TIMEOUT, Vendor
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import Conflict
from tracker.model.event import EventKind
from tracker.model.page import Snapshot
from tracker.model.provider import FirstSight
from tracker.model.text_digest import text_digest
from tracker.polling.details import LAGGING_FOR
from tracker.polling.observer import Observer
from tracker.polling.page_store import Commit, Known, PollLease
from tracker.polling.poller import Poller
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.leases import LEASE_S
from tracker.store.pages import RedisPages
from tracker.store.stream import RedisStream

ACME = provider(url=SITE, first_sight=FirstSight.ALL)
REPORTED = {EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE}
KEYS = re.compile(
    r"tracker:(providers|providers:version|generation|schedule|due|polls|updates|cursors|(page|seen|latency):acme"
    r"|slots:status\.acme\.example)"
)
WORKERS = "AB"
#: What may happen, the frequent more often. "A" and "B" stand for a worker that goes on.
DEEDS = [
    *(2 * ["vendor_opens"] + 4 * ["vendor_updates"] + 2 * ["vendor_resolves"] + 3 * ["vendor_edits"]),
    *("vendor_deletes", "vendor_stamps"),
    *(8 * ["A"] + 8 * ["B"] + ["worker_dies", "page_cannot_be_read"]),
    *(4 * ["lease_ends"] + ["time_passes"]),
    *(3 * ["printer_drains"] + 2 * ["printer_dies"]),
    *("connections_break", "server_restarts", "provider_goes", "provider_comes", "provider_comes"),
]
#: How old an answer is, in versions of the page.
AGES = st.sampled_from([0, 0, 0, 1, 2, 4])
#: The same for a detail; None for one that does not come.
DETAIL_AGES = st.none() | AGES
#: Which one, counted from the newest.
INDEXES = st.integers(0, 3)


class Killed(BaseException):
    """What happens to a process that is killed."""


class Held(Exception):
    """A poll that has asked the page and has not committed yet."""

    def __init__(self, lease: PollLease, commit: Commit) -> None:
        super().__init__()
        self.lease = lease
        self.commit = commit


class Worker:
    """A worker process: connections of its own, and at most one poll on its way."""

    def __init__(self, pages: RedisPages | LoopedPages, vendor: Vendor, clock: FakeClock) -> None:
        self._pages = pages
        self._clock = clock
        self._poller = Poller(self, Observer(vendor.fetcher), clock)
        self.held: Held | None = None

    def polls(self) -> bool:
        """Poll up to the commit; tell whether there was a turn to take."""
        try:
            self._poller.poll(ACME.id)
        except Held as held:
            self.held = held
        return self.held is not None

    def commits(self) -> bool:
        """Commit what is on its way; tell whether that was accepted."""
        held, self.held = self.held, None
        assert held is not None
        try:
            self._pages.commit(held.lease, held.commit)
        except Conflict:
            return False
        return True

    def begin(self, provider_id: str, now: Any) -> PollLease | None:
        return self._pages.begin(provider_id, now)

    def recall(self, provider_id: str, keys: Any) -> Known:
        return self._pages.recall(provider_id, keys)

    def commit(self, lease: PollLease, commit: Commit) -> int:
        raise Held(lease, commit)


class MortalStream(RedisStream):
    """A stream whose reader dies when it saves its cursors."""

    dies = False

    def save_cursor(self, sink: str, stream_id: str) -> None:
        if self.dies:
            raise Killed
        super().save_cursor(sink, stream_id)

    def save_timings(self, sink: str, stream_id: str, timings: Any) -> None:
        if self.dies:
            raise Killed
        super().save_timings(sink, stream_id, timings)


@dataclass
class Model:
    """What may be reported, and what has to be: all that a commit that was accepted has read."""

    #: Keys in the order in which they were published.
    posted: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    #: All texts that each update ever had, the one that it was posted with first.
    texts: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    must: set[str] = field(default_factory=set)
    must_be_edited: set[tuple[str, str]] = field(default_factory=set)
    #: The newest version of the page that was read, what it said if it was read as a whole, and when it was not.
    newest: int = -1
    read: dict[str, str] = field(default_factory=dict)
    partly_since: datetime | None = None

    def accepted(self, reading: "Reading", shown: Snapshot) -> None:
        """Note that a poll was committed."""
        version = reading.version
        said = texts_of(shown)
        waited = self.partly_since and reading.at - self.partly_since
        is_asked = version > self.newest or (version == self.newest and waited and waited < LAGGING_FOR)
        if is_asked and reading.detail == version:
            self.must |= said.keys()
            changed = said.keys() & {key for key, text in self.read.items() if said.get(key) != text}
            self.must_be_edited |= {(key, said[key]) for key in changed}
            self.read, self.partly_since = said, None
        elif version >= self.newest:
            self.must |= {key for incident in shown.incidents if incident.is_open for key in texts_of_one(incident)}
            lags = reading.detail is None or reading.detail < version
            self.partly_since = (self.partly_since or reading.at) if lags and is_asked else None
            # Nothing can be demanded of edits before all is known again.
            self.read = {}
        else:
            self.read = {}
        self.newest = max(version, self.newest)

    def forgotten(self) -> None:
        """Note that all that was known of the page is gone."""
        self.newest, self.read, self.partly_since = -1, {}, None


@dataclass(frozen=True)
class Reading:
    """Which versions a poll has read, None for a detail that did not come, and when."""

    version: int
    detail: int | None
    at: datetime


def is_derived(event: Mapping[str, Any]) -> bool:
    """Tell whether an event tells what no update of the vendor's says."""
    return "/" in event["update_id"]


def texts_of(shown: Snapshot) -> dict[str, str]:
    return {key: text for incident in shown.incidents for key, text in texts_of_one(incident).items()}


def texts_of_one(incident: Any) -> dict[str, str]:
    return {f"{incident.id}/{update.id}": update.body for update in incident.updates}


class World(RuleBasedStateMachine):
    """One page, two workers, one printer, and all that may happen to them."""

    server: ClassVar[DataServer]
    directory: ClassVar[Path]
    runs: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        World.runs += 1
        self.clock = FakeClock()
        self.vendor = Vendor(self.clock)
        self.model = Model()
        self.client = connect(self.server.url)
        self.client.flushall()
        self.catalogue = RedisCatalogue(self.client)
        # One asks for its turns in groups, and keeps what it knows of a page.
        self.looped = LoopedPages(self.server.url)
        self.other_client = connect(self.server.url)
        stores = {"A": RedisPages(self.other_client), "B": self.looped}
        self.workers = {name: Worker(stores[name], self.vendor, self.clock) for name in WORKERS}
        self.readings: dict[str, Reading] = {}
        self.a_day_passed = False
        self.stream = MortalStream(self.client)
        self.console = RecordingSink()
        self.path = self.directory / f"{World.runs}.jsonl"
        self.record = UpdateRecord(self.path)
        self.printer = Printer(self.stream, self.record, self.console, self.clock)
        self.restarts = 0
        self.provider_comes()

    @initialize(restarts=st.sampled_from([0, 0, 0, 1]))
    def begins(self, restarts: int) -> None:
        self.restarts = restarts
        for _ in range(2):
            self.vendor_opens(0)
        self.polls("A", 0, 0)
        self.commits("A")

    # One rule: Hypothesis would leave out some of several in each run, and only all together make a story.
    @rule(deed=st.sampled_from(DEEDS), which=INDEXES, age=AGES, detail_age=DETAIL_AGES)
    def something_happens(self, deed: str, which: int, age: int, detail_age: int | None) -> None:
        self.clock.passes(seconds=1)
        if deed in WORKERS:
            self.worker_goes_on(deed, age, detail_age)
        else:
            getattr(self, deed)(which)

    # --- the vendor ---

    def vendor_opens(self, _: int) -> None:
        self._posted(self.vendor.posts())

    def vendor_updates(self, which: int) -> None:
        self._posted(self.vendor.posts(self._incident_id(which), "monitoring"))

    def vendor_resolves(self, which: int) -> None:
        self._posted(self.vendor.posts(self._incident_id(which), "resolved"))

    def vendor_edits(self, which: int) -> None:
        for key in self._one_shown(which):
            text = "Sorry." if which % 2 else "It was the network."
            self.vendor.edits(key, text)
            self.model.texts[key].append(text)

    def vendor_deletes(self, which: int) -> None:
        for key in self._one_shown(which):
            self.vendor.deletes(key)
            self.model.deleted.add(key)

    def vendor_stamps(self, _: int) -> None:
        self.vendor.stamps()

    def _posted(self, key: str) -> None:
        self.model.posted.append(key)
        self.model.texts[key].append(texts_of(self.vendor.versions[-1])[key])

    def _incident_id(self, which: int) -> str:
        incident_ids = list(dict.fromkeys(key.partition("/")[0] for key in self.model.posted))
        return incident_ids[-1 - which % len(incident_ids)]

    def _one_shown(self, which: int) -> list[str]:
        shown = [key for key in self.model.posted if key in self.vendor.shown()]
        return [shown[-1 - which % len(shown)]] if shown else []

    # --- workers ---

    def worker_goes_on(self, name: str, age: int, detail_age: int | None) -> None:
        """Begin a poll, or commit the one that is on its way."""
        if self.workers[name].held is None:
            self.polls(name, age, detail_age)
        else:
            self.commits(name)

    def polls(self, name: str, age: int, detail_age: int | None) -> None:
        self.vendor.answers(age, detail_age or 0)
        if detail_age is None:
            self.vendor.fetcher.raises(INCIDENTS, TIMEOUT)
        if self.workers[name].polls():
            newest = len(self.vendor.versions) - 1
            detail = None if detail_age is None else max(0, newest - detail_age)
            self.readings[name] = Reading(max(0, newest - age), detail, self.clock())
        self.vendor.answers()

    def commits(self, name: str) -> None:
        worker = self.workers[name]
        if worker.held is not None and worker.commits() and name in self.readings:
            reading = self.readings[name]
            self.model.accepted(reading, self.vendor.versions[reading.version])

    def page_cannot_be_read(self, which: int) -> None:
        name = WORKERS[which % 2]
        if self.workers[name].held is None:
            self.vendor.fails()
            self.workers[name].polls()
            self.readings.pop(name, None)
            self.vendor.answers()

    def worker_dies(self, which: int) -> None:
        self.workers[WORKERS[which % 2]].held = None

    def lease_ends(self, _: int) -> None:
        self.clock.passes(seconds=LEASE_S)

    def time_passes(self, which: int) -> None:
        self.clock.passes(seconds=[700, 700, 700, 90_000][which])
        self.a_day_passed |= which == 3

    # --- the printer ---

    def printer_drains(self, _: int) -> None:
        self.printer.drain()

    def printer_dies(self, which: int) -> None:
        """Die after the record was written and before that was remembered, or amid the writing."""
        size = self.path.stat().st_size
        self.stream.dies = True
        try:
            self.printer.drain()
        except Killed:
            self.record.close()
            if which % 2 and self.path.stat().st_size > size:
                with self.path.open("r+b") as file:
                    file.truncate(self.path.stat().st_size - 1)
            self.record = UpdateRecord(self.path)
            self.printer = Printer(self.stream, self.record, self.console, self.clock)
        self.stream.dies = False

    # --- the data server and the catalogue ---

    def connections_break(self, _: int) -> None:
        self.client.client_kill_filter(_type="normal", skipme=True)

    def server_restarts(self, _: int) -> None:
        if self.restarts:
            self.restarts -= 1
            self.server.kill()
            self.server.start()

    def provider_goes(self, _: int) -> None:
        if self.catalogue.remove([ACME.id]):
            self.model.forgotten()

    def provider_comes(self, _: int = 0) -> None:
        self.catalogue.put([ACME], self.clock())

    # --- what always holds ---

    @invariant()
    def nothing_is_lost(self) -> None:
        events = [*self.recorded(), *(json_of(entry.event) for entry in self.stream.read("0-0", 10_000))]
        assert self.model.must <= {key_of(it) for it in events if it["event"] in REPORTED}
        edited = {(key_of(event), event["message"]) for event in events if event["event"] == EventKind.UPDATE_EDITED}
        assert self.model.must_be_edited <= edited

    @invariant()
    def nothing_is_reported_twice_and_nothing_else_is(self) -> None:
        events = self.recorded()
        assert len({event["id"] for event in events}) == len(events)
        for event in events:
            key = key_of(event)
            match event["event"]:
                case EventKind.NEW_INCIDENT | EventKind.INCIDENT_UPDATE if is_derived(event):
                    # Who deletes an update changes what the incident's status is. Nobody deletes an incident.
                    assert self.model.deleted or self.a_day_passed
                    assert event["update_id"].startswith("status/") or self.a_day_passed
                case EventKind.NEW_INCIDENT | EventKind.INCIDENT_UPDATE:
                    assert event["id"] == f"acme/{key}"
                    assert key in self.model.posted
                    assert event["message"] in self.model.texts[key]
                case EventKind.UPDATE_EDITED:
                    assert event["id"].startswith(f"acme/{key}/edited/{text_digest(event['message'])}")
                    # An old answer that goes on for a day is believed.
                    assert event["message"] in self.model.texts[key][not self.a_day_passed :]
                case EventKind.UPDATE_WITHDRAWN:
                    assert key in self.model.deleted
                case _:
                    assert event["event"] in (EventKind.PAGE_UNREADABLE, EventKind.PAGE_READABLE)

    @invariant()
    def updates_of_an_incident_are_reported_in_published_order(self) -> None:
        reported: defaultdict[str, list[int]] = defaultdict(list)
        for event in self.recorded():
            # What was deleted may turn up late, with an old answer.
            if event["event"] in REPORTED and key_of(event) not in self.model.deleted and not is_derived(event):
                reported[event["incident_id"]].append(self.model.posted.index(key_of(event)))
        assert all(positions == sorted(positions) for positions in reported.values())

    @invariant()
    def no_key_is_unexpected(self) -> None:
        keys = {key.decode() for key in self.client.scan_iter(count=1000)}
        assert [key for key in keys if not KEYS.fullmatch(key)] == []
        assert self.client.ttl("tracker:slots:status.acme.example") != -1
        if not self.client.hexists("tracker:providers", ACME.id):
            assert not keys & {"tracker:page:acme", "tracker:seen:acme", "tracker:latency:acme"}

    def teardown(self) -> None:
        """Let all settle; then everything that the page shows is on record, and on the console."""
        for worker in self.workers.values():
            worker.held = None
        self.provider_comes()
        self.vendor.stamps()
        self.clock.passes(seconds=LEASE_S + 1)
        self.polls("A", 0, 0)
        self.commits("A")
        self.printer.drain()
        events = self.recorded()
        assert self.vendor.shown() | self.model.must <= {
            key_of(event) for event in events if event["event"] in REPORTED
        }
        assert {event["id"] for event in events} == set(self.console.ids)
        self.nothing_is_reported_twice_and_nothing_else_is()
        self.updates_of_an_incident_are_reported_in_published_order()
        self.no_key_is_unexpected()
        self.record.close()
        self.looped.close()
        for client in (self.client, self.other_client):
            client.close()

    def recorded(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]


def json_of(event: Any) -> dict[str, Any]:
    return {
        "event": event.event,
        "incident_id": event.incident_id,
        "update_id": event.update_id,
        "message": event.message,
    }


def key_of(event: dict[str, Any]) -> str:
    return f"{event['incident_id']}/{event['update_id']}"


@pytest.fixture
def server(tmp_path: Path, free_port: int) -> Iterator[DataServer]:
    """A data server that may be killed."""
    with DataServer(tmp_path, free_port) as running:
        yield running


def test_what_is_on_record_is_what_was_shown(server: DataServer, tmp_path: Path) -> None:
    World.server, World.directory, World.runs = server, tmp_path, 0

    run_state_machine_as_test(World, settings=settings(max_examples=30, stateful_step_count=40, deadline=None))
