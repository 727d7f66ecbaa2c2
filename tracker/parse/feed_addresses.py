"""The incident that an address in a feed names, without the parts for an update, a day or a reader."""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

#: The path of one incident and of the lists below it.
_INCIDENT_PATH: Final = re.compile(
    r"/incidents?/(?P<id>[^/]+)(?:/(?:updates?|comments?|posts?|messages?|events?|history)(?:/[^/]*)*)?\Z",
    re.IGNORECASE,
)
#: A number, and the title behind it.
_NUMBER_AND_TITLE: Final = re.compile(r"/incidents?/(?P<id>\d+)/[^\W\d_]+(?:-[^\W_]+)*\Z", re.IGNORECASE)
#: Lists are below /incidents/, too: by year, by state.
_LISTS: Final = re.compile(
    r"(?:19|20)\d\d|history|all|past|active|open|feed|rss|atom|latest|(?:index|view|show|details?)(?:\.\w+)?",
    re.IGNORECASE,
)
_INCIDENT_KEYS: Final = frozenset({
    "id", "incident", "incident_id", "incidentid", "incident-id", "iid", "event", "event_id", "eventid", "issue",
})  # fmt: skip
_INCIDENT_FRAGMENT: Final = re.compile(
    r"!?/?(?:incidents?|events?|issues?)(?:[/=_:-](?!(?:list|all|history|past)\b)[\w.-]+|[\w.-]*\d[\w.-]*)",
    re.IGNORECASE,
)
_PLAIN_FRAGMENT: Final = re.compile(r"(?=[\w.-]*\d)[\w.-]{1,80}")
#: A fragment that names an update or a day.
_OTHER_FRAGMENT: Final = re.compile(
    r"(?:updates?|comments?|posts?|messages?|entry|u|day|date|month)?[-_=/]?\d{0,6}|.*(?:19|20)\d\d-\d\d.*",
    re.IGNORECASE,
)
#: Parameters that track readers.
_TRACKING: Final = re.compile(
    r"utm_\w+|ref|referrer|source|src|fbclid|gclid|mc_[ce]id|campaign|session|sid|token|ts|_|nocache|cb",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"/(?:19|20)\d\d(?:[/-]\d{1,2}){0,2}\Z")


def named_incident(address: str | None, *, is_constant: bool) -> str | None:
    """Return the incident in an address: the id in its path, else the address with only its id.

    In an address that all entries share, a word in the path names a page.
    """
    if not address:
        return None
    parts = parted(address)
    path = re.sub("//+", "/", f"/{parts.path}").rstrip("/")
    found = _INCIDENT_PATH.search(path) or _NUMBER_AND_TITLE.search(path)
    if found and not _LISTS.fullmatch(found["id"]) and not (is_constant and found["id"].isalpha()):
        return found["id"]
    if is_constant:
        return None
    keys = [(key, value) for key, value in parse_qsl(parts.query) if key.lower() in _INCIDENT_KEYS]
    if keys:
        return urlunsplit(parts._replace(query=urlencode(keys), fragment=""))
    fragment = _fragment(parts)
    return urlunsplit(parts._replace(fragment=fragment)) if fragment else None


def is_own(address: str) -> bool:
    """Return whether an address can belong to one incident alone: it has a number or a title."""
    parts = parted(address)
    return bool(_is_specific(parts.path) or parts.query or _fragment(parts))


def is_root(address: str) -> bool:
    """Return whether an address names a host and nothing else."""
    parts = parted(address)
    return parts.scheme in ("http", "https") and not (parts.path.strip("/") or parts.query or parts.fragment)


def _fragment(parts: SplitResult) -> str | None:
    """Return the incident's id in a fragment, without the part for an update."""
    if found := _INCIDENT_FRAGMENT.match(parts.fragment):
        return found[0]
    if _is_specific(parts.path) or (_OTHER_FRAGMENT.fullmatch(parts.fragment) and not parts.fragment.isdigit()):
        return None
    return parts.fragment if _PLAIN_FRAGMENT.fullmatch(parts.fragment) else None


def _is_specific(path: str) -> bool:
    """Return whether a path ends in a number or a title, and not in a date."""
    if _DATE.search(path.rstrip("/")):
        return False
    last = path.rstrip("/").rpartition("/")[2]
    return bool(re.search(r"\d", last)) or last.count("-") > 1


def without_tracking(link: str | None) -> str | None:
    """Return an address without tracking parameters, and without the fragment of an update."""
    if not link:
        return None
    parts = parted(link)
    if not (parts.query or parts.fragment):
        return link
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in pairs if not _TRACKING.fullmatch(pair[0])]
    query = parts.query if kept == pairs else urlencode(kept)
    fragment = parts.fragment if _fragment(parts) or not _is_specific(parts.path) else ""
    return urlunsplit(parts._replace(query=query, fragment=fragment))


def parted(address: str) -> SplitResult:
    """Return the parts of an address, empty ones for a text that is no address."""
    try:
        return urlsplit(address.strip())
    except ValueError:
        return SplitResult("", "", "", "", "")


def without_ends(address: str) -> str:
    """Return an address for comparison: without its scheme and the slash behind it."""
    return re.sub(r"\Ahttps?://", "", address.strip().lower()).rstrip("/")
