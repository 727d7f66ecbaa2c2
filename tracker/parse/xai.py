"""xAI's feed (`/feed.xml`) -> Snapshot.

An item is an incident, open or over, with an id for a guid. All its updates are in its description, newest first, each
with its time, in whole seconds, and a heading that is its status; they have no ids, and the time is the key. Words
for severity other than `available` are not known, so that none is mapped. No maintenance is shown. Shape as recorded.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tracker.models import Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.feed import opened
from tracker.parse.feed_entries import Entry, incident_of
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first
from tracker.parse.sniff import head, refusal, xml_root
from tracker.parse.words import known_status, status_word

_TITLE = re.compile(rb"<title>\s{0,20}xAI System Status\s{0,20}</title>")
#: <p><strong>Tue, 07 Jul 2026 16:37:02 GMT</strong></p> <h3>Resolved</h3> and the text
_POST = re.compile(
    r"<p>\s{0,80}<strong>(?P<time>[^<]{1,60})</strong>\s{0,80}</p>\s{0,80}<h3>(?P<status>[^<]{1,80})</h3>"
)
_END = re.compile(r"</div>", re.IGNORECASE)
#: `[API (us-west-2.api.x.ai)] Slow answers`
_COMPONENT = re.compile(r"\[(?P<component>[^\[\]]{1,120})\]\s*(?P<name>.+)")
_REGION = re.compile(r"\((?P<region>[a-z]{2}-[a-z]{1,20}-\d)\.")


def _recognises(body: bytes, _: str | None) -> bool:
    start = head(body)
    return xml_root(start) == "rss" and _TITLE.search(start) is not None


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:  # noqa: ARG001  entries hold whole addresses
    if not _recognises(body, content_type):
        raise refusal(body, content_type)
    title, entries = opened(body, content_type)
    return Snapshot(name=title, incidents=distinct(map(_incident, entries)))


XAI = Format(
    name="xai",
    title="xAI feed",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/feed.xml"),),
    hosts=("status.x.ai",),
)


def _incident(entry: Entry) -> Incident:
    updates = identified(oldest_first(_updates(entry.content), newest_first=True))
    if not updates:
        return incident_of(entry)
    incident_id = fields.identifier(entry.id or entry.link, "an entry")
    title = fields.name(fields.body_text(entry.title)) or incident_id
    labelled = _COMPONENT.fullmatch(title)
    region = _REGION.search(labelled["component"]) if labelled else None
    said = next(filter(None, map(known_status, entry.categories)), None)
    return Incident(
        id=incident_id,
        name=labelled["name"] if labelled else title,
        status=said or updates[-1].status,
        link=fields.link(entry.link),
        updates=updates,
        components=(labelled["component"],) if labelled else (),
        regions=(region["region"],) if region else (),
    )


def _updates(html: str) -> Iterator[IncidentUpdate]:
    """Yield the updates in a description, newest first."""
    posts = list(_POST.finditer(html))
    limits = [*(post.start() for post in posts[1:]), len(html)]
    for post, limit in zip(posts, limits, strict=False):
        end = _END.search(html, post.end(), limit)
        yield IncidentUpdate(
            id="",
            status=status_word(post["status"]) or "active",
            body=fields.body_text(html[post.end() : end.start() if end else limit]),
            created_at=_moment(post["time"]),
        )


def _moment(text: str) -> datetime | None:
    """Return a time such as `Tue, 07 Jul 2026 16:37:02 GMT`, None for anything else."""
    try:
        parsed = parsedate_to_datetime(text)
        return fields.plausible(parsed.astimezone(UTC)) if parsed.tzinfo else None
    except (ValueError, OverflowError):
        return None
