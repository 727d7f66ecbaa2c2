"""AWS's feeds (`/rss/all.rss`, `/rss/<service>-<region>.rss`) -> Snapshot.

They hold the newest updates of all events, at most 50, an item each. Only the guid `#<service>-<region>_<seconds since
1970>` connects the items of one event. So one incident is a service in a region: a longer id would change when the
oldest item leaves the feed, and all others would be reported again. The seconds are the update's id, as in the JSON.
Titles begin with the severity. No maintenance is shown.
"""

import re

from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.aws import SEVERITIES
from tracker.parse.feed import opened
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import identified, oldest_first
from tracker.parse.sniff import feed_root, head, refusal
from tracker.parse.words import UNKNOWN

_GENERATOR = b"AWS Service Health Dashboard RSS Generator"
_GUID = re.compile(r"#(?P<place>[\w-]{1,150})_(?P<seconds>\d{1,12})\Z")
#: eu-central-1, us-gov-west-1
_REGION = re.compile(r"-(?P<region>[a-z]{2}(?:-[a-z]{1,20}){1,3}-\d)\Z")
#: `Service is operating normally: [RESOLVED] Increased Error Rates`
_TITLE = re.compile(r"(?:(?P<severity>[^:\[\]]{1,60}):)?\s*(?P<resolved>\[RESOLVED\])?\s*(?P<name>.*)", re.DOTALL)
_ALL_CLEAR = "service is operating normally"
_IMPACTS = dict(SEVERITIES.values())
_RESOLVED = "resolved"


def _recognises(body: bytes, _: str | None) -> bool:
    return feed_root(body) == "rss" and _GENERATOR in head(body)


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if not _recognises(body, content_type):
        raise refusal(body, content_type)
    feed = opened(body, url, content_type)
    items: dict[str, list[tuple[FeedEntry, IncidentUpdate]]] = {}
    # Newest first in the feed.
    for entry in reversed(feed.entries):
        place, update = _update(entry)
        items.setdefault(place, []).append((entry, update))
    incidents = [_incident(place, chain) for place, chain in reversed(items.items())]
    return Snapshot(name=feed.title, incidents=tuple(incidents))


AWS_FEED = Format(
    name="aws-rss",
    title="AWS Health feed",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/rss/all.rss"),),
    hosts=("status.aws.amazon.com",),
)


def _update(entry: FeedEntry) -> tuple[str, IncidentUpdate]:
    """Return the service and region of an item, and its update."""
    guid = fields.identifier(entry.id, "an entry")
    found = _GUID.search(guid)
    severity, _ = _headline(entry.title)
    return found["place"] if found else guid, IncidentUpdate(
        id="",
        status=severity,
        body=fields.body_text(entry.content),
        created_at=(fields.moment(found["seconds"]) if found else None) or entry.published,
    )


def _incident(place: str, chain: list[tuple[FeedEntry, IncidentUpdate]]) -> Incident:
    newest = chain[-1][0]
    status, name = _headline(newest.title)
    region = _REGION.search(place)
    return Incident(
        id=place,
        name=name or place,
        status=status,
        impact=_IMPACTS.get(status),
        link=newest.address,
        updates=identified(oldest_first((update for _, update in chain), newest_first=False)),
        components=(place[: region.start()] if region else place,),
        regions=(region["region"],) if region else (),
    )


def _headline(title: str) -> tuple[str, str | None]:
    """Return the status and the name in a title."""
    text = fields.name(fields.body_text(title)) or ""
    found = _TITLE.fullmatch(text)
    if found is None:
        return UNKNOWN, text or None
    severity = (found["severity"] or "").strip().lower()
    if found["resolved"] or severity == _ALL_CLEAR:
        return _RESOLVED, found["name"] or None
    return severity or UNKNOWN, found["name"] or None
