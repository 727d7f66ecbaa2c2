"""The words of a search: whole ones, and prefixes, each of which becomes the words on record that begin with it.

A database finds the newest events of one word at once, whatever their number. For a prefix it would first gather every
event of every matching word; so the search names each word instead.
"""

import re
import sys
import unicodedata
from typing import Final, NamedTuple

from tracker.errors import SearchTooWide
from tracker.history.database import Session

#: Words of a search that count; more would only make it slow.
MOST_WORDS: Final = 12
#: The most words that one prefix may match.
MOST_BEGUN: Final = 1000
_WORD: Final = re.compile(r"(\w+)(\*?)")
_LETTERS: Final = re.compile(r"[^\W_]+")


class SearchWords(NamedTuple):
    """The words of a search."""

    whole: tuple[str, ...]
    beginnings: tuple[str, ...]


def asked_words(text: str) -> SearchWords:
    """Return the words and prefixes (`word*`) of a search text."""
    whole: list[str] = []
    beginnings: list[str] = []
    for word, star in _WORD.findall(text)[:MOST_WORDS]:
        # In a search an underscore ends a word.
        *before, last = word.split("_") if star else (word,)
        whole += [each for each in before if each]
        if last:
            (beginnings if star else whole).append(last)
    return SearchWords(tuple(whole), tuple(beginnings))


def words_beginning(session: Session, beginning: str) -> list[str]:
    """Return the words on record that begin with a prefix. Raises SearchTooWide, HistoryError."""
    found = session.rows(
        "SELECT word FROM event_words WHERE word >= :first AND word < :past ORDER BY word LIMIT :most",
        first=beginning,
        past=beginning + chr(sys.maxunicode),
        most=MOST_BEGUN + 1,
    )
    if len(found) > MOST_BEGUN:
        raise SearchTooWide(
            f"more than {MOST_BEGUN} words begin with '{beginning}'; give more of the word, or all of it"
        )
    return [row["word"] for row in found]


def words_of(text: str) -> set[str]:
    """Return the words of a text in lower case and without accents."""
    return {folded(word) for word in _LETTERS.findall(unicodedata.normalize("NFC", text))}


def folded(word: str) -> str:
    """Return a word in lower case and without accents."""
    parts = unicodedata.normalize("NFD", word.lower())
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")
