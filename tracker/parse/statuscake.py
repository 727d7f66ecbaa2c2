"""StatusCake's status pages -> Snapshot: the HTML page, which is the only answer.

A tile for each component has its state as a label; a component below another is named after it. A box for each event of
the last days has its title, and the states and texts of its updates, newest first. Recorded (Mailchimp's page, trimmed
by its recorder). An event is known by its address, an update by its time, else by its state and text. No recording of a
maintenance is known: an event with that label is one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import among, entry_by_entry, identity
from tracker.parse.format import Format
from tracker.parse.listed import digest_key, distinct, oldest_first, parted, time_key
from tracker.parse.sniff import refusal
from tracker.parse.words import MAINTENANCE_STATUSES, UNKNOWN, component_status, known_status

#: Characters that are read of a page, and of an event or a tile in it.
_LOOKED_AT: Final = 2 * 1024 * 1024
_LONGEST_EVENT: Final = 100_000
_LONGEST_TILE: Final = 2_000
_MARKS: Final = (b'id="status-bar"', b'id="outage_history"', b"singleton-container")
_EVENT: Final = re.compile(r'<div class="box event\b')
_TITLE: Final = re.compile(r"<h3>(?P<title>[^<]{1,1000})</h3>")
_DETAILS: Final = re.compile(r'href="(?P<path>/details/(?P<id>[\w-]{1,100}))"')
_STATE: Final = re.compile(r"<strong>\s{0,20}([^<>]{2,60}?)\s{0,20}</strong>")
_STAMP: Final = re.compile(r'<span class="timestamp">([^<]{1,60})</span>')
_TILE: Final = re.compile(r"<div\b[^>]{0,300}\bsingleton-(?P<kind>parent|with-parent)\b[^>]{0,300}>")
_DATA_ID: Final = re.compile(r'data-id="([\w-]{1,100})"')
_NAME: Final = re.compile(r'class="level-left">\s{0,80}(?:<span>)?(?P<name>[^<]{1,300})')
_LABEL: Final = re.compile(r'<span class="tag [^"]{0,100}">(?P<label>[^<]{1,100})</span>')
_STATUSES: Mapping[str, ComponentStatus] = {
    "good_service": ComponentStatus.OPERATIONAL,
    "intermittent": ComponentStatus.DEGRADED_PERFORMANCE,
    "service_disruption": ComponentStatus.PARTIAL_OUTAGE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return page_data.is_page(body) and all(mark in body for mark in _MARKS)


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if not _recognises(body, content_type):
        raise refusal(body, content_type)
    text = body[:_LOOKED_AT].decode(errors="replace")
    site = fields.site(url)
    incidents, maintenances = parted(
        among(page_data.pieces(text, _EVENT, _LONGEST_EVENT), "incident", lambda event: _event(event, site))
    )
    components = distinct(among(_placed(text), "component", _component))
    return Snapshot(incidents=incidents, maintenances=maintenances, components=components, components_listed=True)


STATUSCAKE = Format(
    name="statuscake",
    title="StatusCake",
    source="a recorded page",
    recognises=_recognises,
    read=_read,
)


def _event(event: str, site: str | None) -> Incident:
    details, title = _DETAILS.search(event), _TITLE.search(event)
    link = fields.link(f"{site}{details['path']}") if details else None
    name = fields.name(fields.body_text(title["title"])) if title else None
    incident_id = identity(details["id"] if details else None, "an event", link=link, name=name or "")
    updates = oldest_first(distinct(_updates(event)), newest_first=True)
    is_work = any(update.status in MAINTENANCE_STATUSES for update in updates)
    return Incident(
        id=incident_id,
        name=name or incident_id,
        status=updates[-1].status if updates else UNKNOWN,
        impact=Impact.MAINTENANCE if is_work else None,
        link=link,
        updates=updates,
    )


def _updates(event: str) -> Iterator[IncidentUpdate]:
    """Yield the updates of an event, newest first: a bold word that is a state, and the text behind it."""
    heads = [found for found in _STATE.finditer(event) if known_status(found[1])]
    for head, end in zip(heads, [*(head.start() for head in heads), len(event)][1:], strict=True):
        rest = event[head.end() : end]
        stamp = _STAMP.search(rest)
        posted_at = fields.moment(stamp[1].strip()) if stamp else None
        status, body = known_status(head[1]) or UNKNOWN, fields.body_text(rest.partition("<small>")[0])
        update_id = time_key(posted_at) if posted_at else digest_key(status, body)
        yield IncidentUpdate(id=update_id, status=status, body=body, created_at=posted_at)


def _placed(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield each tile with the name of its parent."""
    above: str | None = None
    for tile in page_data.pieces(text, _TILE, _LONGEST_TILE):
        if "singleton-with-parent" in tile[: tile.find(">")]:
            yield tile, above
        else:
            above = _name_of(tile)
            yield tile, None


def _name_of(tile: str) -> str | None:
    found = _NAME.search(tile)
    return fields.name(found["name"].strip().removeprefix("- ")) if found else None


def _component(placed: tuple[str, str | None]) -> Component:
    tile, group = placed
    name, own, label = _name_of(tile), _DATA_ID.search(tile[: tile.find(">")]), _LABEL.search(tile)
    component_id = identity(own[1] if own else None, "a component", name=f"{group or ''}\0{name}" if name else "")
    word = label["label"].strip() if label else ""
    status = fields.known(_STATUSES, word) or component_status(word)
    return Component(id=component_id, name=name or component_id, status=status, group=group)
