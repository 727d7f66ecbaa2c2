"""OPML -> pages: the list of subscriptions that a feed reader exports (OPML 2.0 specification, "Subscription lists").

Folders are outlines without an address; their contents are read and they are otherwise ignored.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn
from xml.parsers import expat

import msgspec

from tracker.catalogue.entry import new_provider
from tracker.catalogue.names import LONGEST_ID
from tracker.errors import ConfigError
from tracker.model.plain import visible
from tracker.model.provider import Provider

#: A subscription takes some 300 bytes.
_LONGEST_FILE: Final = 10 * 1024 * 1024
#: Readers nest folders two or three deep.
_DEEPEST: Final = 50
_MOST: Final = 10_000
_LINE: Final = 200
#: The suffix of vendors' names in the titles of feeds: `GitHub Status - Incident History`.
_SUFFIX: Final = re.compile(r"(?: status(?: page)?)?(?: - incident history)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """The contents of a file of subscriptions, each in the order of the file."""

    #: Pages that are new, with ids of their own.
    providers: tuple[Provider, ...]
    #: One sentence for each page that is watched already.
    repeated: tuple[str, ...]
    #: One sentence for each that cannot be watched.
    invalid: tuple[str, ...]
    #: One sentence for each name that matches no known page.
    unmatched: tuple[str, ...] = ()


def read_opml(data: bytes, *, file: str, known: Iterable[Provider], formats: Collection[str]) -> Subscriptions:
    """Return the pages that the bytes name; `file` is their name in messages. Raises ConfigError."""
    if len(data) > _LONGEST_FILE:
        raise ConfigError(f"{file}: is larger than {_LONGEST_FILE >> 20} MB; split it")
    return subscriptions(_outlines(data, file), known=known, formats=formats)


def subscriptions(
    pages: Iterable[tuple[str | None, str]],
    *,
    known: Iterable[Provider],
    formats: Collection[str],
    unmatched: Iterable[str] = (),
) -> Subscriptions:
    """Return the subscriptions of names and addresses beyond the known providers, each page once."""
    urls = {provider.url.rstrip("/"): provider.id for provider in known}
    ids = _Ids(urls.values())
    providers, repeated, invalid = [], [], []
    for name, url in pages:
        try:
            provider = new_provider(url, formats=formats, name=name)
        except ConfigError as error:
            invalid.append(str(error))
            continue
        same = urls.get(provider.url.rstrip("/"))
        if same is not None:
            repeated.append(f"{provider.url} is there already, as {same}")
        elif provider.id in ids.known:
            repeated.append(f"{provider.id} is there already, at another address than {provider.url}")
        else:
            provider = msgspec.structs.replace(provider, id=ids.take(provider.id))
            urls[provider.url.rstrip("/")] = provider.id
            providers.append(provider)
    return Subscriptions(
        providers=tuple(providers), repeated=tuple(repeated), invalid=tuple(invalid), unmatched=tuple(unmatched)
    )


class _Ids:
    """The ids that are taken, by known providers or by earlier entries of the file."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._taken = set(self.known)
        #: Wanted id -> the last number that was put behind it.
        self._numbers: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """Take the id, with a number behind it when it is taken."""
        free, number = wanted, self._numbers.get(wanted, 1)
        while free in self._taken:
            number += 1
            free = f"{wanted[: LONGEST_ID - len(str(number)) - 1]}-{number}"
        self._numbers[wanted] = number
        self._taken.add(free)
        return free


def _outlines(data: bytes, file: str) -> Iterator[tuple[str | None, str]]:
    """Yield name and address of each subscription."""
    for outline in _Reader(file).read(data):
        url = outline.get("xmlurl", "").strip() or outline.get("htmlurl", "").strip()
        if url:
            yield _name(outline.get("text") or outline.get("title") or ""), url


def _name(title: str) -> str | None:
    """Return the vendor's name in the title of its feed, None where there is none."""
    return _SUFFIX.sub("", " ".join(title.split())) or None


@dataclass(slots=True)
class _Reader:
    """Collects the attributes of outlines as they pass; builds no tree, and refuses a file that declares entities."""

    file: str
    _depth: int = 0
    _found: list[dict[str, str]] = field(default_factory=list)

    def read(self, data: bytes) -> list[dict[str, str]]:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            # LookupError, ValueError: an encoding that Python or expat does not know (Shift_JIS).
            self._refuse(f"cannot be read as XML ({visible(str(error), _LINE)}); export it again, in UTF-8")
        return self._found

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and element.lower() != "opml":
            self._refuse(f"is not OPML but <{visible(element)}>; export the subscriptions of a feed reader")
        self._depth += 1
        if self._depth > _DEEPEST:
            self._refuse(f"nests more than {_DEEPEST} deep; no feed reader does")
        if element.lower() == "outline":
            if len(self._found) >= _MOST:
                self._refuse(f"holds more than {_MOST} outlines; split it")
            # Readers do not agree on xmlUrl or xmlurl.
            self._found.append({key.lower(): value for key, value in attributes.items()})

    def _end(self, _element: str) -> None:
        self._depth -= 1

    def _entity(self, *_declaration: object) -> NoReturn:
        self._refuse("declares XML entities of its own; export it again")

    def _refuse(self, what: str) -> NoReturn:
        raise ConfigError(f"{self.file}: {what}")
