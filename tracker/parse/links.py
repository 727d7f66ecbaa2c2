"""Addresses of the links in vendors' messages, which plain text loses.

They are kept beside a message and not in it: its text decides whether it was edited, and on some platforms which update
it is. Formats know nothing of this: the links of all markup that becomes plain text while an answer is read are noted
(`note`), and the updates with that text get them.
"""

import dataclasses
import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final
from urllib.parse import urljoin

from msgspec.structs import replace

from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.parse.format import Format

#: Links of one message, and of one answer, at most.
_MOST: Final = 10
_MOST_NOTED: Final = 5000
_LONGEST: Final = 500
#: Characters at the end of a text; texts that share them are compared one by one.
_TAIL: Final = 24
_MOST_ALIKE: Final = 8

_ANCHOR: Final = re.compile(
    r"""<a\s[^<>]*?\bhref\s*=\s*(?:"(?P<double>[^"<>]*)"|'(?P<single>[^'<>]*)'|(?P<bare>[^\s"'<>]+))""", re.IGNORECASE
)


class Noted:
    """The links of texts, by the ends of the texts: some formats remove words from the beginning."""

    def __init__(self) -> None:
        self._texts: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        self._count = 0

    def add(self, markup: str, text: str) -> None:
        """Keep the links of a text."""
        found = tuple(dict.fromkeys(map(_address, _ANCHOR.finditer(markup))))
        alike = self._texts.setdefault(text[-_TAIL:], [])
        if found and text and self._count < _MOST_NOTED and len(alike) < _MOST_ALIKE:
            alike.append((text, found))
            self._count += 1

    def of(self, text: str) -> tuple[str, ...]:
        """Return the links of a text, or of a longer one that ends with it."""
        for whole, found in self._texts.get(text[-_TAIL:], ()):
            if whole.endswith(text):
                return found
        return ()


_CURRENT: ContextVar[Noted | None] = ContextVar("noted", default=None)


def note(markup: str, text: str) -> None:
    """Keep the links of markup that became a text, if an answer is being read."""
    noted = _CURRENT.get()
    if noted is not None and "<" in markup:
        noted.add(markup, text)


def keeping_links(known: Format) -> Format:
    """Return the format, extended to give updates the links of their texts."""

    def read(body: bytes, url: str, content_type: str | None) -> Snapshot:
        if b"href" not in body and b"HREF" not in body:
            return known.read(body, url, content_type)
        with _noting() as noted:
            snapshot = known.read(body, url, content_type)
        return replace(
            snapshot,
            incidents=tuple(_linked(incident, noted, url) for incident in snapshot.incidents),
            maintenances=tuple(_linked(incident, noted, url) for incident in snapshot.maintenances),
        )

    return dataclasses.replace(known, read=read)


@contextmanager
def _noting() -> Iterator[Noted]:
    noted = Noted()
    token = _CURRENT.set(noted)
    try:
        yield noted
    finally:
        _CURRENT.reset(token)


def _linked(incident: Incident, noted: Noted, url: str) -> Incident:
    updates = tuple(_with_links(update, noted, url) for update in incident.updates)
    return incident if updates == incident.updates else replace(incident, updates=updates)


def _with_links(update: IncidentUpdate, noted: Noted, url: str) -> IncidentUpdate:
    found = noted.of(update.body) if update.body else ()
    if not found:
        return update
    return replace(update, links=tuple(_useful(found, update.body, url)))


def _useful(found: tuple[str, ...], text: str, url: str) -> Iterator[str]:
    """Yield whole addresses of the web that the text does not show itself."""
    whole = dict.fromkeys(_joined(url, address) for address in found[:_MOST])
    for address in whole:
        is_web = address.lower().startswith(("https://", "http://")) and len(address) <= _LONGEST
        if is_web and address.isprintable() and " " not in address and address not in text:
            yield address


def _joined(url: str, address: str) -> str:
    try:
        return urljoin(url, address)
    except ValueError:
        return ""


def _address(found: re.Match[str]) -> str:
    return html.unescape(found["double"] or found["single"] or found["bare"] or "").strip()
