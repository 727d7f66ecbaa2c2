"""The words for an event that all outputs for people share, made safe and cut to size."""

from datetime import UTC, datetime

from tracker.model.event import Event
from tracker.model.plain import one_line

TITLE = 200
MESSAGE = 1000
_NAMED = 5


def product(event: Event) -> str:
    """Return the affected part: the provider, with components if there are few."""
    if len(event.components) <= _NAMED:
        return one_line(event.product, MESSAGE)
    named = ", ".join(one_line(name, TITLE) for name in event.components[:_NAMED])
    return f"{one_line(event.provider_name, TITLE)} - {named} and {len(event.components) - _NAMED} more"


def title(event: Event) -> str:
    """Return the incident's title with its impact."""
    named = one_line(event.incident or "", TITLE) or "(no title)"
    impact = one_line(event.impact or "", TITLE)
    return f"{named} ({impact})" if impact and impact != "maintenance" else named


def status(event: Event) -> str:
    """Return the status with the vendor's own word for it, where that is another one."""
    known = one_line(event.status.replace("_", " "), TITLE).capitalize()
    word = one_line(event.vendor_status or "", TITLE)
    return f"{known} ({word})" if word else known


def window(begin: datetime, end: datetime | None) -> str:
    """Return when a maintenance is, in UTC, the day of its end where that is another one."""
    begin = begin.astimezone(UTC)
    if end is None:
        return f"from {begin:%Y-%m-%d %H:%M} UTC"
    end = end.astimezone(UTC)
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M} to {until} UTC"
