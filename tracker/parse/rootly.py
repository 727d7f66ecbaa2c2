"""Rootly's public status page API -> Snapshot (docs.rootly.com/configuration/status-page-public-api).

`/api/v1/status.json` has the page's word and the ongoing events, `/api/v1/incidents.json` the same incidents, with
their updates according to the documentation. Neither shows ended events or ids: an incident is known by its address, an
update by its time. Neither has a list of components. Rootly runs a bot check on some pages, which then cannot be read.
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import identified, oldest_first, parted
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, status_word

_KEYS: Final = frozenset({"page", "status", "incidents", "meta"})
_MARKS: Final = frozenset({"name", "url", "started_at"})
_IMPACTS: Mapping[str, Impact] = {
    "none": Impact.NONE,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
    "maintenance": Impact.MAINTENANCE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"page"', b'"incidents"') and is_rootly(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not is_rootly(answer):
        raise refusal(body, content_type)
    incidents, maintenances = parted(each(answer, "incidents", "incident", _incident))
    return Snapshot(
        name=fields.name(answer["page"].get("name")),
        indicator=fields.known(_IMPACTS, fields.mapping(answer.get("status")).get("indicator")),
        incidents=incidents,
        maintenances=maintenances,
        open_only=True,
    )


ROOTLY = Format(
    name="rootly",
    title="Rootly",
    in_part="no components",
    source="its documentation",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/v1/status.json", details=("/api/v1/incidents.json",)),),
    signs=(b"rootly",),
)


def is_rootly(answer: object) -> bool:
    """Return whether it is a page without an id, and incidents without ids."""
    if not isinstance(answer, dict) or not answer.keys() <= _KEYS or not isinstance(answer.get("incidents"), list):
        return False
    page, listed = fields.mapping(answer.get("page")), fields.objects_in(answer["incidents"])
    is_page = isinstance(page.get("url"), str) and "id" not in page and "time_zone" in page
    return is_page and all(entry.keys() >= _MARKS and "id" not in entry for entry in listed)


def _incident(entry: dict[str, Any]) -> Incident:
    link, began = fields.link(entry.get("url")), fields.moment(entry.get("started_at"))
    incident_id = identity(None, "an incident", link=link, since=began)
    updates = identified(oldest_first(each(entry, "incident_updates", "update", _update)))
    ended = fields.moment(entry.get("resolved_at"))
    said = updates[-1].status if updates else status_word(entry.get("status")) or UNKNOWN
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("name")) or incident_id,
        status="resolved" if ended else "investigating" if said == UNKNOWN else said,
        impact=fields.known(_IMPACTS, entry.get("impact")),
        link=link,
        updates=updates,
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status=status_word(entry.get("status")) or UNKNOWN,
        body=fields.body_text(entry.get("body")),
        created_at=fields.moment(entry.get("created_at")),
    )
