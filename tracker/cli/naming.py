"""Finds the provider that a word means: by id, by name, or by a similar one. Pure."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from tracker.errors import ConfigError
from tracker.model.plain import one_line
from tracker.model.provider import Provider

#: The cost of a comparison is the product of the lengths.
_LONGEST_COMPARED: Final = 60
_MOST_COMPARED: Final = 5000
#: Letters of a beginning that are enough to mean a name; words that a question names.
_LEAST_BEGUN: Final = 3
_HINTS: Final = 3


def meant(providers: Iterable[Provider], word: str) -> Provider:
    """Return the provider of that id or name, in any case of letters. Raises ConfigError with similar names."""
    known = list(providers)
    folded = word.casefold()
    for provider in known:
        if provider.id == word:
            return provider
    named = [each for each in known if folded in (each.id.casefold(), each.name.casefold())]
    if len(named) > 1:
        ids = ", ".join(each.id for each in named)
        raise ConfigError(f"several providers are called {one_line(word, _LONGEST_COMPARED)}; write an id: {ids}")
    if named:
        return named[0]
    names = {spelling: each.id for each in known for spelling in (each.name, each.id)}
    # A name and its id are mostly alike: one of them is enough.
    similar = tuple(dict.fromkeys(names[spelling] for spelling in _alike(word, names)))
    hint = _question(similar) or "`tracker providers list` shows them all"
    raise ConfigError(f"there is no provider {one_line(word, _LONGEST_COMPARED)}; {hint}")


def chosen(providers: Sequence[Provider], words: Sequence[str]) -> list[Provider]:
    """Return the providers of these words, in the order of the catalogue; all for no words. Raises ConfigError."""
    wanted = {meant(providers, word).id for word in words}
    return [provider for provider in providers if not words or provider.id in wanted]


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return a question with the closest of some known words, None if none is close."""
    return _question(_alike(word, known))


def _question(words: Sequence[str]) -> str | None:
    return f"did you mean {' or '.join(one_line(word, _LONGEST_COMPARED) for word in words)}?" if words else None


def _alike(word: str, known: Iterable[str]) -> list[str]:
    folded = {spelling.casefold()[:_LONGEST_COMPARED]: spelling for spelling in list(known)[:_MOST_COMPARED]}
    asked = word.casefold()[:_LONGEST_COMPARED]
    # `acme` is far from `acme-cloud` by its letters alone.
    begun = sorted((each for each in folded if len(asked) >= _LEAST_BEGUN and each.startswith(asked)), key=len)
    close = begun[:_HINTS] or get_close_matches(asked, folded, n=_HINTS, cutoff=0.6)
    return [folded[each] for each in close]
