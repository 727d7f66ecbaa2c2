"""Algolia's Monitoring API (`status.algolia.com/1/…`) -> Snapshot (algolia.com/doc/rest-api/monitoring).

`/1/status` has a status word for each cluster. `/1/incidents` has the events of each cluster: a time `t` in
milliseconds, a title, and the status from then on, `operational` at the end. Neither answer shows what the other has.
Nothing has an id: the events between two `operational` ones of a cluster are an incident, known by its cluster and
begin, and each event is an update with its title as text.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse.entries import among, entry_by_entry
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import identified, time_key
from tracker.parse.sniff import mentions, refusal

_STATUSES: Mapping[str, ComponentStatus] = {
    "operational": ComponentStatus.OPERATIONAL,
    "degraded_performance": ComponentStatus.DEGRADED_PERFORMANCE,
    "partial_outage": ComponentStatus.PARTIAL_OUTAGE,
    "major_outage": ComponentStatus.MAJOR_OUTAGE,
}
_IMPACTS: Mapping[str, Impact] = {
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MAJOR,
    "major_outage": Impact.CRITICAL,
}
_WORKS: Final = "operational"
_MOMENT = tuple[datetime, str, str]


def _recognises(body: bytes, _: str | None) -> bool:
    named = mentions(body, b'"status"') or mentions(body, b'"incidents"')
    return named and _kind(fields.json_or_none(body)) is not None


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    kind = _kind(answer) or _quiet_kind(answer)
    if kind == "status":
        components = among(answer["status"].items(), "component", _component)
        return Snapshot(components=tuple(components), components_listed=True)
    if kind != "incidents":
        raise refusal(body, content_type)
    listed = [(cluster, moments) for cluster, events in answer["incidents"].items() for moments in _runs(events)]
    return Snapshot(incidents=tuple(among(listed, "incident", _incident)))


ALGOLIA = Format(
    name="algolia",
    title="Algolia",
    source="its documentation",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/1/status", details=("/1/incidents",)),),
    hosts=("status.algolia.com",),
    details_apart=True,
)


def _kind(answer: object) -> str | None:
    """Return the kind of the answer, None for another one."""
    if not isinstance(answer, dict) or len(answer) != 1:
        return None
    clusters = fields.mapping(answer.get("status"))
    if clusters and all(isinstance(word, str) and word in _STATUSES for word in clusters.values()):
        return "status"
    moments = [
        event for events in fields.mapping(answer.get("incidents")).values() for event in fields.objects_in(events)
    ]
    return "incidents" if any(isinstance(event.get("v"), dict) and "t" in event for event in moments) else None


def _quiet_kind(answer: object) -> str | None:
    """Return the kind of an answer without any cluster, which may be any vendor's."""
    if isinstance(answer, dict) and len(answer) == 1:
        return next((key for key in ("status", "incidents") if isinstance(answer.get(key), dict)), None)
    return None


def _component(named: tuple[str, Any]) -> Component:
    cluster, word = named
    component_id = fields.identifier(cluster, "a cluster")
    status = fields.known(_STATUSES, word) or ComponentStatus.UNKNOWN
    return Component(id=component_id, name=fields.name(cluster) or component_id, status=status)


def _runs(events: object) -> Iterator[list[_MOMENT]]:
    """Yield each run of events from the first that is not `operational` to the next that is, oldest first."""
    run: list[_MOMENT] = []
    for at, word, title in sorted(_moments(events)):
        if word != _WORKS or run:
            run.append((at, word, title))
        if word == _WORKS and run:
            yield run
            run = []
    if run:
        yield run


def _moments(events: object) -> Iterator[_MOMENT]:
    for event in fields.objects_in(events):
        held, at = fields.mapping(event.get("v")), event.get("t")
        word = fields.name(held.get("status"))
        if word and isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < _LATEST:
            yield datetime.fromtimestamp(int(at) // 1000, UTC), word.lower(), fields.name(held.get("title")) or ""


#: The year 2286, in milliseconds.
_LATEST: Final = 10_000_000_000_000


def _incident(found: tuple[str, list[_MOMENT]]) -> Incident:
    cluster, run = found
    name = fields.name(cluster) or ""
    updates = [
        IncidentUpdate(id="", status="resolved" if word == _WORKS else "investigating", body=title, created_at=at)
        for at, word, title in run
    ]
    broken = [(word, title) for _, word, title in run if word != _WORKS]
    return Incident(
        id=fields.identifier(f"{cluster}/{time_key(run[0][0])}", "an incident"),
        name=next((title for _, title in broken if title), name),
        status=updates[-1].status,
        impact=worst_impact([fields.known(_IMPACTS, word) for word, _ in broken]),
        updates=identified(updates),
        components=(name,) if name else (),
    )
