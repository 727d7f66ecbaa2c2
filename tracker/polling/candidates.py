"""The addresses where a page's data may be, the most promising first. Pure.

Nothing here decides what an answer is: the formats do, from the answer itself.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from typing import Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import msgspec
from msgspec.structs import replace

from tracker.detection.snapshots import update_order
from tracker.model.page import Incident, is_made
from tracker.model.page_state import Source
from tracker.model.provider import Provider
from tracker.parse import FORMATS, Endpoints, Format
from tracker.parse.custom import custom_format

#: A search requests no more addresses than this; guesses are left out first.
MOST_CANDIDATES: Final = 40
#: How much of a page for people is searched, in bytes; its head holds the links to feeds.
_LOOKED_AT: Final = 512 * 1024
_MOST_FEED_LINKS: Final = 4
#: How many incidents are requested one by one when a page has changed.
_MOST_INCIDENTS: Final = 3
#: Both are linear: a tag ends at the next angle bracket, and a name is tried only where it begins.
_LINK: Final = re.compile(rb"<link\b([^<>]{1,2000})", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""(?<![\w-])([\w-]{1,40})\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_FEED_TYPES: Final = frozenset({"application/atom+xml", "application/rss+xml"})
#: A last path segment that names a file, not a page that others may be below.
_FILE: Final = re.compile(r"/[^/]*\.[A-Za-z]{2,5}$")


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One address to request, and the sources that it may be the primary of, one for each format."""

    url: str
    sources: tuple[Source, ...] = ()
    #: Names of formats that are expected here, because of the host, a link of the page or the provider's `format`: an
    #: empty answer counts for them.
    expected: tuple[str, ...] = ()

    def source(self, page_format: Format) -> Source:
        """Return the source that this address is in a format."""
        planned = (source for source in self.sources if source.format == page_format.name)
        beside = Source(
            format=page_format.name,
            primary=self.url,
            details=_details_beside(page_format, self.url),
            definition=page_format.definition,
        )
        return next(planned, beside)


def itself(provider: Provider) -> Candidate:
    """Return the page's own address."""
    expected = (known.name for known in allowed(provider) if _is_expected(known, provider, provider.url))
    return Candidate(url=provider.url, expected=tuple(expected))


def plan(provider: Provider, url: str, html: bytes = b"", *, only: str | None = None) -> tuple[Candidate, ...]:
    """Return the next addresses for a page that answered at `url` with this HTML, the most promising first, each once.

    First the endpoints of a vendor's own platform, if its host is known; then those that the page itself names; then
    those of platforms below the page's path and at the root of its host, beginning with platforms that the page shows
    signs of; last the feeds that the page links to. `only` is the format that the page was found to have; then only
    its addresses below the page's own path are requested.
    """
    html = html[:_LOOKED_AT]
    formats = [known for known in allowed(provider) if only in (None, known.name)]
    bases = _bases(url)[:1] if only else _bases(url)
    here = [known for known in formats if _is_expected(known, provider, url)]
    anywhere = [known for known in formats if not known.hosts and known not in here]
    anywhere.sort(key=lambda known: not any(sign in html for sign in known.signs))
    linked = ((known, endpoints, bases[0]) for known in (*here, *anywhere) for endpoints in known.linked(html, url))
    guesses = [
        *(_candidate(*guess, provider) for guess in _on(bases, here)),
        # An address that the page itself names is its data, also when it is empty.
        *(replace(_candidate(*guess, provider), expected=(guess[0].name,)) for guess in linked),
        *(_candidate(*guess, provider) for guess in _on(bases, anywhere)),
    ]
    wants_feeds = only is None and provider.format in ("auto", "feed")
    feeds = [Candidate(url=link) for link in feed_links(html, url)] if wants_feeds else []
    merged = _each_once(guesses)
    asked = {candidate.url for candidate in merged} | {provider.url}
    last = [feed for feed in feeds if feed.url not in asked]
    first = [candidate for candidate in merged if candidate.url not in (provider.url, url)]
    return (*first[: MOST_CANDIDATES - len(last)], *last)


def feed_links(html: bytes, url: str) -> Sequence[str]:
    """Return the absolute addresses of the feeds that a page links to (HTML Standard, 4.6.7.1: alternate)."""
    found: dict[str, None] = {}
    for tag in _LINK.finditer(html):
        text = tag[1].decode(errors="replace")
        attributes = {part[1].lower(): unescape(part[2] or part[3] or part[4] or "") for part in _pairs(text)}
        rels = attributes.get("rel", "").lower().split()
        kind = attributes.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in rels and kind in _FEED_TYPES and (link := _absolute(url, attributes.get("href", ""))):
            found[link] = None
        if len(found) == _MOST_FEED_LINKS:
            break
    return tuple(found)


def incident_urls(source: Source, incidents: Iterable[Incident], gone: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the addresses of the answers for those incidents alone that changed last, () where there are none.

    `gone` are the ids of open incidents that are no longer listed: their own answer says how they ended.
    """
    known = FORMATS.get(source.format)
    path = known.each_incident if known else ""
    primaries = (endpoints.primary for endpoints in known.endpoints) if known and path else ()
    base = next((source.primary.removesuffix(each) for each in primaries if source.primary.endswith(each)), None)
    if base is None:
        return ()
    dated = [each for each in incidents if each.updates and each.updates[-1].created_at and not is_made(each.id)]
    newest = sorted(dated, key=lambda each: update_order(each.updates[-1]), reverse=True)[:_MOST_INCIDENTS]
    left = [incident_id for incident_id in gone if not is_made(incident_id)][:_MOST_INCIDENTS]
    return tuple(base + path.replace("{id}", quote(each, safe="")) for each in (*(each.id for each in newest), *left))


def same_host(one: str, other: str) -> bool:
    """Return whether two addresses have one host and port; plain and encrypted HTTP count as the same."""
    return _host(one) == _host(other)


def rebased(source: Source, url: str) -> Source:
    """Return the source as it is after its primary answered at another address, its details moved along."""
    before, after = source.primary.split("/"), url.split("/")
    # Two addresses of one page differ at their beginning: the scheme, an empty part and the host are not compared.
    while len(before) > _ORIGIN_PARTS and len(after) > _ORIGIN_PARTS and before[-1] == after[-1]:
        before.pop()
        after.pop()
    old, new = "/".join(before), "/".join(after)
    details = (new + detail.removeprefix(old) if detail.startswith(f"{old}/") else detail for detail in source.details)
    return replace(source, primary=url, details=tuple(details))


_ORIGIN_PARTS = 3


def allowed(provider: Provider) -> tuple[Format, ...]:
    """Return the formats that a page may have: the one that its provider names, or all that ship."""
    if provider.definition is not None:
        return (custom_format(provider.definition),)
    return tuple(known for known in FORMATS.values() if provider.format in ("auto", known.name))


def _is_expected(known: Format, provider: Provider, url: str) -> bool:
    return provider.format == known.name or urlsplit(url).hostname in known.hosts


def _bases(url: str) -> tuple[str, ...]:
    """Return the page's address without a file's name, a query and a last slash, then the root of its host."""
    parts = urlsplit(url)
    root = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    base = root + _FILE.sub("", parts.path).rstrip("/")
    return (base,) if base == root else (base, root)


def _on(bases: Iterable[str], formats: Sequence[Format]) -> Iterator[tuple[Format, Endpoints, str]]:
    for base in bases:
        for known in formats:
            for endpoints in known.endpoints:
                yield known, endpoints, base


def _candidate(known: Format, endpoints: Endpoints, base: str, provider: Provider) -> Candidate:
    def address(path: str) -> str:
        filled = path.replace("{host}", urlsplit(base).netloc)
        return filled if "://" in filled else base + filled

    primary = address(endpoints.primary)
    source = Source(format=known.name, primary=primary, details=tuple(map(address, endpoints.details)))
    expected = (known.name,) if _is_expected(known, provider, base) else ()
    return Candidate(url=primary, sources=(source,), expected=expected)


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Join the candidates of one address; several formats may use the same path."""
    merged: dict[str, Candidate] = {}
    for candidate in candidates:
        known = merged.get(candidate.url)
        merged[candidate.url] = candidate if known is None else _joined(known, candidate)
    return list(merged.values())


def with_all_details(source: Source) -> Source:
    """Return a source with the details that its format has had since the page was found."""
    known = FORMATS.get(source.format)
    details = _details_beside(known, source.primary) if known and source.definition is None else ()
    is_behind = bool(source.details) and set(source.details) < set(details)
    return replace(source, details=details) if is_behind else source


def _joined(one: Candidate, other: Candidate) -> Candidate:
    expected = tuple(dict.fromkeys((*one.expected, *other.expected)))
    return Candidate(url=one.url, sources=(*one.sources, *other.sources), expected=expected)


def _details_beside(known: Format, url: str) -> tuple[str, ...]:
    """Return the details of an address that is a primary endpoint of the format, () for any other."""
    for endpoints in known.endpoints:
        if endpoints.primary and endpoints.details and url.endswith(endpoints.primary):
            base = url.removesuffix(endpoints.primary)
            return tuple(path if "://" in path else base + path for path in endpoints.details)
    return ()


def _pairs(text: str) -> Iterator[re.Match[str]]:
    return _ATTRIBUTE.finditer(text)


def _absolute(url: str, link: str) -> str | None:
    try:
        address = urljoin(url, link.strip())
        is_web = urlsplit(address).scheme in ("http", "https") and bool(urlsplit(address).netloc)
    except ValueError:
        return None
    return address.partition("#")[0] if link.strip() and is_web else None


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower().removesuffix(":443").removesuffix(":80")
