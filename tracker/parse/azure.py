"""Microsoft's status feeds, Azure's and that of the Microsoft 365 admin center -> Snapshot.

An item is an open incident; a quiet feed has none, or one whose `<status>` is Available. The text of an item is edited
in place. Each text is an update, known by its words: neither feed dates updates, since Azure's pubDate stays that of
the first text and the admin center's is that of the answer. Categories are services and regions, mixed and
distinguished by name. Azure shows no severity. No maintenance is shown.
(learn.microsoft.com/azure/service-health/azure-status-overview; the element `<status>` as in recorded answers)
"""

import re

from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.feed import opened
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, letters_key
from tracker.parse.sniff import feed_root, head, refusal
from tracker.parse.words import status_word

#: Both are written by the same library, which declares a prefix for Atom and uses none of it.
_LIBRARY = b'xmlns:a10="http://www.w3.org/2005/Atom"'
_TITLE = re.compile(rb"<title>\s{0,20}(?:Azure|Microsoft [\w &.-]{1,60}) Status\s{0,20}</title>")
#: The `<status>` when nothing is wrong.
_QUIET = "available"
#: Azure's names of regions are made of these words only (learn.microsoft.com/azure/reliability/regions-list).
_REGION_WORDS = frozenset({
    "north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest", "global",
    "non-regional", "us", "gov", "dod", "canada", "mexico", "brazil", "chile", "europe", "uk", "france", "germany",
    "switzerland", "norway", "sweden", "finland", "denmark", "poland", "italy", "spain", "portugal", "greece",
    "austria", "belgium", "netherlands", "israel", "uae", "qatar", "saudi", "arabia", "africa", "asia", "india", "jio",
    "japan", "korea", "china", "taiwan", "malaysia", "indonesia", "singapore", "thailand", "australia", "new",
    "zealand", "virginia", "texas", "arizona", "iowa", "2", "3", "4",
})  # fmt: skip


def _recognises(body: bytes, _: str | None) -> bool:
    start = head(body)
    return feed_root(start) == "rss" and _LIBRARY in start and _TITLE.search(start) is not None


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if not _recognises(body, content_type):
        raise refusal(body, content_type)
    feed = opened(body, url, content_type)
    going_on = (entry for entry in feed.entries if (entry.status or "").strip().lower() != _QUIET)
    return Snapshot(name=feed.title, incidents=distinct(map(_incident, going_on)), open_only=True)


AZURE = Format(
    name="azure",
    title="Azure and Microsoft 365 feeds",
    in_part="widespread incidents only: no severity, no components",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/en-us/status/feed/"), Endpoints(primary="/api/feed/mac")),
    hosts=("rssfeed.azure.status.microsoft", "azure.status.microsoft", "status.cloud.microsoft"),
)


def _incident(entry: FeedEntry) -> Incident:
    incident_id = fields.identifier(entry.id or entry.link, "an entry")
    status = status_word(entry.status) or "active"
    names = fields.unique(map(fields.name, entry.categories))
    title = fields.name(fields.body_text(entry.title)) or incident_id
    body = fields.body_text(entry.content)
    return Incident(
        id=incident_id,
        name=title,
        status=status,
        link=entry.address,
        updates=(IncidentUpdate(id=letters_key(status, title, body), status=status, body=body),),
        components=tuple(name for name in names if not _is_region(name)),
        regions=tuple(name for name in names if _is_region(name)),
    )


def _is_region(name: str) -> bool:
    words = name.lower().split()
    return _REGION_WORDS.issuperset(words) and not all(word.isdigit() for word in words)
