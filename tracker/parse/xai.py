"""xAI's feed (`/feed.xml`) -> Snapshot.

An item is an incident, open or over, with an id for a guid; one that touches several components has an item for each,
with the same guid. All its updates are in its description, newest first, each with its time, in whole seconds, and a
heading that is its status; they have no ids, and the time is the key. Words for severity other than `available` are
unknown, so none is mapped. No maintenance is shown. Shape as recorded.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from tracker.model.page import CLOSED_STATUSES, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.feed import opened
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.feed_incidents import incidents_in
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first
from tracker.parse.sniff import feed_root, head, refusal
from tracker.parse.words import known_status, status_word

#: The company's name has changed before.
_TITLE = re.compile(rb"<title>\s{0,20}[\w ]{0,20}xAI System Status\s{0,20}</title>", re.IGNORECASE)
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
    return feed_root(start) == "rss" and _TITLE.search(start) is not None


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if not _recognises(body, content_type):
        raise refusal(body, content_type)
    feed = opened(body, url, content_type)
    found_in = [(entry, _item(entry)) for entry in feed.entries]
    rest = incidents_in([entry for entry, item in found_in if item is None], feed.home)
    items: dict[str, list[_Item]] = {}
    for item in (item for _, item in found_in if item is not None):
        items.setdefault(item.id, []).append(item)
    found = (*map(_incident, items.values()), *rest.incidents, *rest.maintenances)
    return Snapshot(
        name=feed.title,
        incidents=distinct(found),
        omissions=rest.omissions,
        unknown_words=rest.unknown_words,
        former_keys=rest.former_keys,
        alias_keys=rest.alias_keys,
    )


XAI = Format(
    name="xai",
    title="xAI feed",
    in_part="no severity, no components, no maintenance",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/feed.xml"),),
    hosts=("status.x.ai",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One item: an incident as one component shows it."""

    id: str
    name: str
    status: str
    link: str | None
    #: Newest first, without ids.
    updates: tuple[IncidentUpdate, ...]
    component: str | None
    region: str | None


def _item(entry: FeedEntry) -> _Item | None:
    updates = tuple(_updates(entry.content))
    incident_id = entry.id or entry.link
    if not updates or not incident_id:
        return None
    title = fields.name(fields.body_text(entry.title)) or incident_id
    labelled = _COMPONENT.fullmatch(title)
    region = _REGION.search(labelled["component"]) if labelled else None
    said = next(filter(None, map(known_status, entry.categories)), None)
    return _Item(
        id=fields.identifier(incident_id, "an entry"),
        name=labelled["name"] if labelled else title,
        status=said or updates[0].status,
        link=entry.address,
        updates=updates,
        component=labelled["component"] if labelled else None,
        region=region["region"] if region else None,
    )


def _incident(items: Sequence[_Item]) -> Incident:
    """Return the incident of the items of one guid: over when it is over for every component."""
    shown: dict[tuple[datetime | None, str, str], list[tuple[IncidentUpdate, _Item]]] = {}
    for item in items:
        for update in item.updates:
            shown.setdefault((update.created_at, update.status, update.body), []).append((update, item))
    updates = [_merged(alike, len(items)) for alike in shown.values()]
    going_on = next((item.status for item in items if item.status not in CLOSED_STATUSES), None)
    return Incident(
        id=items[0].id,
        name=items[0].name,
        status=going_on or items[0].status,
        link=items[0].link,
        updates=identified(oldest_first(updates, newest_first=True)),
        components=fields.unique(item.component for item in items),
        regions=fields.unique(item.region for item in items),
    )


def _merged(alike: Sequence[tuple[IncidentUpdate, _Item]], total: int) -> IncidentUpdate:
    """Return one update for the items that show it, naming their components unless all of them do."""
    update = alike[0][0]
    if len(alike) == total:
        return update
    return msgspec.structs.replace(update, components=fields.unique(item.component for _, item in alike))


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
