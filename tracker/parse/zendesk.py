"""Zendesk's list of incidents (`/api/ssp/incidents.json`, JSON:API) -> Snapshot, in part: no texts of updates.

Each incident has a status, times and flags; `included` says which services it touches, with their names. Open and ended
ones of the last days are listed. An update is a status, since the incident began or was resolved: the answer dates
nothing else. The shape is that of independent public readers (inket/stts,
gzuercher/status-page-to-chat, hani-sul/Wakz).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import parted, status_key
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, status_word

_MARKS: Final = frozenset({"name", "impact", "startedAt"})
_IMPACTS: Mapping[str, Impact] = {
    "none": Impact.NONE,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
    "maintenance": Impact.MAINTENANCE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"resolvedAt"', b'"startedAt"') and _is_list(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_list(answer) and not _is_quiet(answer):
        raise refusal(body, content_type)
    services = _services(answer)
    incidents, maintenances = parted(each(answer, "data", "incident", lambda entry: _incident(entry, services)))
    return Snapshot(incidents=incidents, maintenances=maintenances)


ZENDESK = Format(
    name="zendesk",
    title="Zendesk",
    in_part="no texts of updates",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/ssp/incidents.json"),),
    hosts=("status.zendesk.com",),
)


def _is_list(answer: object) -> bool:
    data = fields.objects_in(fields.mapping(answer).get("data"))
    return any(fields.mapping(entry.get("attributes")).keys() >= _MARKS for entry in data)


def _is_quiet(answer: object) -> bool:
    """Return whether it is a list of nothing, which has nobody's shape."""
    return isinstance(answer, dict) and answer.get("data") == []


def _services(answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of the services that each incident touches, by the incident's id."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in fields.objects_in(answer.get("included")):
        attributes = fields.mapping(entry.get("attributes"))
        name = fields.name(attributes.get("serviceName"))
        if name and isinstance(attributes.get("incidentId"), str | int):
            found[str(attributes["incidentId"])].append(name)
    return found


def _incident(entry: dict[str, Any], services: Mapping[str, list[str]]) -> Incident:
    attributes = fields.mapping(entry.get("attributes"))
    began, ended = fields.moment(attributes.get("startedAt")), fields.moment(attributes.get("resolvedAt"))
    incident_id = identity(entry.get("id"), "an incident", since=began)
    status = "resolved" if ended else status_word(attributes.get("status")) or UNKNOWN
    impact = fields.known(_IMPACTS, attributes.get("impact"))
    return Incident(
        id=incident_id,
        name=fields.name(attributes.get("name")) or incident_id,
        status=status,
        impact=impact,
        updates=(IncidentUpdate(id=status_key(status, ended or began), status=status, created_at=ended or began),),
        components=fields.unique(services.get(incident_id, ())),
        scheduled_for=began if impact is Impact.MAINTENANCE else None,
    )
