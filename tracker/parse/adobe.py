"""Adobe's events of the last forty days (`data.status.adobe.com/adobestatus/StatusEvents`) -> Snapshot.

One document (about 4 MB) holds incidents and maintenance. Each lists its products, and each product has a history with
times in seconds; titles and texts are stored apart, by token and language. An event is one incident. Its updates are
those of its products, each moment and text once, and it is over when it is over for all of them. Its regions are those
in the newest entry of each product (`locationImpact.serviceRegions`); the products are its components. The keys are
those of independent public readers (tap-adobe-status, inket/stts, centreon-plugins). One of them knows services within
a product, which are not read.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse.entries import Kind, among, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import digest_key, distinct, oldest_first, with_status_before
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, status_word

_SECTIONS: Final[tuple[tuple[Kind, str, str], ...]] = (
    ("incident", "incidentEvent", "incidents"),
    ("maintenance", "maintenanceEvent", "maintenance"),
)
_IMPACTS: Mapping[str, Impact] = {
    "trivial": Impact.MINOR,
    "potential": Impact.MINOR,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
}
_STATUSES: Mapping[str, str] = {
    "discovery": "investigating",
    "opened": "investigating",
    "reopened": "investigating",
    "started": "in_progress",
    "updated": "update",
    "closed": "resolved",
    "dismissed": "resolved",
}
#: Digits of a time in milliseconds, the longest; others are in seconds.
_LONGEST_TIME: Final = 13
_CLOSED: Final = frozenset({"resolved", "completed", "cancelled"})


def _recognises(body: bytes, _: str | None) -> bool:
    named = mentions(body, b'"incidentEvent"') or mentions(body, b'"maintenanceEvent"')
    return named and _is_events(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_events(answer):
        raise refusal(body, content_type)
    found: dict[Kind, tuple[Incident, ...]] = {}
    for kind, section, key in _SECTIONS:
        holder = fields.mapping(answer.get(section))
        texts = fields.mapping(fields.mapping(holder.get("messages")).get("en"))
        events = [event for event in fields.mapping(holder.get(key)).values() if isinstance(event, dict) and event]
        found[kind] = distinct(among(events, kind, lambda event, k=kind, t=texts: _incident(event, t, k)))  # type: ignore[misc]
    return Snapshot(incidents=found["incident"], maintenances=found["maintenance"])


ADOBE = Format(
    name="adobe",
    title="Adobe",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="https://data.status.adobe.com/adobestatus/StatusEvents"),),
    hosts=("status.adobe.com", "data.status.adobe.com"),
)


def _is_events(answer: object) -> bool:
    holder = fields.mapping(answer)
    return any(isinstance(fields.mapping(holder.get(section)).get(key), dict) for _, section, key in _SECTIONS)


def _incident(event: dict[str, Any], texts: Mapping[str, Any], kind: Kind) -> Incident:
    is_work = kind == "maintenance"
    begins = fields.moment(event.get("scheduledDate")) or fields.moment(event.get("startedOn"))
    incident_id = identity(event.get("id"), "an event", since=begins)
    products = [product for product in fields.mapping(event.get("products")).values() if isinstance(product, dict)]
    changes = list(_changes(products))
    updates = with_status_before(
        oldest_first(distinct(among(changes, "update", lambda entry: _update(entry, texts)))), "investigating"
    )
    newest = [entry for product in products for _, entry in list(_changes([product]))[-1:]]
    statuses = [_status(entry) for entry in newest]
    is_over = bool(statuses) and _CLOSED.issuperset(statuses)
    status = updates[-1].status if updates else UNKNOWN
    if statuses and not is_over:
        status = next((update.status for update in reversed(updates) if update.status not in _CLOSED), "active")
    elif is_over:
        status = "completed" if is_work else "resolved"
    titles = (_text(texts, entry.get("titleToken")) for _, entry in reversed(changes))
    impacts = [fields.known(_IMPACTS, entry.get("severity")) for _, entry in changes]
    return Incident(
        id=incident_id,
        name=fields.name(fields.body_text(next(filter(None, titles), None))) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_work else worst_impact(impacts),
        updates=updates,
        components=fields.names(products),
        regions=fields.unique(region for entry in newest for region in _regions(entry)),
        scheduled_for=begins if is_work else None,
        scheduled_until=fields.moment(event.get("completedOn")) or fields.moment(event.get("endDate"))
        if is_work
        else None,
    )


def _changes(products: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each entry of the products' histories with its time in seconds, oldest first."""
    found = [
        (int(second), entry)
        for product in products
        for second, entry in fields.mapping(product.get("history")).items()
        if second.isascii() and second.isdecimal() and len(second) <= _LONGEST_TIME and isinstance(entry, dict)
    ]
    yield from sorted(found, key=lambda change: change[0])


def _status(entry: Mapping[str, Any]) -> str:
    word = entry.get("status")
    return fields.known(_STATUSES, word) or status_word(word) or UNKNOWN


def _regions(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return fields.words(fields.mapping(entry.get("locationImpact")).get("serviceRegions"))


def _update(change: tuple[int, dict[str, Any]], texts: Mapping[str, Any]) -> IncidentUpdate:
    second, entry = change
    status, token = _status(entry), str(entry.get("messageToken") or "")
    return IncidentUpdate(
        id=digest_key(str(second), status, token),
        status=status,
        body=fields.body_text(_text(texts, token)),
        created_at=fields.moment(entry.get("messageTime")) or fields.moment(second),
        regions=_regions(entry),
    )


def _text(texts: Mapping[str, Any], token: object) -> str | None:
    """Return the text of a token; placeholders for times (`{startDateTime}`) may be left in it."""
    entry = fields.mapping(texts.get(token)) if isinstance(token, str) else {}
    text = entry.get("htmlMessage") or entry.get("textMessage")
    return text if isinstance(text, str) else None
