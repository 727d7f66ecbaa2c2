"""Statusnook's status page -> Snapshot: the HTML page, which is the only answer.

Statusnook is open source, and its server writes this page (github.com/goksan/Statusnook, `main.go`). It lists the
services, each with a sign for its state, and the open alerts, each with its messages, newest first. An alert has no
status, and ends by its absence. A red or amber sign is an incident. The only other sign is of a maintenance or a
notice, which the page does not distinguish: both are read as a maintenance.

Nothing has an id. An alert is known by the time of its first message, a message by its own, to the minute. The year is
written only on messages of earlier years, so a message of this year is undated.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse import page_data
from tracker.parse.entries import among, entry_by_entry, identity
from tracker.parse.format import Format
from tracker.parse.listed import digest_key, distinct, numbered, parted
from tracker.parse.sniff import refusal

#: Characters that are read of a page, and of an alert or a service in it.
_LOOKED_AT: Final = 2 * 1024 * 1024
_LONGEST_ALERT: Final = 200_000
_LONGEST_SERVICE: Final = 20_000
_MARKS: Final = (b'class="index-container"', b'class="services-list"', b'class="index-link" href="/history"')
_ALERT: Final = re.compile(r'<div class="index-alert-container__header">')
_SERVICE: Final = re.compile(r'<div class="service-row">')
_TEXT: Final = re.compile(r"<span>([^<]*+)</span>")
_MESSAGE: Final = re.compile(
    r'<div class="index-alert-container__row">\s*+<span>(?P<time>[^<]*+)</span>\s*+<span>(?P<text>[^<]*+)</span>'
)
_PAGE_NAME: Final = re.compile(r"<title>(?P<name>[^<]{1,300}) Status</title>")
_YEAR: Final = re.compile(r"\s\d{4}(?=\s)")
_BETWEEN: Final = "\u2022"
_ONGOING: Final = "ongoing"
_RED, _AMBER = "#F84B37", "#E5B773"
_STATUSES: Final[Mapping[str, ComponentStatus]] = {
    _RED: ComponentStatus.MAJOR_OUTAGE,
    _AMBER: ComponentStatus.DEGRADED_PERFORMANCE,
}
_IMPACTS: Final[Mapping[str, Impact]] = {_RED: Impact.MAJOR, _AMBER: Impact.MINOR}


def _recognises(body: bytes, _: str | None) -> bool:
    return page_data.is_page(body) and all(mark in body for mark in _MARKS)


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    if not _recognises(body, content_type):
        raise refusal(body, content_type)
    text = body[:_LOOKED_AT].decode(errors="replace")
    name = _PAGE_NAME.search(text)
    incidents, maintenances = parted(among(page_data.pieces(text, _ALERT, _LONGEST_ALERT), "incident", _alert))
    return Snapshot(
        name=_said(name["name"]) if name else None,
        incidents=incidents,
        maintenances=maintenances,
        components=distinct(among(page_data.pieces(text, _SERVICE, _LONGEST_SERVICE), "component", _service)),
        components_listed=True,
        open_only=True,
    )


STATUSNOOK = Format(
    name="statusnook",
    title="Statusnook",
    source="its source",
    recognises=_recognises,
    read=_read,
)


def _said(text: str) -> str | None:
    return fields.name(fields.body_text(text))


def _sign(piece: str) -> str | None:
    """Return the colour of the first sign that means trouble."""
    drawing = piece[: piece.find("</svg>")]
    return next((colour for colour in _IMPACTS if f'"{colour}"' in drawing), None)


def _service(piece: str) -> Component:
    found = _TEXT.search(piece)
    name = _said(found[1]) if found else None
    component_id = identity(None, "a service", name=name or "")
    status = _STATUSES.get(_sign(piece) or "", ComponentStatus.OPERATIONAL)
    return Component(id=component_id, name=name or component_id, status=status)


def _alert(piece: str) -> Incident:
    heading, _, _ = piece.partition('<div class="index-alert-container__row">')
    title, *others = [found[1] for found in _TEXT.finditer(heading)] or [""]
    name, impact = _said(title), _IMPACTS.get(_sign(heading) or "", Impact.MAINTENANCE)
    status = "in_progress" if impact is Impact.MAINTENANCE else _ONGOING
    messages = [*reversed([(found["time"], found["text"]) for found in _MESSAGE.finditer(piece)])]
    begin = _without_year(messages[0][0]) if messages else ""
    alert_id = identity(None, "an alert", name=begin or name or "")
    return Incident(
        id=alert_id,
        name=name or alert_id,
        status=status,
        impact=impact,
        updates=tuple(_updates(messages, status)),
        components=fields.unique(map(_said, others[0].split(_BETWEEN))) if others else (),
    )


def _updates(messages: list[tuple[str, str]], status: str) -> Iterator[IncidentUpdate]:
    """Yield the messages as updates, oldest first."""
    keys = numbered(digest_key(_without_year(time)) for time, _ in messages)
    for key, (time, text) in zip(keys, messages, strict=True):
        posted_at = fields.moment(" ".join(time.replace(_BETWEEN, " ").split()))
        yield IncidentUpdate(id=key, status=status, body=fields.body_text(text), created_at=posted_at)


def _without_year(time: str) -> str:
    """Return a time as it is written in its own year."""
    return _YEAR.sub("", time.strip(), count=1)
