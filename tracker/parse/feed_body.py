"""The HTML in a feed's entries -> the posts in it. Knows the markup of vendors, but neither times nor ids."""

import re
from dataclasses import dataclass

from tracker.parse._fields import body_text
from tracker.parse.text import one_line, plain_text
from tracker.parse.words import COMPONENT_HEADINGS, COMPONENT_STATES, is_closing, known_status

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
# PayPal: <br /><strong>Resolved: </strong> <p>text</p> <br /><strong>Initial Notification: </strong> <p>text</p>
_HEADED = re.compile(
    r"(?P<before>\A|<(?:br|/?p|/?div|hr|/?li|/h\d|/ul)\b[^<>]{0,80}>)\s{0,80}(?:<(?:p|div)\b[^<>]{0,80}>\s{0,80})?"
    r"<(?P<tag>b|strong|h[1-6])\b[^<>]{0,200}>\s{0,20}(?P<label>[^<]{2,60}?)\s{0,20}[:\uff1a-]?\s{0,20}</(?P=tag)>",
    re.IGNORECASE,
)
#: A bold word that a sentence begins with: `<b>Resolved</b> names fail`
_GOES_ON = re.compile(r"(?<![:\uff1a-])(?<![:\uff1a-] )</(?!h)\w+>\s{0,20}[a-z]")
_LIST_HEADING = re.compile(r"<(?:b|strong)>(?P<heading>[^<]{1,80})</(?:b|strong)>\s{0,80}\Z", re.IGNORECASE)
_ITEM = re.compile(r"<li>([^<]{1,400})", re.IGNORECASE)
_STATE = re.compile(r" ?\((?P<state>[^()]{1,60})\)\Z")
#: Characters before a list that may hold its heading.
_BEFORE_LIST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One of the updates that Statuspage collapses into an entry."""

    #: The time in the page's own words; "" for none.
    time: str
    label: str
    text: str


def posts(html: str) -> tuple[Post, ...]:
    """Return the collapsed updates, newest first; () for an entry that is not Statuspage's."""
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


def headed_posts(html: str) -> tuple[Post, ...]:
    """Return the updates of an entry that has bold words for their statuses above them, newest first; () for none.

    They have no times. On a page that appends them, the last one is the newest.
    """
    heads = [
        head
        for head in _HEADED.finditer(html)
        if known_status(plain_text(head["label"])) and not _GOES_ON.match(html, head.end() - len(f"</{head['tag']}>"))
    ]
    if not heads or plain_text(html[: heads[0].start()]):
        return ()
    ends = [*(head.start() for head in heads[1:]), len(html)]
    found = [
        Post(
            time="",
            label=one_line(plain_text(head["label"])),
            text=body_text(html[head.end() : end]).lstrip(":-\u2013\u2014 \n"),
        )
        for head, end in zip(heads, ends, strict=True)
    ]
    first, last = (is_closing(known_status(post.label) or "") for post in (found[0], found[-1]))
    return tuple(reversed(found) if last and not first else found)


def without_components(html: str) -> tuple[str, tuple[str, ...]]:
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
    if found is None or one_line(found["state"]).lower().replace("_", " ") not in COMPONENT_STATES:
        return component
    return component[: found.start()]
