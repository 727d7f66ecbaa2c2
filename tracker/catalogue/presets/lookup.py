"""Presets by name: exactly, by words, and by similarity. Pure."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from tracker.catalogue import slug
from tracker.catalogue.presets.table import Preset, presets

#: Ranks of a match, best first; `_NONE` is that of no match.
_EXACT, _PREFIX, _WORD, _WITHIN, _NONE = range(5)
_PARTS: Final = re.compile(r"[^a-z0-9]+")
#: Comparing costs the product of the lengths; ids and aliases have some 20 characters.
_LONGEST_COMPARED: Final = 40


def find(word: str) -> Preset | None:
    """Return the preset of that id, name or alias, None when there is none."""
    wanted = slug(word)
    return next((preset for preset in presets() if wanted == preset.id or wanted in preset.aliases), None)


def at(url: str) -> Preset | None:
    """Return the preset whose page is at an address, or was at its host; None when there is none."""
    wanted, host = url.rstrip("/"), urlsplit(url).netloc
    known = presets()
    exact = next((preset for preset in known if preset.url.rstrip("/") == wanted), None)
    return exact or next((preset for preset in known if host in preset.moved_from), None)


def completions(beginning: str) -> tuple[str, ...]:
    """Return the ids of the presets that a word may be the beginning of, by name or alias."""
    word = beginning.casefold()
    return tuple(
        preset.id
        for preset in search([])
        if any(name.startswith(word) for name in (preset.id, preset.name.casefold(), *preset.aliases))
    )


def search(words: Sequence[str]) -> tuple[Preset, ...]:
    """Return the presets that match every word, the closest first; all of them without a word."""
    ranked = []
    for preset in presets():
        ranks = [_rank(preset, word.casefold()) for word in words]
        if _NONE not in ranks:
            ranked.append((sum(ranks), preset.id, preset))
    return tuple(preset for *_, preset in sorted(ranked, key=lambda entry: entry[:2]))


def nearest(word: str) -> tuple[str, ...]:
    """Return the ids of up to three presets that may have been meant, the likeliest first."""
    spellings = {spelling: preset.id for preset in presets() for spelling in (preset.id, *preset.aliases)}
    close = get_close_matches(word.casefold()[:_LONGEST_COMPARED], spellings, n=3, cutoff=0.7)
    # Two spellings may be of one vendor.
    return tuple(dict.fromkeys(spellings[spelling] for spelling in close))


def _rank(preset: Preset, word: str) -> int:
    """Return the rank of a vendor for a word: how well its names or address match."""
    called = (preset.id, preset.name.casefold(), *preset.aliases)
    if word in called or word == preset.category:
        return _EXACT
    if any(name.startswith(word) for name in called):
        return _PREFIX
    if any(part.startswith(word) for name in called for part in _PARTS.split(name)):
        return _WORD
    if any(word in text for text in (*called, preset.category, preset.host, *preset.moved_from)):
        return _WITHIN
    return _NONE
