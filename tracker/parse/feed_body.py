"""The HTML inside a feed's entries -> what was posted. Knows the markup of vendors, and neither times nor ids."""

import re
from dataclasses import dataclass

from tracker.parse._fields import body_text
from tracker.parse.text import one_line, plain_text
from tracker.parse.words import COMPONENT_HEADINGS, COMPONENT_STATES, STATUS_HEADINGS

# Statuspage, in the markup of 2014 (no <var>), of 2019 and of 2026 (blanks between tags):
# <p><small>Aug <var>21</var>, <var>00:37</var> UTC</small><br><strong>Resolved</strong> - text</p>
_POST = re.compile(
    r"<small>(?P<time>.{1,300}?)</small>\s*+(?:<br\s*/?>)?\s*+<strong>(?P<label>[^<]{1,80})</strong>\s*+-\s?",
    re.DOTALL | re.IGNORECASE,
)
_CLOCK = re.compile(r"\d:\d\d")
# Above the posts of a future maintenance: <strong>THIS IS A SCHEDULED EVENT Dec 18, 16:00 - 17:00 UTC</strong>
_WINDOW = re.compile(r"<strong>[^<]{0,40}SCHEDULED EVENT(?P<window>.{1,400}?)</strong>", re.DOTALL | re.IGNORECASE)

# incident.io: <b>Status: Resolved</b><br/><br/>text<br/><br/>
#              <b>Affected components</b><ul><li>API (Operational)</li></ul>
_STATUS_LINE = re.compile(r"\A(?P<heading>[^\n:\uff1a]{2,12}?) ?[:\uff1a]\s{0,3}(?P<word>[^\n]{1,60})(?:\n|\Z)")
_LIST_HEADING = re.compile(r"<(?:b|strong)>(?P<heading>[^<]{1,80})</(?:b|strong)>\s{0,80}\Z", re.IGNORECASE)
_ITEM = re.compile(r"<li>([^<]{1,400})", re.IGNORECASE)
_STATE = re.compile(r" ?\((?P<state>[^()]{1,60})\)\Z")
#: How much before a list is looked at for its heading.
_BEFORE_LIST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One of the updates that Statuspage collapses into an entry."""

    #: When, in the page's own words.
    time: str
    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The one text of an entry, with the status that it begins with and the components that it ends with."""

    #: The page's word for the status, as written.
    word: str | None
    text: str
    components: tuple[str, ...]


def posts(html: str) -> tuple[Post, ...]:
    """Return the collapsed updates, newest first; () when the entry is none of Statuspage's."""
    heads = [head for head in _POST.finditer(html) if _CLOCK.search(plain_text(head["time"]))]
    ends = [*(head.start() for head in heads[1:]), len(html)][: len(heads)]
    return tuple(
        Post(
            time=one_line(plain_text(head["time"])),
            label=plain_text(head["label"]),
            text=body_text(html[head.end() : end]),
        )
        for head, end in zip(heads, ends, strict=True)
    )


def scheduled_window(html: str) -> str | None:
    """Return the words that announce when a maintenance takes place, None when there are none."""
    found = _WINDOW.search(html)
    return one_line(plain_text(found["window"])) if found else None


def note(html: str) -> Note:
    """Return an entry's one text, taken apart where the markup allows."""
    html, components = _without_components(html)
    text = body_text(html)
    found = _STATUS_LINE.match(text)
    if found is None or found["heading"].lower() not in STATUS_HEADINGS:
        return Note(word=None, text=text, components=components)
    return Note(word=found["word"].strip() or None, text=text[found.end() :].lstrip(), components=components)


def _without_components(html: str) -> tuple[str, tuple[str, ...]]:
    """Split off the list of components at the end. Its order differs between answers, so the names are sorted."""
    start = html.rfind("<ul>")
    if start < 0 or not html[start:].rstrip().endswith("</ul>"):
        return html, ()
    heading = _LIST_HEADING.search(html[max(0, start - _BEFORE_LIST) : start])
    if heading is None or plain_text(heading["heading"]).lower() not in COMPONENT_HEADINGS:
        return html, ()
    names = {_without_state(one_line(plain_text(item))) for item in _ITEM.findall(html, start)}
    return html[: start - len(heading[0])], tuple(sorted(names - {""}))


def _without_state(component: str) -> str:
    found = _STATE.search(component)
    return component[: found.start()] if found and found["state"].lower() in COMPONENT_STATES else component
