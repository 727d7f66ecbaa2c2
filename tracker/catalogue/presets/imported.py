"""A user's list of vendors or pages -> the pages to watch: names are matched to presets."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Final

from tracker.catalogue import Subscriptions, read_opml, subscriptions
from tracker.catalogue.mistakes import quoted
from tracker.catalogue.presets.lists import Wanted, wanted
from tracker.catalogue.presets.lookup import at, find, nearest
from tracker.catalogue.presets.table import Preset
from tracker.errors import ConfigError
from tracker.model.plain import visible
from tracker.model.provider import Provider

_LONGEST_FILE: Final = 10 * 1024 * 1024
_LINE: Final = 200
#: Suffixes of vendors' names in lists.
_BEHIND: Final = re.compile(
    r"(?:,? (?:inc|llc|ltd|gmbh|corp)\.?|[ -](?:status(?: page)?|api|cloud|platform))$", re.IGNORECASE
)
#: How many names that match nothing are compared with every preset: that takes some milliseconds each.
_MOST_COMPARED: Final = 50
#: A host without its scheme.
_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:/\S*)?")


def load_list(path: Path, *, known: Iterable[Provider], formats: Collection[str]) -> Subscriptions:
    """Return the subscriptions of a file of pages or names beyond the known providers. Raises ConfigError."""
    file = visible(str(path), _LINE)
    try:
        with path.open("rb") as stream:
            data = stream.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as error:
        # ValueError: the path holds a NUL.
        reason = getattr(error, "strerror", None) or "not a valid path"
        raise ConfigError(f"{file}: cannot be read ({reason}); name a list of pages or vendors") from None
    return read_list(data, file=file, known=known, formats=formats)


def read_list(data: bytes, *, file: str, known: Iterable[Provider], formats: Collection[str]) -> Subscriptions:
    """Return the pages that the bytes name; `file` is their name in messages. Raises ConfigError."""
    if data.lstrip(b"\xef\xbb\xbf\xff\xfe\0\t\r\n ").startswith(b"<"):
        return read_opml(data, file=file, known=known, formats=formats)
    if len(data) > _LONGEST_FILE:
        raise ConfigError(f"{file}: is larger than {_LONGEST_FILE >> 20} MB; split it")
    unmatched: list[str] = []
    pages = list(_pages(wanted(data, file=file), unmatched))
    return subscriptions(pages, known=known, formats=formats, unmatched=unmatched)


def _pages(listed: Iterable[Wanted], unmatched: list[str]) -> Iterator[tuple[str | None, str]]:
    """Yield name and address of each page, the preset's if there is one, and collect the names that match nothing."""
    for page in listed:
        preset = (at(page.url) if page.url else None) or (_named(page.name) if page.name else None)
        if preset is not None:
            yield preset.name, preset.url
        elif page.url:
            yield page.name or None, page.url
        elif _HOST.fullmatch(page.name):
            yield None, f"https://{page.name}"
        else:
            close = nearest(page.name) if len(unmatched) < _MOST_COMPARED else ()
            hint = f"did you mean {' or '.join(close)}?" if close else "add it by its address"
            unmatched.append(f"no preset is called {quoted(page.name)}; {hint}")


def _named(name: str) -> Preset | None:
    """Return the preset of a name, without the suffix that lists add."""
    shorter = name
    while True:
        preset = find(shorter)
        cut = _BEHIND.sub("", shorter)
        if preset is not None or cut == shorter:
            return preset
        shorter = cut
