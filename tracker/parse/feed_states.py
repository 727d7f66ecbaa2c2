"""The status that a title or a text names, in whatever notation -> the word for it, and the rest.

    [Resolved] title    (Resolved) title    title [Resolved]    title - Resolved
    Resolved: title     RESOLVED - title    Status: Resolved - text    Current status: Resolved

A word counts only where something sets it apart and nothing else stands in its place: "Resolved DNS names fail" and
"Update your client" name no status. An end that nobody announced is worse than one that is noticed late.
"""

import re
from dataclasses import dataclass
from typing import Final

from tracker.parse.words import STATUS_HEADINGS, UPDATE, is_closing, known_status

_OPENING: Final = r"[\[(\u3010\uff3b\uff08\u3014<\u300c]"
_CLOSING: Final = r"[\])\u3011\uff3d\uff09\u3015>\u300d]"
_INSIDE: Final = r"[^\[\]()\u3010\u3011\uff3b\uff3d\uff08\uff09\u3014\u3015<>\u300c\u300d\n]{2,60}"
#: Between a status and what it is said of. A hyphen wants a blank behind it, since words have hyphens too.
_BETWEEN: Final = r"(?:[ \t]*(?:[:\uff1a|\u2013\u2014\u2015\u00b7\u2022\u00bb]|-(?=\s|\Z)|->|=>)[ \t]*)"
_FRONT_BRACKET: Final = re.compile(
    rf"\s*{_OPENING}\s*(?P<word>{_INSIDE}?)\s*{_CLOSING}{_BETWEEN}?\s*(?P<rest>.*)\Z", re.DOTALL
)
_BACK_BRACKET: Final = re.compile(rf"(?P<rest>.*\S) ?{_OPENING}\s*(?P<word>{_INSIDE}?)\s*{_CLOSING}\s*\Z", re.DOTALL)
_MARKED: Final = re.compile(r"[\[\u3010\uff3b](?P<word>[^\[\]\u3010\u3011\uff3b\uff3d]{2,40})[\]\u3011\uff3d]")
_FRONT_WORD: Final = re.compile(
    rf"\s*(?P<word>[^\n]{{2,60}}?)(?: ?\([^()\n]{{1,40}}\))?{_BETWEEN}(?P<rest>.*)\Z", re.DOTALL
)
_BACK_WORD: Final = re.compile(
    r"(?P<rest>.*\S) (?:-{1,2}|[|\u2013\u2014\u2015\u00b7\u2022]) (?P<word>[^\n]{2,40})\Z", re.DOTALL
)
_LONE_WORD: Final = re.compile(
    r"\s*(?P<word>[^\n]{2,60}?)[ \t]*[.!\u3002\uff01]?[ \t]*(?:\n+(?P<rest>.*))?\Z", re.DOTALL
)
_HEADING: Final = re.compile(
    r"\s*(?P<heading>[^\n:\uff1a]{2,24}?)(?: ?[:\uff1a]\s{0,3}|\n+)(?P<line>[^\n]{1,400})(?:\n|\Z)"
)
#: Behind a status that a heading announces: the end of the word, where a text begins.
_ENDS: Final = re.compile(
    rf"(?P<mark>{_BETWEEN})|[ \t]*(?:[.,;!]+(?=\s|\Z)|[\u3002\uff0c\uff1b\uff01\u3001]+)[ \t]*|[ \t]+(?=\()"
)
#: FireHydrant: `Milestone is now 'resolved'`
_TOLD: Final = re.compile(
    r"(?:the )?(?:incident )?(?:milestone|status|state) (?:is now|has changed to|changed to|set to) "
    r"[\"'\u201c\u2018]?(?P<word>[^\"'\u201d\u2019.\n]{2,40})[\"'\u201d\u2019.]?\s",
    re.IGNORECASE,
)
_LINE: Final = re.compile(r"^(?P<heading>[^\n:\uff1a]{2,24}?) ?[:\uff1a] ?(?P<word>[^\n]{2,60})$", re.MULTILINE)
_LOOKED_AT: Final = 2_000
_SIGNS: Final = re.compile(r"[^\w\[\](){}<\u3010\uff3b\uff08\u3014\u300c*\"']*")
_EMPHASIS: Final = re.compile(r"\A(?P<mark>\*\*|\*|__)(?P<inside>[^*\n]{2,60}?)(?P=mark)")
_BEHIND_WORD: Final = re.compile(r"(?:\s+#?\d{1,3}|#\d{1,3})?[\s.!:]*\Z")
#: A word of the vendor's own in a status's place is no sentence.
_MOST_WORDS: Final = 3
_LONGEST_WORD: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a title or a text says beside the status that it names."""

    #: The page's word for the status, as written; None where none is named.
    word: str | None
    rest: str
    #: Whether a heading announces the word, so that it is one whatever it says.
    is_announced: bool = False


def in_title(title: str) -> Stated:
    """Return the status that a title of one line names and the title without it."""
    plain = _without_marks(title)
    announced = _announced(plain)
    if announced is not None and announced.rest and known_status(announced.word):
        return announced
    for shape in (_FRONT_BRACKET, _FRONT_WORD, _BACK_BRACKET, _BACK_WORD):
        found = shape.match(plain)
        # "Metrics - Monitoring" names a part of a product.
        is_part = found is not None and shape is _BACK_WORD and known_status(_bare(found["word"])) in _OF_PARTS
        if found and not is_part and found["rest"].strip() and _is_said(found["word"]):
            return Stated(word=_bare(found["word"]), rest=found["rest"].strip())
    marked = next((found for found in _MARKED.finditer(title) if _is_said(found["word"])), None)
    if marked:
        rest = " ".join((title[: marked.start()] + title[marked.end() :]).split())
        return Stated(word=_bare(marked["word"]), rest=rest or title)
    return Stated(word=None, rest=title)


def is_marked(title: str) -> bool:
    """Tell whether a title names its status in square brackets, which stay in the name as the vendor's own mark."""
    return any(_is_said(found["word"]) for found in _MARKED.finditer(title))


def in_text(text: str) -> Stated:
    """Return the status that a text begins with and the text behind it, whole where it names none."""
    plain = _without_marks(text)
    announced = _announced(plain)
    if announced is not None and announced.word is not None:
        return announced
    if told := _TOLD.match(plain):
        word = _bare(told["word"])
        return Stated(word=word, rest=text, is_announced=True) if known_status(word) else Stated(word=None, rest=text)
    for shape in (_FRONT_BRACKET, _LONE_WORD, _FRONT_WORD):
        found = shape.match(plain)
        if found and _is_said(found["word"]):
            # A text of one word is no less a text.
            return Stated(word=_bare(found["word"]), rest=(found["rest"] or "").strip() or text.strip())
    return _on_a_line(text)


def further(one: str | None, other: str | None) -> str | None:
    """Return of two words for a status the one that says more: the first, unless only the other one ends it."""
    known, second = known_status(one), known_status(other)
    if known is None or known == UPDATE:
        return other if second and second != UPDATE else one or other
    return other if second and is_closing(second) and not is_closing(known) else one


def _is_said(word: str) -> bool:
    """Tell whether a word that nothing announces is one for a status; some have another meaning in a title."""
    bare = _bare(word)
    return known_status(bare) is not None and bare.lower() not in _OF_TWO_MEANINGS


def _bare(word: str) -> str:
    """Return a word without the number of the update and the full stop behind it."""
    return _BEHIND_WORD.sub("", word.strip())


def _without_marks(text: str) -> str:
    """Return a text without what stands before its first word, such as a sign, and without Markdown around that."""
    return _EMPHASIS.sub(r"\g<inside>", text[_SIGNS.match(text).end() :], count=1)  # type: ignore[union-attr]  # it may be empty


def _on_a_line(text: str) -> Stated:
    """Return the status on a line such as `Current status: Resolved` below the first one; the text stays whole."""
    for found in _LINE.finditer(text[:_LOOKED_AT]):
        if _is_heading(found["heading"]) and known_status(_bare(found["word"])):
            return Stated(word=_bare(found["word"]), rest=text, is_announced=True)
    return Stated(word=None, rest=text)


def _is_heading(words: str) -> bool:
    return " ".join(words.lower().split()) in STATUS_HEADINGS


_OF_PARTS: Final = frozenset({"monitoring", UPDATE})
#: "Complete - outage of the region", "Upcoming: a new API".
_OF_TWO_MEANINGS: Final = frozenset({"complete", "watching", "upcoming", "planned", "recovering"})


def _announced(text: str) -> Stated | None:
    """Return what a heading such as `Status:` announces, None where there is none."""
    found = _HEADING.match(text)
    if found is None or not _is_heading(found["heading"]):
        return None
    line, behind = found["line"].strip(), text[found.end() :].strip()
    if known_status(_bare(line)):
        return Stated(word=_bare(line), rest=behind, is_announced=True)
    for end in _ENDS.finditer(line):
        word = _bare(line[: end.start()])
        # A comma or a full stop ends a word that is known; with any other it is a sentence.
        if known_status(word) or (end["mark"] and _is_word(word)):
            rest = "\n".join(filter(None, (line[end.end() :].strip(), behind)))
            return Stated(word=word, rest=rest, is_announced=True)
    if _is_word(_bare(line)):
        return Stated(word=_bare(line), rest=behind, is_announced=True)
    return Stated(word=None, rest=text)


def _is_word(word: str) -> bool:
    return 0 < len(word.split()) <= _MOST_WORDS and len(word) <= _LONGEST_WORD
