"""The words for an alert that all channels share: vendors' text made plain, cut, and kept apart from ours. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from tracker.alerting.channel import AlertEntry, Message, Operation, Severity
from tracker.model.marks import safe_link
from tracker.model.plain import one_line, several_lines

TITLE: Final = 200
TEXT: Final = 3000
_WORD: Final = 60
_MOST_NAMED: Final = 10
#: Kinds of messages that sum up other alerts: when they were sent says nothing of those.
_SUMS_UP: Final = frozenset({"digest", "summary"})
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


def provider(message: Message) -> str:
    """Return the provider's name."""
    return one_line(message.provider_name, TITLE) or message.provider_id


def title(message: Message) -> str:
    """Return the alert's title, a drill marked as one."""
    plain = one_line(message.title, TITLE) or "(no title)"
    return f"[DRILL] {plain}" if message.is_drill else plain


def headline(message: Message) -> str:
    """Return provider and title, which stay the same over the alert's life unless the vendor renames it."""
    # That a page cannot be read is our title, and it names the provider.
    return title(message) if message.kind == "page" else f"{provider(message)}: {title(message)}"


def status(text: str) -> str:
    """Return a status as a word for people."""
    return one_line(text.replace("_", " "), _WORD).capitalize()


def state(message: Message) -> str:
    """Return the state of the alert, with its duration once it is over: `Resolved after 2 h 5 min`."""
    word = status(message.status) or message.act.value
    if message.act is not Operation.CLOSE:
        return word if message.kind in _SUMS_UP else f"{word} ({message.severity.value})"
    # A maintenance begins long after its alert.
    lasted = message.ended_at if message.kind not in {*_SUMS_UP, "maintenance"} else None
    return f"{word} after {duration(lasted - message.started_at)}" if lasted else word


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last message of a channel that cannot edit: the parts whose change is worth another message."""

    severity: Severity
    status: str
    window: str = ""
    note: str = ""


def said(message: Message) -> Said:
    """Return the last message of a channel once it has sent this one."""
    return Said(message.severity, message.status, window(message), message.note)


def is_asked_for(message: Message, before: Said) -> bool:
    """Return whether a maintenance moved, or a route wants a reminder: its note is another one each time."""
    return window(message) != before.window or message.note not in ("", before.note)


def window(message: Message) -> str:
    """Return when a maintenance is planned, in UTC; empty for everything else."""
    if message.window is None:
        return ""
    begin, end = message.window
    return f"{moment(begin)} to {moment(end)}" if end else f"from {moment(begin)}"


def facts(message: Message) -> Iterator[tuple[str, str]]:
    """Yield label and text of the facts that come before the vendor's words, without the status."""
    return ((name, text) for name, text in _facts(message) if name and text)


def _facts(message: Message) -> Iterator[tuple[str, str]]:
    is_maintenance = message.kind == "maintenance"
    if message.kind not in {*_SUMS_UP, "maintenance"}:
        yield "Impact", one_line(message.impact.replace("_", " "), _WORD)
    yield "Components", components(message)
    yield "Window", window(message)
    if message.kind not in _SUMS_UP:
        yield "Announced" if is_maintenance else "Started", moment(message.started_at)
        if message.ended_at is not None:
            yield "Ended", moment(message.ended_at)
    yield "Note", one_line(message.note, TITLE)
    if link := safe_link(message.act_link):
        yield "Acknowledge or snooze", link
    for name, value in message.labels.items():
        yield one_line(name, _WORD), one_line(value, TITLE)


def components(message: Message) -> str:
    """Return the affected components, the first few by name."""
    return _first(message.components, TITLE)


def children(message: Message) -> str:
    """Return the titles of the alerts that this one stands for, a line each."""
    named = (one_line(child, TITLE) for child in message.children[:_MOST_NAMED])
    return "\n".join(filter(None, named)) + _rest(message.children)


def entry_line(entry: AlertEntry) -> str:
    """Return an update of the history: when, which status, and what it says."""
    head = f"{moment(entry.at)} {entry_state(entry)}"
    text = several_lines(entry.text, TEXT)
    return f"{head}: {text}" if text else head


def entry_state(entry: AlertEntry) -> str:
    """Return the status of an update, and whether it is an edit of an earlier one."""
    return f"{status(entry.status)}, edited" if entry.is_edit else status(entry.status)


def entries_after(message: Message, newest_sent: str | None) -> Sequence[AlertEntry]:
    """Return the updates behind the one of that id; the newest alone if that one is no longer in the history."""
    ids = [entry.id for entry in message.updates]
    if newest_sent in ids:
        return message.updates[ids.index(newest_sent) + 1 :]
    return message.updates if newest_sent is None else message.updates[-1:]


def newest_id(message: Message) -> str | None:
    """Return the id of the newest update."""
    return message.updates[-1].id if message.updates else None


def newest_text(message: Message) -> str:
    """Return the text of the newest update, on several lines."""
    return several_lines(message.text, TEXT)


def moment(at: datetime) -> str:
    """Return a time in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def stamp(at: datetime) -> str:
    """Return a time as programs read it (RFC 3339)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(span: timedelta) -> str:
    """Return a span of time in its two largest units."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S} min"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S} h {seconds % _HOUR_S // _MINUTE_S} min"
    return f"{seconds // _DAY_S} d {seconds % _DAY_S // _HOUR_S} h"


def _first(names: Sequence[str], limit: int) -> str:
    return ", ".join(filter(None, (one_line(name, limit) for name in names[:_MOST_NAMED]))) + _rest(names)


def _rest(names: Sequence[str]) -> str:
    return f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
