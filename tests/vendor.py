"""A status page through time, and somebody who polls it: for tests of what is reported over many polls."""

from collections.abc import Iterable
from typing import Any

import redis
from msgspec.structs import replace

from tests.fakes import (
    FakeClock,
    FakeFetcher,
    component,
    incident,
    incidents_json,
    provider,
    scheduled_json,
    summary,
    update,
)
from tests.poller_on_a_loop import LoopPoller
from tracker.detection.keys import incident_key, keys
from tracker.errors import FetchError, FetchTimeout, PollError, StoreError
from tracker.model.event import Event, EventKind
from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider
from tracker.polling.fetcher import Fetcher
from tracker.polling.observer import Observer
from tracker.polling.page_store import Commit, PageStore, PollLease
from tracker.polling.poller import Poll, Poller
from tracker.store.catalogue import RedisCatalogue
from tracker.store.leases import MOST_SEEN
from tracker.store.memory import MemoryPages
from tracker.store.pages import RedisPages
from tracker.store.stream import RedisStream

SITE = "https://status.acme.example"
SUMMARY = f"{SITE}/api/v2/summary.json"
INCIDENTS = f"{SITE}/api/v2/incidents.json"
SCHEDULED = f"{SITE}/api/v2/scheduled-maintenances.json"
TIMEOUT = FetchTimeout("no answer within 10 s")


class Vendor:
    """Somebody with a Statuspage: what they did, and every version of the page, each of which can still be had.

    Updates are known by `incident/update`, as in the seen-set.
    """

    def __init__(self, clock: FakeClock, window: int = 50) -> None:
        self.fetcher = FakeFetcher()
        self.versions: list[Snapshot] = []
        self._clock = clock
        #: So many incidents the page shows, the newest.
        self._window = window
        #: The newest last.
        self._incidents: dict[str, Incident] = {}
        self._count = 0
        self.stamps()

    def posts(self, incident_id: str | None = None, status: str = "investigating", **fields: object) -> str:
        """Post an update of an incident, a new one unless it is named; return the update's key.

        `fields` are those of the incident from now on.
        """
        self._count += 1
        incident_id = incident_id or f"i{self._count}"
        known = self._incidents.get(incident_id)
        posted = update(f"u{self._count}", None, status, body=f"Text {self._count}", created_at=self._clock())
        self._incidents[incident_id] = incident(incident_id, *(known.updates if known else ()), posted, **fields)
        self.stamps()
        return f"{incident_id}/{posted.id}"

    def edits(self, key: str, text: str) -> None:
        """Rewrite an update."""
        incident_id, _, update_id = key.partition("/")
        updates = self._incidents[incident_id].updates
        self._has(incident_id, [replace(known, body=text) if known.id == update_id else known for known in updates])

    def deletes(self, key: str) -> None:
        """Take an update off the page, as if it had never been posted."""
        incident_id, _, update_id = key.partition("/")
        self._has(incident_id, [known for known in self._incidents[incident_id].updates if known.id != update_id])

    def shows_again(self, incident_id: str) -> None:
        """Put an incident of long ago back among the newest."""
        self._incidents[incident_id] = self._incidents.pop(incident_id)
        self.stamps()

    def stamps(self) -> None:
        """Move the page's clock, as everything that happens on it does; another version shows from now on."""
        self._clock.passes(milliseconds=1)
        shown = list(self._incidents.values())[-self._window :]
        self.versions.append(
            Snapshot(
                name="Acme", updated_at=self._clock(), incidents=tuple(reversed(shown)), components=(component("api"),)
            )
        )
        self.answers()

    def answers(self, age: int = 0, detail_age: int | None = None) -> None:
        """Answer with versions so many before the newest; `incidents.json` may be of another one."""
        newest = len(self.versions) - 1
        version = max(0, newest - age)
        detail = version if detail_age is None else max(0, newest - detail_age)
        shown, detailed = self.versions[version], self.versions[detail]
        self.fetcher.answers(SUMMARY, lambda: summary(_still_open(shown)), etag=f'"{version}"')
        self.fetcher.answers(INCIDENTS, lambda: incidents_json(detailed), etag=f'"{detail}"')
        self.fetcher.answers(SCHEDULED, lambda: scheduled_json(shown), etag=f'"{version}"')
        self.fetcher.lacks(SITE)

    def fails(self, error: FetchError = TIMEOUT) -> None:
        """Answer nothing that could be read."""
        for url in (SUMMARY, INCIDENTS, SCHEDULED, SITE):
            self.fetcher.raises(url, error)

    def shown(self, age: int = 0) -> set[str]:
        """Return the keys of the updates that a version shows."""
        version = self.versions[max(0, len(self.versions) - 1 - age)]
        return {*keys(version)} - {incident_key(known) for known in version.incidents}

    def _has(self, incident_id: str, updates: Iterable[IncidentUpdate]) -> None:
        self._incidents[incident_id] = incident(incident_id, *updates, impact=self._incidents[incident_id].impact)
        self.stamps()


def _still_open(snapshot: Snapshot) -> Snapshot:
    """Return what `summary.json` lists of a page."""
    return replace(snapshot, incidents=tuple(known for known in snapshot.incidents if known.is_open))


class Watch:
    """A page and somebody who polls it every minute, with a store in memory unless a test brings another.

    Without a vendor, a test says what the page `shows`.
    """

    #: Where the page is unless a test says otherwise.
    url = SITE

    def __init__(
        self,
        clock: FakeClock | None = None,
        fetcher: Fetcher | None = None,
        *,
        watched: Provider | None = None,
        pages: PageStore | None = None,
        **fields: object,
    ) -> None:
        self.provider = watched or provider(**{"url": self.url} | fields)
        self.pages = pages or RecordingPages([self.provider])
        self.fetcher = fetcher or FakeFetcher()
        self.clock = clock or FakeClock()
        self.poller = self.new_poller(self.pages, self.fetcher, self.clock)

    @staticmethod
    def new_poller(pages: PageStore, fetcher: Fetcher, clock: FakeClock) -> Poller | LoopPoller:
        """Return what polls: a `Poller`, or what a test puts in its place."""
        return Poller(pages, Observer(fetcher), clock)

    def answers(self, body: bytes | str, **how: Any) -> None:
        """Answer with this from now on, at the provider's own address."""
        self.fetcher.answers(self.provider.url, body, **how)

    def reads(self, *bodies: bytes | str) -> list[Event]:
        """Poll each of these answers of the provider's own address without a failure; return the events."""
        before = len(self.pages.events)
        for body in bodies:
            self.answers(body)
            assert self.polls().failure is None
        return self.pages.events[before:]

    def asks(self, **later: float) -> list[str]:
        """Poll without a failure after a while; return the URLs that were requested."""
        self.clock.passes(**later)
        self.fetcher.asked()
        assert self.polls().failure is None
        return self.fetcher.asked()

    def shows(self, snapshot: Snapshot, *, etag: str | None = None, salt: int = 0) -> None:
        """Answer with this from now on, at all of the page's endpoints."""
        self.fetcher.answers(SUMMARY, summary(snapshot, salt=salt), etag=etag)
        self.fetcher.answers(INCIDENTS, incidents_json(snapshot), etag=etag)
        self.fetcher.answers(SCHEDULED, scheduled_json(snapshot), etag=etag)

    def fails(self, error: PollError = TIMEOUT) -> None:
        """Answer nothing that could be read."""
        for url in (SUMMARY, INCIDENTS, SCHEDULED, SITE):
            self.fetcher.raises(url, error)

    def moves(self, url: str, **fields: object) -> None:
        """Have the user give the provider another address."""
        self.pages._providers[self.provider.id] = replace(self.provider, url=url, **fields)

    def polls(self, times: int = 1) -> Poll:
        """Poll so many times, a minute after the last time; return how the last poll ended."""
        for _ in range(times):
            self.clock.passes(minutes=1)
            poll = self.poller.poll(self.provider.id)
            assert poll is not None
        return poll

    def reported(self) -> list[Event]:
        """Return the events since this was last called."""
        events = list(self.pages.events)
        self.pages.events.clear()
        return events

    def reported_after(self, polls: int = 1) -> list[Event]:
        """Return the events of so many polls."""
        self.polls(polls)
        return self.reported()

    @property
    def state(self) -> PageState:
        return self.pages.state(self.provider.id)

    @property
    def view(self) -> PageView:
        return self.pages.view(self.provider.id)


class Watcher(Watch):
    """Somebody who polls a vendor's page."""

    def __init__(self, vendor: Vendor, clock: FakeClock, **fields: object) -> None:
        super().__init__(clock, vendor.fetcher, **fields)


class Following:
    """A vendor, and somebody who has read their page once and polls it every minute."""

    def __init__(self, **fields: object) -> None:
        self.clock = FakeClock()
        self.vendor = Vendor(self.clock)
        self.watcher = Watcher(self.vendor, self.clock, **fields)
        self.watcher.polls()

    def reported_after_polls(self, polls: int = 1) -> list[EventKind]:
        """Return what kinds of events so many polls report."""
        return [event.event for event in self.watcher.reported_after(polls)]


class Tracker(Watch):
    """Somebody who polls a page that a test changes; the minute passes after each poll."""

    def polls(self, times: int = 1) -> Poll:
        for _ in range(times):
            poll = self.poller.poll(self.provider.id)
            self.clock.passes(minutes=1)
            assert poll is not None
        return poll

    def ids(self) -> list[str]:
        """Return the ids of the events since this was last called."""
        return [event.id for event in self.reported()]


class Stored(Watch):
    """Somebody who polls a page every minute through a data server, whose stream holds what is reported."""

    def __init__(
        self,
        client: "redis.Redis",
        clock: FakeClock | None = None,
        fetcher: Fetcher | None = None,
        *,
        most_seen: int = MOST_SEEN,
        **fields: object,
    ) -> None:
        super().__init__(clock, fetcher, pages=RedisPages(client, most_seen), **fields)
        self.client = client
        self.catalogue = RedisCatalogue(client)
        self.stream = RedisStream(client)
        self.catalogue.put([self.provider], self.clock())

    @property
    def ids(self) -> list[str]:
        """Return the ids of all events in the stream, oldest first."""
        return [entry.event.id for entry in self.stream.read("0-0", 100_000)]


class RecordingPages(MemoryPages):
    """Pages in memory that keep every commit, and fail on demand."""

    def __init__(self, providers: list[Provider]) -> None:
        super().__init__(providers)
        self.commits: list[Commit] = []
        self.is_down = False

    def commit(self, lease: PollLease, commit: Commit) -> int:
        if self.is_down:
            raise StoreError("the data server does not answer as it should")
        new = super().commit(lease, commit)
        self.commits.append(commit)
        return new
