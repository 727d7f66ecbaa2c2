"""Salesforce Trust: the status of one instance, and all active incidents -> Snapshot.

`/v1/instances/<key>/status` has everything about one instance: its open incidents, and its planned and running
maintenances. Incidents, events and maintenances have ids; incidents have no titles. An incident is open until all its
impacts have an end. The status of the instance is its one component. Only the customer knows the instance, so the
address names it. `/v1/incidents/active` lists the same objects for all instances, which are its regions: a customer of
several names them as such. Independent public readers read it so. (api.status.salesforce.com/v1/docs)
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity, marked
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UPDATE, status_word

_MARKS = frozenset({"key", "status", "Incidents", "Maintenances"})
_PAGE = "status.salesforce.com"
_API = "https://api.status.salesforce.com/v1"
_INSTANCE = re.compile(r"/instances/([A-Za-z0-9_-]{1,40})(?:/.*)?")
#: Keys of an incident in the list of active ones.
_ACTIVE = frozenset({"id", "IncidentImpacts", "IncidentEvents", "instanceKeys"})
_IMPACTS: Mapping[str, Impact] = {"minor": Impact.MINOR, "major": Impact.MAJOR}
_STATUSES: Mapping[str, ComponentStatus] = {
    "ok": ComponentStatus.OPERATIONAL,
    "minor_incident": ComponentStatus.DEGRADED_PERFORMANCE,
    "major_incident": ComponentStatus.MAJOR_OUTAGE,
    "maintenance": ComponentStatus.UNDER_MAINTENANCE,
    "informational": ComponentStatus.OPERATIONAL,
}


def _recognises(body: bytes, _: str | None) -> bool:
    if mentions(body, b'"Incidents"', b'"Maintenances"'):
        return _is_salesforce(fields.json_or_none(body))
    return mentions(body, b'"IncidentImpacts"', b'"instanceKeys"') and marked(fields.json_or_none(body), _ACTIVE)


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:  # noqa: ARG001  the answer has no addresses
    answer = fields.json_or_none(body)
    if answer == [] or marked(answer, _ACTIVE):
        return Snapshot(incidents=distinct(each({"list": answer}, "list", "incident", _incident)), open_only=True)
    if not _is_salesforce(answer):
        raise refusal(body, content_type)
    key = fields.identifier(answer.get("key"), "an instance")
    return Snapshot(
        name=key,
        incidents=distinct(each(answer, "Incidents", "incident", _incident)),
        maintenances=distinct(each(answer, "Maintenances", "maintenance", _maintenance)),
        components=(Component(id=key, name=key, status=_status(answer.get("status"))),),
        open_only=True,
    )


def _linked(_: bytes, url: str) -> tuple[Endpoints, ...]:
    """Return the answer for the instance in the page's address, or for all instances if it names none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    if parts.hostname != _PAGE:
        return ()
    instance = _INSTANCE.fullmatch(parts.path)
    path = f"instances/{instance[1]}/status" if instance else "incidents/active"
    return (Endpoints(primary=f"{_API}/{path}"),) if instance or parts.path in ("", "/") else ()


SALESFORCE = Format(
    name="salesforce",
    title="Salesforce Trust, one instance",
    recognises=_recognises,
    read=_read,
    linked=_linked,
    hosts=("api.status.salesforce.com", "status.salesforce.com"),
)


def _is_salesforce(answer: object) -> bool:
    return isinstance(answer, dict) and answer.keys() >= _MARKS and isinstance(answer["Incidents"], list)


def _status(word: object) -> ComponentStatus:
    """Return the status that a word such as MINOR_INCIDENT_NONCORE gives the instance."""
    folded = word.lower().removesuffix("_core").removesuffix("_noncore") if isinstance(word, str) else ""
    return _STATUSES.get(folded, ComponentStatus.UNKNOWN)


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = identity(entry.get("id"), "an incident", since=fields.moment(entry.get("createdAt")))
    impacts = fields.objects_in(entry.get("IncidentImpacts"))
    is_over = bool(impacts) and all(impact.get("endTime") for impact in impacts)
    status = "resolved" if is_over else "active"
    severities = [fields.known(_IMPACTS, impact.get("severity")) for impact in impacts]
    return Incident(
        id=incident_id,
        name=f"Incident {incident_id}",
        status=status,
        impact=next((known for known in (Impact.MAJOR, Impact.MINOR) if known in severities), None),
        updates=_updates(each(entry, "IncidentEvents", "update", _update), "active", status),
        components=fields.words(entry.get("serviceKeys")),
        regions=fields.words(entry.get("instanceKeys")),
    )


def _maintenance(entry: dict[str, Any]) -> Incident:
    begins = fields.moment(entry.get("plannedStartTime"))
    since = fields.moment(entry.get("createdAt")) or begins
    maintenance_id = identity(entry.get("id"), "a maintenance", since=since)
    updates = _updates(each(entry, "MaintenanceEvents", "update", _update), "scheduled", "scheduled")
    return Incident(
        id=maintenance_id,
        name=fields.name(entry.get("name")) or maintenance_id,
        status=updates[-1].status if updates else "scheduled",
        impact=Impact.MAINTENANCE,
        updates=updates,
        components=fields.words(entry.get("serviceKeys")),
        scheduled_for=begins,
        scheduled_until=fields.moment(entry.get("plannedEndTime")),
    )


def _updates(events: list[IncidentUpdate], earlier: str, newest: str) -> tuple[IncidentUpdate, ...]:
    """Return the events, newest first in the answer. A mere `update` has no status of its own."""
    updates = oldest_first(distinct(events), newest_first=True)
    statuses = [*(earlier for _ in updates[1:]), newest]
    return tuple(
        msgspec.structs.replace(update, status=status if update.status == UPDATE else update.status)
        for update, status in zip(updates, statuses, strict=False)
    )


def _update(event: dict[str, Any]) -> IncidentUpdate:
    created_at = fields.moment(event.get("createdAt"))
    return IncidentUpdate(
        id=identity(event.get("id"), "an event", since=created_at),
        status=status_word(event.get("type")) or UPDATE,
        body=fields.body_text(event.get("message")),
        created_at=created_at,
    )
