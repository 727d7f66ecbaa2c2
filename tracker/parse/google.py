"""The `incidents.json` of Google's dashboards (Cloud, Workspace, Firebase, Search, Ads, Play) -> Snapshot.

One answer holds the incidents of a rolling window of months, open and ended: it is the only request, and an incident
that leaves the window has not ended by that. An incident is open as long as it has no `end`; "available" means that it
is watched until then. Updates have no ids: `when` is the key, which an edit leaves alone; `modified` changes without an
edit. `severity` is the impact. No maintenance is shown. Described by `incidents.schema.json` beside the answer
(status.cloud.google.com).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from tracker.model.page import Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity, marked
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, status_word

_MARKS = frozenset({"id", "external_desc", "begin", "service_name"})
_IMPACTS: Mapping[str, Impact] = {"low": Impact.MINOR, "medium": Impact.MAJOR, "high": Impact.CRITICAL}
#: The shortest past that the answer shows; recorded answers show half a year and more.
_WINDOW = timedelta(days=28)
#: The text of an update when the service works again.
_WORKS = "available"
#: Workspace's descriptions are Markdown that begins with a heading.
_HEADING = re.compile(r"\s*\*\*(?:Title|Summary):?\*\*:?\s*", re.IGNORECASE)


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"external_desc"', b'"service_name"') and _is_google(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if answer != [] and not _is_google(answer):
        raise refusal(body, content_type)
    incidents = distinct(each({"list": answer}, "list", "incident", lambda entry: _incident(entry, url)))
    return Snapshot(incidents=incidents, incidents_reach=Reach.WINDOW, window=_WINDOW)


GOOGLE = Format(
    name="google",
    title="Google Cloud and Workspace",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/incidents.json"),),
    hosts=(
        "status.cloud.google.com",
        "www.google.com",
        "status.firebase.google.com",
        "status.search.google.com",
        "status.play.google.com",
        "ads.google.com",
    ),
)


def _is_google(answer: object) -> bool:
    return marked(answer, _MARKS)


def _incident(entry: dict[str, Any], url: str) -> Incident:
    link = _link(url, entry.get("uri"))
    incident_id = identity(entry.get("id"), "an incident", link=link, since=_began(entry))
    updates = _updates(entry)
    places = fields.names(entry.get("currently_affected_locations"), "id")
    products = fields.names(entry.get("affected_products"), "title")
    return Incident(
        id=incident_id,
        name=_title(entry.get("external_desc")) or incident_id,
        status=_status(entry, updates),
        impact=fields.known(_IMPACTS, entry.get("severity")),
        link=link,
        updates=updates,
        components=products or fields.unique([fields.name(entry.get("service_name"))]),
        # An incident that has ended no longer affects any place.
        regions=places or fields.names(entry.get("previously_affected_locations"), "id"),
    )


def _updates(entry: dict[str, Any]) -> tuple[IncidentUpdate, ...]:
    """Return the updates, oldest first; a single one without a text if the answer has none."""
    is_over = bool(entry.get("end"))
    posted = each(entry, "updates", "update", lambda update: _update(update, is_over=is_over))
    listed = identified(oldest_first(posted, newest_first=True))
    if listed:
        return listed
    changed = fields.moment(entry.get("modified")) or _began(entry)
    return identified([IncidentUpdate(id="", status=_status(entry, ()), created_at=changed)])


def _began(entry: dict[str, Any]) -> datetime | None:
    return fields.moment(entry.get("begin")) or fields.moment(entry.get("created"))


def _update(entry: dict[str, Any], *, is_over: bool) -> IncidentUpdate:
    vendor_status = fields.name(entry.get("status"))
    status = status_word(vendor_status) or UNKNOWN
    works = status == _WORKS
    return IncidentUpdate(
        id="",
        status=("resolved" if is_over else "monitoring") if works else status,
        vendor_status=vendor_status if works else None,
        body=fields.body_text(entry.get("text")),
        created_at=fields.moment(entry.get("when")) or fields.moment(entry.get("created")),
        regions=fields.names(entry.get("affected_locations"), "id"),
    )


def _status(entry: dict[str, Any], updates: Sequence[IncidentUpdate]) -> str:
    """Return the status of an incident: over when it has an end, and not before."""
    if entry.get("end"):
        return "resolved"
    return updates[-1].status if updates else status_word(entry.get("status_impact")) or "active"


def _title(description: object) -> str | None:
    if not isinstance(description, str):
        return None
    heading = _HEADING.match(description)
    return fields.name(description[heading.end() :].partition("\n")[0] if heading else description)


def _link(url: str, uri: object) -> str | None:
    """Return an incident's address, which is relative to the answer's."""
    if not isinstance(uri, str):
        return None
    try:
        return fields.link(urljoin(url, uri))
    except ValueError:
        return None
