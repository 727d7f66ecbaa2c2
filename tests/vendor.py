"""A status page through time, and somebody who polls it: for tests of what is told over many polls."""

from collections.abc import Iterable

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
from tracker.detection.keys import incident_key, keys
from tracker.errors import FetchError, FetchTimeout, StoreError
from tracker.model.event import Event
from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.polling.observer import Observer
from tracker.polling.poller import Poll, Poller
from tracker.polling.ports import Commit, PollLease
from tracker.store.memory import MemoryPages

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

    def posts(self, incident_id: str | None = None, status: str = "investigating") -> str:
        """Post an update of an incident, a new one unless it is named; return the update's key."""
        self._count += 1
        incident_id = incident_id or f"i{self._count}"
        known = self._incidents.get(incident_id)
        posted = update(f"u{self._count}", None, status, body=f"Text {self._count}", created_at=self._clock())
        self._incidents[incident_id] = incident(incident_id, *(known.updates if known else ()), posted)
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
                name="Acme",
                updated_at=self._clock(),
                incidents=tuple(reversed(shown)),
                components=(component("api"),),
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
        self._incidents[incident_id] = incident(incident_id, *updates)
        self.stamps()


def _still_open(snapshot: Snapshot) -> Snapshot:
    """Return what `summary.json` lists of a page."""
    return replace(snapshot, incidents=tuple(known for known in snapshot.incidents if known.is_open))


class Watcher:
    """Somebody who polls the page every minute, with a store in memory that fails when it is told to."""

    def __init__(self, vendor: Vendor, clock: FakeClock, **fields: object) -> None:
        self.provider = provider(url=SITE, **fields)
        self.pages = _Pages([self.provider])
        self._clock = clock
        self._poller = Poller(self.pages, Observer(vendor.fetcher), clock)

    def polls(self) -> Poll:
        """Poll once, a minute after the last time."""
        self._clock.passes(minutes=1)
        poll = self._poller.poll(self.provider.id)
        assert poll is not None
        return poll

    def reported(self) -> list[Event]:
        """Return what was told since this was last asked."""
        events = list(self.pages.events)
        self.pages.events.clear()
        return events


class _Pages(MemoryPages):
    is_down = False

    def commit(self, lease: PollLease, commit: Commit) -> int:
        if self.is_down:
            raise StoreError("the data server does not answer as it should")
        return super().commit(lease, commit)
