"""The status in a title or a text, in any notation -> its word, and the rest.

    [Resolved] title    (Resolved) title    title [Resolved]    title - Resolved
    Resolved: title     RESOLVED - title    Status: Resolved - text    Current status: Resolved

A word counts only where something sets it apart and it stands alone there: "Resolved DNS names fail" and
"Update your client" name no status. A false end is worse than a late one.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tracker.parse.feed_notations import (
    ANNOUNCED,
    BACK_BRACKET,
    BACK_WORD,
    BEFORE_WORD,
    BEHIND_WORD,
    CHANGED,
    EMPHASIS,
    ENDS,
    FRONT_BRACKET,
    FRONT_WORD,
    HEADING,
    HEADING_BEHIND,
    LABEL,
    LAST_TEXT,
    LINE,
    LONE_WORD,
    LOOKED_AT,
    MARK,
    MARKED,
    MIDDLE,
    ROW,
    SENTENCE,
    SHOUTED,
    SIGNS,
)
from tracker.parse.words import STATUS_HEADINGS, UPDATE, is_closing, known_status

#: Words that a vendor's own status may have; a sentence has more.
_MOST_WORDS: Final = 3
_LONGEST_WORD: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A title or text, split into its status and the rest."""

    #: The page's word for the status, as written; None where none is named.
    word: str | None
    rest: str
    #: Whether a heading announces the word, which then counts as a status in any case.
    is_announced: bool = False


def in_title(title: str) -> Stated:
    """Return the status that a title of one line names and the title without it."""
    plain = _without_marks(title)
    if (announced := _announced(plain)) is not None and known_status(announced.word):
        return announced if announced.rest else Stated(word=announced.word, rest=title)
    return (
        _changed(plain)
        or _shaped(plain, title, title)
        or _between(plain)
        or _behind_label(plain, title)
        or _lone(plain, title)
    )


def _shaped(plain: str, title: str, whole: str) -> Stated | None:
    """Return the status at one end of a title, or anywhere in square brackets; an end counts at either end of it."""
    for shape in (FRONT_BRACKET, FRONT_WORD, BACK_BRACKET, BACK_WORD, SHOUTED):
        found = shape.match(plain)
        if found is None or not found["rest"].strip() or not _fits(shape, found, whole):
            continue
        rest = found["rest"].strip()
        stated = Stated(word=_bare(found["word"]), rest=HEADING_BEHIND.sub("", rest) or rest)
        more = (
            None
            if shape in (BACK_BRACKET, BACK_WORD) or _ends(stated.word)
            else _shaped(stated.rest, stated.rest, whole)
        )
        return more if more and (_ends(more.word) or known_status(stated.word) == UPDATE) else stated
    marked = next((found for found in MARKED.finditer(title) if _is_said(found["word"], is_marked=True)), None)
    if marked is None:
        return None
    rest = " ".join((title[: marked.start()] + title[marked.end() :]).split())
    return Stated(word=_bare(marked["word"]), rest=rest or title)


def _fits(shape: re.Pattern[str], found: re.Match[str], whole: str) -> bool:
    """Return whether the word that a shape has found in a title is its status."""
    if shape in (FRONT_BRACKET, BACK_BRACKET):
        return _is_said(found["word"], is_marked=True) and (
            shape is FRONT_BRACKET or not _is_everyday(found["word"]) or _is_subject(found["rest"], whole)
        )
    if not _is_said(found["word"]):
        return False
    if shape is FRONT_WORD:
        return _is_whole(found["word"], found["rest"])
    # "Metrics - Monitoring" names a part of a product, "Orders: Completed" a column.
    if known_status(_bare(found["word"])) in _OF_PARTS:
        return False
    if shape is SHOUTED or found["colon"]:
        return not _is_everyday(found["word"])
    return not _is_everyday(found["word"]) or _is_subject(found["rest"], whole)


def _between(plain: str) -> Stated | None:
    """Return the status between two marks, behind a component, a number or a time: `INC-7 - Resolved - title`."""
    marks = list(MARK.finditer(plain[:MIDDLE]))
    for first, second in pairwise(marks):
        word, rest = plain[first.end() : second.start()], plain[second.end() :].strip()
        is_status = rest and _is_said(word) and not _is_everyday(word) and known_status(_bare(word)) not in _OF_PARTS
        if is_status and _is_whole(word, rest):
            return Stated(word=_bare(word), rest=f"{plain[: first.end()]}{rest}")
    return None


def _behind_label(plain: str, title: str) -> Stated | None:
    """Return the status behind a severity, a number or a time without a mark in between."""
    label = LABEL.match(plain) or LABEL.match(title)
    found = FRONT_WORD.match(label["rest"]) if label else None
    if label is None or found is None or not _is_said(found["word"]) or not _is_whole(found["word"], found["rest"]):
        return None
    return Stated(word=_bare(found["word"]), rest=f"{label['label'].strip()} {found['rest'].strip()}".strip())


def _lone(plain: str, title: str) -> Stated:
    """Return the status that is all of a title."""
    word = _bare(plain) if len(plain) <= _LONGEST_WORD else ""
    is_status = _is_said(word) and known_status(word) not in _OF_PARTS
    return Stated(word=word if is_status else None, rest=title)


def _changed(text: str) -> Stated | None:
    """Return the status after a change that is written out, None where none is."""
    found = CHANGED.match(text)
    if found is None or not known_status(_bare(found["before"])) or not known_status(_bare(found["word"])):
        return None
    return Stated(word=_bare(found["word"]), rest=found["rest"].strip() or text.strip(), is_announced=True)


def is_marked(title: str) -> bool:
    """Return whether a title names its status in plain square brackets, which stay in the name as the vendor's mark."""
    return any(found[0][0] == "[" and _is_said(found["word"], is_marked=True) for found in MARKED.finditer(title))


def in_text(text: str) -> Stated:
    """Return the status that a text begins with and the text behind it, whole where it names none."""
    plain = _without_marks(text)
    if changed := _changed(plain):
        return changed
    announced = _announced(plain)
    if announced is not None and announced.word is not None:
        return announced
    if written := ANNOUNCED.match(plain):
        word = _bare(written["word"])
        return Stated(word=word, rest=text, is_announced=True) if known_status(word) else Stated(word=None, rest=text)
    for shape in (FRONT_BRACKET, LONE_WORD, SENTENCE, FRONT_WORD):
        found = shape.match(plain)
        if found and _is_said(found["word"]) and (shape is not FRONT_WORD or _is_whole(found["word"], found["rest"])):
            # A text of one word stays the text, too.
            stated = Stated(word=_bare(found["word"]), rest=(found["rest"] or "").strip() or text.strip())
            more = in_text(stated.rest) if shape is FRONT_WORD and known_status(stated.word) == UPDATE else None
            return more if more and more.word else stated
    if last := LAST_TEXT.fullmatch(text):
        return Stated(word=last["word"], rest=text)
    return _behind_time(text) or _on_a_line(text)


def _behind_time(text: str) -> Stated | None:
    """Return the status behind the time that a text begins with."""
    begin, _, more = text.partition("\n")
    found = _between(begin) or _behind_label(begin, begin)
    if found is None or re.search(r"\d", begin[: begin.find(found.word or "")]) is None:
        return None
    return Stated(word=found.word, rest="\n".join(filter(None, (found.rest, more))))


def further(one: str | None, other: str | None) -> str | None:
    """Return the further of two words for a status: the first, unless only the other one ends the incident."""
    known, second = known_status(one), known_status(other)
    if known is None or known == UPDATE:
        return other if second and second != UPDATE else one or other
    return other if second and is_closing(second) and not is_closing(known) else one


def _is_said(word: str, *, is_marked: bool = False) -> bool:
    """Return whether a word is a status where nothing announces it; some words have another meaning in a title."""
    bare = _bare(word)
    return known_status(bare) is not None and (is_marked or bare.lower() not in _OF_TWO_MEANINGS)


def _ends(word: str | None) -> bool:
    return is_closing(known_status(word) or "")


def _is_everyday(word: str) -> bool:
    return _bare(word).lower() in _EVERYDAY


def _is_whole(word: str, rest: str) -> bool:
    """Return whether a word for an end still means one before this rest: "Fixed: line calls fail" does not."""
    if not _ends(_bare(word)):
        return True
    begin = rest.lstrip()
    if _IN_PART.match(begin):
        return False
    return not _is_everyday(word) or not (begin[:1].islower() or begin[:1].isdigit()) or bool(_ENDED.match(begin))


def _is_subject(title: str, whole: str) -> bool:
    """Return whether a title names something that can end, not things that customers order or close."""
    return len(title.split()) >= _WORDS_OF_A_TITLE or _ENDING.search(whole) is not None


def _bare(word: str) -> str:
    """Return a word without the number of the update and the full stop behind it."""
    return BEHIND_WORD.sub("", BEFORE_WORD.sub("", word.strip()))


def _without_marks(text: str) -> str:
    """Return a text without signs before its first word, and without Markdown around that word."""
    return EMPHASIS.sub(r"\g<inside>", text[SIGNS.match(text).end() :], count=1)  # type: ignore[union-attr]  # it may be empty


def _on_a_line(text: str) -> Stated:
    """Return the status on a line such as `Current status: Resolved` below the first one; the text stays whole."""
    for found in (*LINE.finditer(text[:LOOKED_AT]), *ROW.finditer(text[:LOOKED_AT])):
        if _is_heading(found["heading"]) and known_status(_bare(found["word"])):
            return Stated(word=_bare(found["word"]), rest=text, is_announced=True)
    return Stated(word=None, rest=text)


def _is_heading(words: str) -> bool:
    return " ".join(words.lower().split()) in STATUS_HEADINGS


_OF_PARTS: Final = frozenset({"monitoring", UPDATE})
#: Words for an end that have other meanings as well: "Complete - outage of the region".
_EVERYDAY: Final = frozenset({
    "closed", "fixed", "solved", "completed", "complete", "finished", "recovered", "restored", "cancelled", "canceled",
})  # fmt: skip
_IN_PART: Final = re.compile(r"\(?(?:partially|partly)\b|\((?:[^()]{1,30} )?only\)", re.IGNORECASE)
_ENDED: Final = re.compile(
    r"(?:the |this |our )?(?:scheduled |planned )?(?:maintenance|works?|incident|issue|upgrade) "
    r"(?:is|are|has|have|was|were)\b"
)
_ENDING: Final = re.compile(r"maintenance|outage|incident|upgrade|migration|work\b", re.IGNORECASE)
_WORDS_OF_A_TITLE: Final = 3
_OF_TWO_MEANINGS: Final = frozenset({"complete", "watching", "upcoming", "planned", "recovering"})


def _announced(text: str) -> Stated | None:
    """Return the status behind a heading such as `Status:`, None without one."""
    found = HEADING.match(text)
    if found is None or not _is_heading(found["heading"]):
        return None
    line, behind = found["line"].strip(), text[found.end() :].strip()
    if known_status(_bare(line)):
        return Stated(word=_bare(line), rest=behind, is_announced=True)
    for end in ENDS.finditer(line):
        word = _bare(line[: end.start()])
        if _ends(word) and _IN_PART.match(line[end.end() :].lstrip()):
            break
        # Behind a known word, a comma or a full stop ends it; behind any other, it makes a sentence.
        if known_status(word) or (end["mark"] and _is_word(word)):
            rest = "\n".join(filter(None, (line[end.end() :].strip(), behind)))
            return Stated(word=word, rest=rest, is_announced=True)
    if _is_word(_bare(line)):
        return Stated(word=_bare(line), rest=behind, is_announced=True)
    return Stated(word=None, rest=text)


def _is_word(word: str) -> bool:
    return 0 < len(word.split()) <= _MOST_WORDS and len(word) <= _LONGEST_WORD
