"""FireHydrant's status pages (`/data/payload.json`) -> Snapshot.

One answer has everything: the page's components, open and ended incidents with their timelines, and planned
maintenance. The keys are those of independent public readers, two of Backblaze's page and one of Redis's. A condition
(`Degraded`) is a word of the page's own; `conditions` holds its meaning. A component without a condition works, unless
an open incident affects it. An entry of a timeline is a note, or a milestone that the incident has reached; its time is
its id. Severity is the worst condition of an incident's components. The feed (`/data/rss.xml`) is read as a feed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first, status_key, with_status_before
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UPDATE, status_word

_STATUSES: Mapping[str, ComponentStatus] = {
    "operational": ComponentStatus.OPERATIONAL,
    "degraded": ComponentStatus.DEGRADED_PERFORMANCE,
    "partial_outage": ComponentStatus.PARTIAL_OUTAGE,
    "offline": ComponentStatus.MAJOR_OUTAGE,
    "unavailable": ComponentStatus.MAJOR_OUTAGE,
    "major_outage": ComponentStatus.MAJOR_OUTAGE,
    "maintenance": ComponentStatus.UNDER_MAINTENANCE,
}
_IMPACTS: Mapping[ComponentStatus, Impact] = {
    ComponentStatus.OPERATIONAL: Impact.NONE,
    ComponentStatus.DEGRADED_PERFORMANCE: Impact.MINOR,
    ComponentStatus.PARTIAL_OUTAGE: Impact.MAJOR,
    ComponentStatus.MAJOR_OUTAGE: Impact.CRITICAL,
}
_MILESTONES: Mapping[str, str] = {
    "started": "investigating",
    "detected": "investigating",
    "acknowledged": "investigating",
    "mitigated": "monitoring",
}
_OVER: Final = frozenset({"resolved", "closed"})
_Conditions = Mapping[str, ComponentStatus]


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"config"', b'"components"') and _is_payload(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_payload(answer):
        raise refusal(body, content_type)
    conditions = _conditions(answer)
    site = fields.site(url)
    incidents = distinct(each(answer, "incidents", "incident", lambda entry: _incident(entry, conditions, site)))
    works = each(answer, "scheduledMaintenances", "maintenance", _maintenance)
    open_ids = {incident.id for incident in incidents if incident.is_open}
    affected = _affected(answer, open_ids, conditions)
    return Snapshot(
        name=fields.name(answer["config"].get("companyName")) or fields.name(answer["config"].get("title")),
        incidents=incidents,
        maintenances=distinct(works),
        components=distinct(
            each(answer, "components", "component", lambda entry: _component(entry, affected, conditions))
        ),
        components_listed=True,
    )


FIREHYDRANT = Format(
    name="firehydrant",
    title="FireHydrant",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/data/payload.json"),),
    signs=(b"firehydrant",),
)


def _is_payload(answer: object) -> bool:
    holder = fields.mapping(answer)
    config = fields.mapping(holder.get("config"))
    is_page = "operationalMessage" in config and isinstance(holder.get("components"), list)
    return is_page and ("incidents" in holder or "conditions" in holder)


def _conditions(answer: Mapping[str, Any]) -> dict[str, ComponentStatus]:
    """Return the meaning of the page's own words for conditions."""
    named = fields.mapping(answer.get("conditions"))
    found = {str(word).strip().lower(): fields.known(_STATUSES, meaning) for word, meaning in named.items()}
    # The word is more precise than its meaning: a page may define `Maintenance` as DEGRADED.
    return {
        word: known
        for word, meaning in found.items()
        if (known := fields.known(_STATUSES, word) or meaning) is not None
    }


def _status(word: object, conditions: _Conditions) -> ComponentStatus:
    text = word.strip().lower() if isinstance(word, str) else ""
    return conditions.get(text) or fields.known(_STATUSES, text) or ComponentStatus.UNKNOWN


def _condition_of(entry: Mapping[str, Any], conditions: _Conditions) -> Iterator[tuple[str, ComponentStatus]]:
    """Yield name and status of the components that an incident names."""
    for label, word in fields.mapping(entry.get("componentConditions")).items():
        if name := fields.name(label):
            yield name, _status(word, conditions)
    for part in fields.objects_in(entry.get("components")):
        if name := fields.name(part.get("name")):
            yield name, _status(part.get("condition"), conditions)


def _affected(answer: Mapping[str, Any], open_ids: set[str], conditions: _Conditions) -> dict[str, ComponentStatus]:
    going_on = (
        entry for entry in fields.objects_in(answer.get("incidents")) if str(entry.get("id")).strip() in open_ids
    )
    return {name: status for entry in going_on for name, status in _condition_of(entry, conditions)}


def _component(entry: dict[str, Any], affected: Mapping[str, ComponentStatus], conditions: _Conditions) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a component", name=name or "")
    word = entry.get("customerCondition") or entry.get("condition")
    status = _status(word, conditions) if word else affected.get(name or "", ComponentStatus.OPERATIONAL)
    return Component(id=component_id, name=name or component_id, status=status)


def _incident(entry: dict[str, Any], conditions: _Conditions, site: str | None) -> Incident:
    times = fields.mapping(entry.get("timestamps"))
    began = fields.moment(times.get("started")) or fields.moment(times.get("detected"))
    ended = fields.moment(times.get("resolved"))
    incident_id = identity(entry.get("id"), "an incident", since=began)
    milestone = _milestone(entry.get("currentMilestone"))
    status = "resolved" if ended else milestone or "investigating"
    posted = oldest_first(each(entry, "timeline", "update", _update))
    updates = identified(with_status_before(posted, "investigating"))
    if not updates or (ended and updates[-1].status not in _OVER):
        updates = (
            *updates,
            IncidentUpdate(id=status_key(status, ended or began), status=status, created_at=ended or began),
        )
    parts = list(_condition_of(entry, conditions))
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or fields.name(entry.get("title")) or incident_id,
        status=status,
        impact=worst_impact([_IMPACTS.get(condition) for _, condition in parts]),
        link=fields.link(f"{site}/incidents/{incident_id}"),
        updates=updates,
        components=fields.unique(name for name, _ in parts),
    )


def _milestone(word: object) -> str | None:
    known = fields.known(_MILESTONES, word) or status_word(word)
    return "resolved" if isinstance(word, str) and word.strip().lower() in _OVER else known


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    details = fields.mapping(entry.get("details"))
    word = details.get("currentMilestone") or details.get("milestone")
    return IncidentUpdate(
        id="",
        status=_milestone(word) or UPDATE,
        body=fields.body_text(details.get("note") or details.get("summary") or details.get("description")),
        created_at=fields.moment(entry.get("occurredAt")),
    )


def _maintenance(entry: dict[str, Any]) -> Incident:
    begins, ends = fields.moment(entry.get("startsAt")), fields.moment(entry.get("endsAt"))
    changed: datetime | None = fields.moment(entry.get("updatedAt")) or fields.moment(entry.get("createdAt"))
    maintenance_id = identity(entry.get("id"), "a maintenance", since=begins)
    body = fields.body_text(entry.get("summary") or entry.get("description"))
    return Incident(
        id=maintenance_id,
        name=fields.name(entry.get("name")) or maintenance_id,
        status="scheduled",
        impact=Impact.MAINTENANCE,
        updates=(IncidentUpdate(id="scheduled", status="scheduled", body=body, created_at=changed),),
        components=fields.unique(map(fields.name, fields.mapping(entry.get("componentConditions")))),
        scheduled_for=begins,
        scheduled_until=ends,
    )
