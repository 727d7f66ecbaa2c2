"""Presets by name: exactly, by words, and by what somebody may have meant. Pure."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from tracker.catalogue import slug
from tracker.catalogue.presets.table import Preset, presets

#: Ranks of a match, best first; `_NONE` is that of no match.
_EXACT, _PREFIX, _WITHIN, _NONE = range(4)
#: Comparing costs the product of the lengths; ids and aliases have some 20 characters.
_LONGEST_COMPARED: Final = 40


def find(word: str) -> Preset | None:
    """Return the preset of that id, name or alias, None when there is none."""
    wanted = slug(word)
    return next((preset for preset in presets() if wanted == preset.id or wanted in preset.aliases), None)


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
    """Return how closely a word matches what a vendor is called, or where it is."""
    called = (preset.id, preset.name.casefold(), *preset.aliases)
    if word in called or word == preset.category:
        return _EXACT
    if any(name.startswith(word) for name in called):
        return _PREFIX
    if any(word in text for text in (*called, preset.category, urlsplit(preset.url).netloc)):
        return _WITHIN
    return _NONE
