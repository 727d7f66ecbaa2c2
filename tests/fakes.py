"""Stand-ins for what the product meets: a network, a clock, a stream and outputs, all scripted by the test.

Also short ways to say what a page says (`update`, `incident`, `component`) and to put it on the wire as Statuspage
does (`summary`, `incidents_json`, `scheduled_json`).
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.delivery.event_stream import Reported, StreamedEvent, Watched
from tracker.delivery.latency import MOST_TIMINGS, Timing
from tracker.errors import FetchError, HttpStatusError, StoreError
from tracker.model.event import Event, EventKind
from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.model.page_state import PageState, Readability
from tracker.model.provider import Provider, Validators
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified

#: When everything happens, unless a test says otherwise.
NOON = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
#: When pages changed first, so that no clock is ahead by itself.
MIDNIGHT = datetime(2025, 11, 3, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until a test lets time pass."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **units: float) -> datetime:
        """Let `seconds=…`, `hours=…` pass; return what the clock then shows."""
        self.now += timedelta(**units)
        return self.now


_Answer = Callable[[FetchRequest], Fetched | NotModified]


class FakeFetcher:
    """A network with one scripted answer per URL. Any other URL is a 404."""

    def __init__(self) -> None:
        self._answers: dict[str, _Answer] = {}
        self._meanwhile: Callable[[], object] | None = None
        #: Every request, oldest first.
        self.requests: list[FetchRequest] = []

    def answers(
        self,
        url: str,
        body: bytes | str | Callable[[], bytes],
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        content_type: str | None = None,
        fresh_for_s: float | None = None,
        answered_by: str | None = None,
    ) -> None:
        """From now on the URL has this body; as a good server does, it answers 304 to who knows its ETag.

        `answered_by` is the address that it redirects to. A body that takes long to make is made when it is sent.
        """
        validators = Validators(etag=etag, last_modified=last_modified)

        def answer(request: FetchRequest) -> Fetched | NotModified:
            if etag is not None and request.validators.etag == etag:
                return NotModified(url=url, validators=validators, fresh_for_s=fresh_for_s)
            made = body() if callable(body) else body
            encoded = made.encode() if isinstance(made, str) else made
            return Fetched(
                body=encoded,
                received_bytes=len(encoded),
                url=answered_by or url,
                content_type=content_type,
                validators=validators,
                fresh_for_s=fresh_for_s,
            )

        self._answers[url] = answer

    def not_modified(self, url: str, *, etag: str | None = None, fresh_for_s: float | None = None) -> None:
        """From now on the URL answers 304, whatever it is asked."""
        answer = NotModified(url=url, validators=Validators(etag=etag), fresh_for_s=fresh_for_s)
        self._answers[url] = lambda _: answer

    def raises(self, url: str, error: FetchError) -> None:
        """From now on a request for the URL fails."""

        def fail(_: FetchRequest) -> Fetched:
            raise error

        self._answers[url] = fail

    def lacks(self, url: str) -> None:
        """From now on the URL is a 404."""
        self._answers.pop(url, None)

    def meanwhile(self, action: Callable[[], object]) -> None:
        """Let something else happen while the next request is on its way."""
        self._meanwhile = action

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        self.requests.append(request)
        action, self._meanwhile = self._meanwhile, None
        if action is not None:
            action()
        answer = self._answers.get(request.url)
        if answer is None:
            raise HttpStatusError("the page answers with status 404", None, 404)
        return answer(request)

    def asked(self) -> list[str]:
        """Return the URLs that were requested since this was last called, oldest first."""
        urls = [request.url for request in self.requests]
        self.requests.clear()
        return urls


class RecordingSink:
    """An output that keeps what it is given, unless a test has it refuse."""

    def __init__(self) -> None:
        self.delivered: list[StreamedEvent] = []
        self.refusal: BaseException | None = None

    def deliver(self, events: Sequence[StreamedEvent]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.delivered += events

    @property
    def ids(self) -> list[str]:
        """Return the ids of the events that it was given."""
        return [streamed.event.id for streamed in self.delivered]


class MemoryStream:
    """An `EventStream` in memory that can be emptied, and that fails on demand."""

    def __init__(self) -> None:
        self.entries: list[StreamedEvent] = []
        self.cursors: dict[str, str] = {}
        #: By provider id.
        self.timings: dict[str, list[Timing]] = {}
        #: What pages were reminded of, and up to when they were known.
        self.reminders: list[tuple[Mapping[str, Reported], datetime]] = []
        #: Since when pages were watched, as the last reminder had it.
        self.begun_at: datetime | None = None
        self.has_pages = True
        #: When those who put a lost catalogue back had seen it whole.
        self.was_watched: Watched | None = None
        #: When a poll was committed last.
        self.polled: datetime | None = None
        #: Whether anybody has put a catalogue in since all was lost.
        self.has_catalogue = True
        #: Up to where each webhook has settled, and what was handed over to them.
        self.settled: dict[str, str] = {}
        self.redelivered: list[tuple[Mapping[str, Sequence[Event]], Sequence[Event]]] = []
        #: The webhooks of the catalogue where they are not those that have something to get, and what each got.
        self.known_sinks: set[str] = set()
        self.given: list[Mapping[str, Sequence[Event]]] = []
        self.losses = 0
        #: What happens while webhooks are given something again, and before the stream is trimmed.
        self.meanwhile: Callable[[], object] | None = None
        self.before_trim: Callable[[], object] | None = None
        #: Webhooks that have not settled what was handed over.
        self.busy: set[str] = set()
        #: Names of the methods that raise StoreError.
        self.failing: set[str] = set()
        self._sequence = 0

    def append(self, *event_ids: str, **fields: Any) -> None:
        """Let a commit put these events into the stream."""
        for event_id in event_ids:
            self._sequence += 1
            self.entries.append(StreamedEvent(stream_id=f"{self._sequence}-0", event=event(event_id, **fields)))

    def emptied(self) -> None:
        """Lose everything, as a data server does whose disk is new."""
        self.entries, self.cursors, self._sequence = [], {}, 0
        self.losses += 1

    def read(self, after: str, count: int) -> Sequence[StreamedEvent]:
        self._may_fail("read")
        return [entry for entry in self.entries if _number(entry.stream_id) > _number(after)][:count]

    def cursor(self, sink: str) -> str | None:
        self._may_fail("cursor")
        return self.cursors.get(sink)

    def save_cursor(self, sink: str, stream_id: str) -> None:
        self._may_fail("save_cursor")
        self.cursors[sink] = stream_id

    def save_timings(self, sink: str, stream_id: str, timings: Mapping[str, Sequence[Timing]]) -> None:
        self.save_cursor(sink, stream_id)
        for provider_id, known in timings.items():
            self.timings[provider_id] = [*self.timings.get(provider_id, ()), *known][-MOST_TIMINGS:]

    def generation(self) -> str | None:
        return str(self.losses) if self.has_catalogue else None

    def polled_at(self) -> datetime | None:
        return self.polled

    def watched(self) -> Watched | None:
        return self.was_watched

    def remind(
        self,
        reported: Mapping[str, Reported],
        known_until: datetime,
        now: datetime,  # noqa: ARG002
        *,
        begun_at: datetime | None = None,
    ) -> bool:
        self.begun_at = begun_at
        self.reminders.append((reported, known_until))
        return self.has_pages

    def redeliver(
        self, events: Mapping[str, Sequence[Event]], otherwise: Sequence[Event]
    ) -> Mapping[str, Sequence[Event]]:
        self.redelivered.append((events, otherwise))
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        given = {sink: events.get(sink, otherwise) for sink in self.known_sinks or events}
        self.given.append(given)
        return given

    def given_again(self, sinks: Collection[str]) -> Collection[str]:
        return [sink for sink in sinks if sink in self.busy]

    def trim(self, before: str) -> Mapping[str, str]:
        self._may_fail("trim")
        before_trim, self.before_trim = self.before_trim, None
        if before_trim is not None:
            before_trim()
        self.entries = [entry for entry in self.entries if _number(entry.stream_id) >= _number(before)]
        return self.settled

    def _may_fail(self, method: str) -> None:
        if method in self.failing:
            raise StoreError("the data server does not answer as it should")


def _number(stream_id: str) -> int:
    return int(stream_id.partition("-")[0])


def provider(**fields: Any) -> Provider:
    """Return a provider called Acme."""
    return Provider(**{"id": "acme", "name": "Acme", "url": "https://status.acme.example"} | fields)


def failing(failures: int) -> PageState:
    """Return the state of a page of which so many polls in a row failed."""
    return PageState(readability=Readability(failures=failures))


def event(event_id: str = "acme/i1/u1", **fields: Any) -> Event:
    """Return an event of an incident."""
    plain: dict[str, Any] = {
        "event": EventKind.NEW_INCIDENT,
        "provider": "acme",
        "provider_name": "Acme",
        "product": "Acme",
        "incident_id": "i1",
        "incident": "Slow",
        "update_id": "u1",
        "status": "investigating",
        "message": "We look into it.",
        "seen_at": NOON,
    }
    return Event(id=event_id, **plain | fields)


def streamed(event_id: str = "acme/i1/u1", stream_id: str = "1-0", **fields: Any) -> StreamedEvent:
    """Return an event as it is in the stream."""
    return StreamedEvent(stream_id=stream_id, event=event(event_id, **fields))


def update(update_id: str, minute: float | None = 0, status: str = "investigating", **fields: Any) -> IncidentUpdate:
    """Return an update published that many minutes after noon."""
    created_at = None if minute is None else NOON + timedelta(minutes=minute)
    return IncidentUpdate(**{"id": update_id, "status": status, "body": "", "created_at": created_at} | fields)


def incident(incident_id: str, *updates: IncidentUpdate, **fields: Any) -> Incident:
    """Return an incident with these updates, in the state that the last of them says."""
    status = updates[-1].status if updates else "investigating"
    return Incident(
        **{"id": incident_id, "name": f"Incident {incident_id}", "status": status} | fields, updates=updates
    )


def component(component_id: str, status: str = "operational", name: str | None = None, **fields: Any) -> Component:
    """Return a component, named like its id in capitals unless said otherwise."""
    return Component(id=component_id, name=name or component_id.upper(), status=ComponentStatus(status), **fields)


def page(*incidents: Incident, minute: int | None = 0, **fields: Any) -> Snapshot:
    """Return what a page says that changed last so many minutes after that day's midnight, by its own clock."""
    updated_at = None if minute is None else MIDNIGHT + timedelta(minutes=minute)
    return Snapshot(**{"name": "Acme", "updated_at": updated_at} | fields, incidents=incidents)


def summary(snapshot: Snapshot, *, salt: int = 0) -> bytes:
    """Return the snapshot as `summary.json`; another `salt` makes other bytes of the same meaning."""
    return _statuspage(
        snapshot,
        salt=salt,
        status={"indicator": snapshot.indicator or Impact.NONE, "description": "-"},
        components=[
            {"id": part.id, "name": part.name, "status": part.status, "group": False} for part in snapshot.components
        ],
        incidents=_wire(snapshot.incidents),
        scheduled_maintenances=_wire(snapshot.maintenances, scheduled_for=NOON.isoformat()),
    )


def incidents_json(snapshot: Snapshot) -> bytes:
    """Return the snapshot's incidents as `incidents.json`."""
    return _statuspage(snapshot, incidents=_wire(snapshot.incidents))


def scheduled_json(snapshot: Snapshot) -> bytes:
    """Return the snapshot's maintenances as `scheduled-maintenances.json`."""
    entries = _wire(snapshot.maintenances, scheduled_for=NOON.isoformat())
    return _statuspage(snapshot, scheduled_maintenances=entries)


def _statuspage(snapshot: Snapshot, **lists: Any) -> bytes:
    stamp = {"updated_at": snapshot.updated_at.isoformat()} if snapshot.updated_at else {}
    about = {"id": "page", "name": snapshot.name, "url": "https://status.acme.example", **stamp}
    return json.dumps({"page": about, **lists}).encode()


def _wire(incidents: Iterable[Incident], **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": known.id,
            "name": known.name,
            "status": known.status,
            "impact": known.impact or "minor",
            "components": [{"id": name, "name": name} for name in known.components],
            "incident_updates": [_wire_update(known_update) for known_update in reversed(known.updates)],
            **more,
        }
        for known in incidents
    ]


def _wire_update(known: IncidentUpdate) -> dict[str, Any]:
    created_at = known.created_at.isoformat() if known.created_at else None
    return {"id": known.id, "status": known.status, "body": known.body, "created_at": created_at}


ATOM = """\
<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>tag:status.acme.example,2005:/history</id>
  <title>Acme - Incident History</title>
  <updated>2025-11-03T12:00:00Z</updated>
  <entry>
    <id>tag:status.acme.example,2005:Incident/1</id>
    <published>2025-11-03T11:00:00Z</published>
    <updated>2025-11-03T11:00:00Z</updated>
    <link rel="alternate" type="text/html" href="https://status.acme.example/incidents/i1"/>
    <title>Slow</title>
    <content type="html">&lt;p&gt;&lt;small&gt;Nov &lt;var data-var='date'&gt;3&lt;/var&gt;,
      &lt;var data-var='time'&gt;11:00&lt;/var&gt; UTC&lt;/small&gt;&lt;br&gt;
      &lt;strong&gt;Investigating&lt;/strong&gt; - We look into it.&lt;/p&gt;</content>
  </entry>
</feed>
"""
