"""Zendesk's Status API (JSON:API) -> Snapshot (developer.zendesk.com/api-reference/status_api, and public readers).

`/api/incidents/active` lists the open incidents, `/api/incidents/maintenance` the maintenances. Neither shows what the
other has, and ended incidents are in neither. `included` holds the updates of an incident and the services that it
affects, which the incident names in its relationships, whatever these are called. An update has an id, a text and a
time; the newest has the incident's status, an earlier one is a mere update. `/api/ssp/incidents.json`, which the page
requests itself and which has no texts, is read where a user names it (shape of inket/stts and others).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted, status_key
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, UPDATE, status_word

_Included = Mapping[tuple[str, str], dict[str, Any]]
#: Attributes of an incident in the documented answers, and in those for the page.
_DOCUMENTED: Final = frozenset({"title", "started_at", "resolved_at"})
_FOR_THE_PAGE: Final = frozenset({"name", "impact", "startedAt"})
_IMPACTS: Mapping[str, Impact] = {
    "none": Impact.NONE,
    "no_impact": Impact.NONE,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
    "maintenance": Impact.MAINTENANCE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"attributes"') and _keys(fields.json_or_none(body)) is not None


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    keys = _keys(answer)
    if keys is None and not _is_quiet(answer):
        raise refusal(body, content_type)
    if keys is _FOR_THE_PAGE:
        services = _services(answer)
        incidents, maintenances = parted(each(answer, "data", "incident", lambda entry: _brief(entry, services)))
        return Snapshot(incidents=incidents, maintenances=maintenances)
    included = {_key(entry): entry for entry in fields.objects_in(answer.get("included"))}
    is_work = url.partition("?")[0].endswith("/maintenance")
    listed = each(answer, "data", "incident", lambda entry: _incident(entry, included, is_work=is_work))
    incidents, maintenances = parted(listed)
    return Snapshot(incidents=incidents, maintenances=maintenances, open_only=True)


ZENDESK = Format(
    name="zendesk",
    title="Zendesk",
    source="its documentation, independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/incidents/active", details=("/api/incidents/maintenance",)),),
    hosts=("status.zendesk.com",),
    details_apart=True,
)


def _keys(answer: object) -> frozenset[str] | None:
    """Return the keys by which the incidents of an answer are known, None for another answer."""
    data = fields.objects_in(fields.mapping(answer).get("data"))
    held = [fields.mapping(entry.get("attributes")).keys() for entry in data]
    return next((keys for keys in (_DOCUMENTED, _FOR_THE_PAGE) if any(each >= keys for each in held)), None)


def _is_quiet(answer: object) -> bool:
    """Return whether it is an empty list, which may be any vendor's."""
    return isinstance(answer, dict) and answer.get("data") == []


def _key(entry: Mapping[str, Any]) -> tuple[str, str]:
    return str(entry.get("type")), str(entry.get("id"))


def _related(entry: Mapping[str, Any], included: _Included) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield type and attributes of the resources that an incident names."""
    for relation in fields.mapping(entry.get("relationships")).values():
        for named in fields.objects_in(fields.mapping(relation).get("data")):
            found = included.get(_key(named))
            if found is not None:
                yield _key(found)[0], {**fields.mapping(found.get("attributes")), "id": found.get("id")}


def _incident(entry: dict[str, Any], included: _Included, *, is_work: bool) -> Incident:
    attributes = fields.mapping(entry.get("attributes"))
    began, ended = fields.moment(attributes.get("started_at")), fields.moment(attributes.get("resolved_at"))
    incident_id = identity(entry.get("id"), "an incident", since=began)
    status = "resolved" if ended else status_word(attributes.get("status")) or UNKNOWN
    related = list(_related(entry, included))
    posted = oldest_first(
        among((held for kind, held in related if kind.endswith("update")), "update", _update), newest_first=False
    )
    updates = distinct(posted) or (_of_status(status, ended or began),)
    return Incident(
        id=incident_id,
        name=fields.name(attributes.get("title")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_work else fields.known(_IMPACTS, attributes.get("impact")),
        updates=(*updates[:-1], msgspec.structs.replace(updates[-1], status=status)),
        components=fields.unique(fields.name(held.get("name")) for kind, held in related if kind == "service"),
        scheduled_for=began if is_work else None,
        scheduled_until=ended if is_work else None,
    )


def _update(attributes: dict[str, Any]) -> IncidentUpdate:
    created_at = fields.moment(attributes.get("created_at"))
    return IncidentUpdate(
        id=identity(attributes.get("id"), "an incident update", since=created_at),
        status=UPDATE,
        body=fields.body_text(attributes.get("description")),
        created_at=created_at,
    )


def _of_status(status: str, since: Any) -> IncidentUpdate:
    return IncidentUpdate(id=status_key(status, since), status=status, created_at=since)


def _services(answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of the services that each incident touches, by the incident's id."""
    found: dict[str, list[str]] = {}
    for entry in fields.objects_in(answer.get("included")):
        attributes = fields.mapping(entry.get("attributes"))
        name = fields.name(attributes.get("serviceName"))
        if name and isinstance(attributes.get("incidentId"), str | int):
            found.setdefault(str(attributes["incidentId"]), []).append(name)
    return found


def _brief(entry: dict[str, Any], services: Mapping[str, list[str]]) -> Incident:
    """Return an incident of the answer for the page: a status, since it began or was resolved."""
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
        updates=(_of_status(status, ended or began),),
        components=fields.unique(services.get(incident_id, ())),
        scheduled_for=began if impact is Impact.MAINTENANCE else None,
    )
