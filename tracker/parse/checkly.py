"""Checkly's list of unresolved incidents -> Snapshot, as its status pages ask for it themselves.

`/api/status-page/<slug>/unresolved-incidents` lists open incidents with all updates: one request shows whether the page
is quiet. Incidents and updates have the shape and the ids of Checkly's API (checklyhq.com/docs/api-reference, "Status
page incidents"). What ended is not shown. The other answers of a page (services, uptime, maintenance windows) are not
documented and not asked for. Severity: minor and medium are minor, the others are named alike.

A page at `<slug>.checkly-status-page.com` has its slug in the address; for a page at a domain of its own, give the
address of the list.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity, marked
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, status_word

_DOMAIN = ".checkly-status-page.com"
_SLUG = re.compile(r"[a-z0-9-]{1,63}")
_IMPACTS: Mapping[str, Impact] = {
    "minor": Impact.MINOR,
    "medium": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
}
_MARKS = frozenset({"incidentUpdates", "lastUpdateStatus", "severity"})


def _recognises(body: bytes, _: str | None) -> bool:
    return _is_list(fields.json_object(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if not _is_list(answer):
        raise refusal(body, content_type)
    return Snapshot(incidents=distinct(each(answer, "incidents", "incident", _incident)), open_only=True)


def _linked(_: bytes, url: str) -> tuple[Endpoints, ...]:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ()
    slug = host.removesuffix(_DOMAIN)
    if slug == host or not _SLUG.fullmatch(slug):
        return ()
    return (Endpoints(primary=f"/api/status-page/{slug}/unresolved-incidents"),)


CHECKLY = Format(name="checkly", title="Checkly", recognises=_recognises, read=_read, linked=_linked)


def _is_list(answer: dict[str, Any]) -> bool:
    """Return whether it is a list of Checkly incidents; an empty list has no marks, and says that all is quiet."""
    incidents = answer.get("incidents")
    if answer.keys() != {"incidents"} or not isinstance(incidents, list):
        return False
    return not incidents or marked(incidents, _MARKS)


def _incident(entry: dict[str, Any]) -> Incident:
    incident_id = identity(entry.get("id"), "an incident", since=fields.moment(entry.get("created_at")))
    status = status_word(entry.get("lastUpdateStatus"))
    listed = each(entry, "incidentUpdates", "update", lambda update: _update(update, status or UNKNOWN))
    updates = oldest_first(distinct(listed), newest_first=True)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status=status or (updates[-1].status if updates else UNKNOWN),
        impact=fields.known(_IMPACTS, entry.get("severity")),
        updates=updates,
        components=fields.names(entry.get("services")),
    )


def _update(entry: dict[str, Any], incident_status: str) -> IncidentUpdate:
    created_at = fields.moment(entry.get("created_at")) or fields.moment(entry.get("publicIncidentUpdateDate"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=created_at),
        status=status_word(entry.get("status")) or incident_status,
        body=fields.body_text(entry.get("description")),
        created_at=created_at,
    )
