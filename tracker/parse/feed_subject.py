"""The subject of a feed: incidents, or something else. Every vendor's site links a feed, and most are of a blog.

A feed that no user named counts as one of incidents if its title says so, or if most of its entries look like
incidents: by a state in front, by an incident's address, by a category. Words that blogs and releases use as well
(`Fixed: …`, `Upcoming: …`) prove nothing.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from tracker.parse._fields import body_text
from tracker.parse.feed_body import posts
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.feed_titles import OF_INCIDENTS, OF_OTHERS
from tracker.parse.words import STATUS_HEADINGS, known_status

#: Entries that decide, the newest first.
_LOOKED_AT: Final = 20
#: Characters of a text that are read.
_BEGINNING: Final = 2_000

#: `[Resolved] title`, `Resolved: title`, `RESOLVED - title`, `title (Resolved)`
_STATES: Final = re.compile(
    r"\[([^\[\]]{2,40})\]|\A\s*+([^\W\d_][^\n:\uff1a\[\]()]{1,38}?)\s?(?:[:\uff1a]|\s[-\u2013\u2014]\s)"
    r"|[(\uff08]([^()\uff08\uff09]{2,40})[)\uff09]\s*\Z"
)
_HEADED: Final = re.compile(r"\A\s*+([^\n:\uff1a]{2,20}?) ?[:\uff1a]\s{0,3}([^\n]{1,60}?)(?:\n|\s[-\u2013\u2014]\s|\Z)")
#: Words for a state that have other meanings as well.
_OF_ANYTHING: Final = frozenset({
    "fixed", "closed", "solved", "complete", "completed", "finished", "recovered", "recovering", "restored", "detected",
    "watching", "update", "updated", "planned", "upcoming", "scheduled", "postponed", "rescheduled", "canceled",
    "cancelled", "underway", "in progress", "post-mortem", "post mortem", "postmortem", "root cause analysis", "active",
    "corrigé", "corrigée", "corrigido", "behoben", "gelöst", "erledigt", "terminé", "terminée", "abgeschlossen",
    "geplant", "solucionado", "resuelto", "完了", "更新", "已修复", "已完成", "已解决", "해결", "완료",
})  # fmt: skip
_INCIDENT_PATH: Final = re.compile(
    r"/(?:incidents?|maintenances?|outages?|disruptions?|notices?|details)/[^/]+", re.IGNORECASE
)
#: Words in the paths of pages about incidents.
_WRITTEN: Final = re.compile(
    r"/(?:blogs?|news|press|posts?|articles?|stories|resources|learn|guides?|docs|changelog|releases?|forum|community)/",
    re.IGNORECASE,
)
#: Monitoring is a category of blogs.
_CATEGORIES: Final = frozenset({
    "investigating", "identified", "resolved", "incident", "incidents",
    "outage", "maintenance", "scheduled maintenance", "degraded performance",
    "partial outage", "major outage", "service disruption", "incidente", "incidencia", "panne", "störung", "wartung",
    "manutenção", "storing", "障害", "メンテナンス", "故障", "维护", "장애", "점검",
})  # fmt: skip
_ANNOUNCED: Final = re.compile(r"\b(?:new|update (?:for|on|to)) incident\b", re.IGNORECASE)
#: `v1.2.3`, `Release 2.0`, `acme 1.4.0-rc.1`
_VERSION: Final = re.compile(r"(?<!\w)v?\d+(?:\.\d+){2,}|\b(?:release|version|v)\s?\d+(?:\.\d+)+", re.IGNORECASE)


def is_of_incidents(titles: Iterable[str | None], entries: Sequence[FeedEntry]) -> bool:
    """Return whether a feed with this name and these entries is about incidents."""
    called = " ".join(body_text(title[:_BEGINNING]) for title in titles if title)
    says, denies = OF_INCIDENTS.search(called) is not None, OF_OTHERS.search(called) is not None
    shown = entries[:_LOOKED_AT]
    alike = sum(map(_looks_like_incident, shown))
    is_shown = bool(shown) and 2 * alike >= len(shown)
    if denies:
        return says and is_shown
    versions = sum(_VERSION.search(entry.title) is not None for entry in shown)
    return is_shown or (says and 2 * versions <= len(shown))


def _looks_like_incident(entry: FeedEntry) -> bool:
    """Return whether an entry looks like an incident, whatever the feed is called."""
    paths = [_path(address) for address in (entry.link, entry.id) if address]
    if any(_INCIDENT_PATH.search(path) and not _WRITTEN.search(path) for path in paths):
        return True
    if any(category.strip().lower() in _CATEGORIES for category in entry.categories):
        return True
    content = entry.content[: 10 * _BEGINNING]
    return bool(posts(content)) or any(map(_is_state, _states(entry, body_text(content)[:_BEGINNING])))


def _states(entry: FeedEntry, text: str) -> Iterable[str]:
    """Yield the words in the places of a state."""
    title = body_text(entry.title[:_BEGINNING])
    if _ANNOUNCED.search(title):
        yield "investigating"
    for found in (*_STATES.finditer(title), *_STATES.finditer(text.partition("\n")[0][:200])):
        yield from filter(None, found.groups())
    headed = _HEADED.match(text)
    if headed and headed[1].strip().lower() in STATUS_HEADINGS:
        # A heading makes a state even of an everyday word: `Status: Fixed`.
        yield "resolved" if known_status(headed[2]) else headed[2]
    if entry.status:
        yield entry.status


def _is_state(word: str) -> bool:
    return known_status(word) is not None and " ".join(word.lower().split()) not in _OF_ANYTHING


def _path(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return ""
