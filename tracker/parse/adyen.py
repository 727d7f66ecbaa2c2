"""Adyen's active incidents (`/api/incident-messages/active`) -> Snapshot, in part: no maintenance, no components.

The answer comes from Contentful: incidents with their updates, each text as a tree of rich text. An incident that has
ended is no longer listed. GREY marks an incident of a company other than Adyen. Maintenance has an endpoint that takes
dates, and is not read. The shape is that of two independent public readers (hani-sul/Wakz, and one that also types the
texts of updates).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, with_status_before
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, status_word

_IMPACTS: Mapping[str, Impact] = {"grey": Impact.NONE, "yellow": Impact.MINOR, "red": Impact.MAJOR}
_SYSTEMS: Mapping[str, str] = {
    "PLATFORM_AVAILABILITY": "Payments",
    "ACQUIRER_PAYMENTS_PERFORMANCE": "Payment methods and issuers",
    "CUSTOMER_AREA_REPORTING": "Interfaces and reporting",
    "SETTLEMENT_PAYOUT": "Settlement and payouts",
    "ADYEN_FOR_PLATFORMS": "Adyen for Platforms",
    "FINANCIAL_PRODUCTS": "Financial products",
}
_STATUSES: Mapping[str, str] = {"updated": "update"}
_DEEPEST: Final = 20


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"incidentMessageCollection"') and _is_list(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_list(answer):
        raise refusal(body, content_type)
    collection = answer["incidentMessageCollection"]
    return Snapshot(incidents=distinct(each(collection, "items", "incident", _incident)), open_only=True)


ADYEN = Format(
    name="adyen",
    title="Adyen",
    in_part="no maintenance",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/incident-messages/active"),),
    hosts=("status.adyen.com",),
)


def _is_list(answer: object) -> bool:
    collection = fields.mapping(answer).get("incidentMessageCollection")
    return isinstance(fields.mapping(collection).get("items"), list)


def _incident(entry: dict[str, Any]) -> Incident:
    began = fields.moment(entry.get("date"))
    incident_id = identity(fields.mapping(entry.get("sys")).get("id"), "an incident", since=began)
    listed = fields.mapping(entry.get("incidentStatusCollection"))
    updates = with_status_before(oldest_first(distinct(each(listed, "items", "update", _update))))
    system = entry.get("systemAffected")
    name = _SYSTEMS.get(system, fields.name(system)) if isinstance(system, str) else None
    status = "resolved" if entry.get("resolved") is True else updates[-1].status if updates else "active"
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status,
        impact=fields.known(_IMPACTS, entry.get("severity")),
        updates=updates,
        components=fields.unique([name]),
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    posted = fields.moment(entry.get("date"))
    word = entry.get("status")
    text = "\n\n".join(_paragraphs(fields.mapping(entry.get("description")).get("json")))
    return IncidentUpdate(
        id=identity(fields.mapping(entry.get("sys")).get("id"), "an incident update", since=posted),
        status=fields.known(_STATUSES, word) or status_word(word) or UNKNOWN,
        body=fields.body_text(text),
        created_at=posted,
    )


def _paragraphs(document: object) -> Iterator[str]:
    for block in fields.objects_in(fields.mapping(document).get("content"))[:200]:
        text = "".join(_texts(block, _DEEPEST))
        if text.strip():
            yield text


def _texts(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    if isinstance(node.get("value"), str):
        yield node["value"]
    if depth:
        for inner in fields.objects_in(node.get("content")):
            yield from _texts(inner, depth - 1)
