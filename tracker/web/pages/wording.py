"""Ages, clock times and dates in words, as every page writes them. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

from tracker.model.plain import one_line

#: Between a number and its unit, so that no line breaks there.
_JOINED: Final = "\u00a0"
#: An en dash, as between two times.
_UNTIL: Final = "\u2013"
#: A name in a list of them is cut at this many characters.
_LONGEST_NAME: Final = 100
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY
#: Ages from here on are written in weeks.
_MANY_DAYS: Final = 21 * _DAY


def span(seconds: float) -> str:
    """Return a duration in words: one unit under an hour (`14 min`), two above (`1 h 41 min`)."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole}{_JOINED}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}{_JOINED}min"
    if whole < _DAY:
        hours, minutes = whole // _HOUR, whole % _HOUR // _MINUTE
        return _two(f"{hours}{_JOINED}h", f"{minutes:02d}{_JOINED}min" if minutes else "")
    days, hours = whole // _DAY, whole % _DAY // _HOUR
    return _two(f"{days}{_JOINED}day{'' if days == 1 else 's'}", f"{hours}{_JOINED}h" if hours else "")


def fine_span(seconds: float) -> str:
    """Return a short duration with tenths of a second: `0.2 s`, `14 s`, `6 min 02 s`."""
    if seconds < 10:  # noqa: PLR2004  below ten seconds a tenth is worth reading
        return f"{max(0.0, seconds):.1f}{_JOINED}s"
    whole = round(seconds)
    if whole < _MINUTE or whole >= _HOUR:
        return span(whole)
    return _two(f"{whole // _MINUTE}{_JOINED}min", f"{whole % _MINUTE:02d}{_JOINED}s" if whole % _MINUTE else "")


def ago(moment: datetime, now: datetime) -> str:
    """Return the age of a moment, coarser the longer: `4 min ago`, `2 days ago`; one to come is `just now`."""
    seconds = (now - moment).total_seconds()
    if seconds < 1:
        return "just now"
    if seconds >= _MANY_DAYS:
        return f"{int(seconds // _WEEK)}{_JOINED}weeks ago"
    if seconds >= _DAY:
        days = int(seconds // _DAY)
        return f"{days}{_JOINED}day{'' if days == 1 else 's'} ago"
    return f"{span(seconds)} ago"


def ahead(moment: datetime, now: datetime) -> str:
    """Return the time until a moment: `in 48 min`; one that has passed is `now`."""
    seconds = (moment - now).total_seconds()
    return f"in {span(seconds)}" if seconds >= 1 else "now"


def iso(moment: datetime) -> str:
    """Return a moment for `<time datetime>`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_span(seconds: float) -> str:
    """Return a duration for `<time datetime>`: `PT6060S`."""
    return f"PT{max(0, round(seconds))}S"


def full(moment: datetime) -> str:
    """Return date and time to the second, as a title shows them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(moment: datetime) -> str:
    """Return the time of day in 24 hours."""
    return moment.astimezone(UTC).strftime("%H:%M")


def to_the_second(moment: datetime) -> str:
    """Return the time of day with its seconds."""
    return moment.astimezone(UTC).strftime("%H:%M:%S")


def day(moment: datetime, now: datetime) -> str:
    """Return the day: `27 November`, with its year where that is not the present one."""
    moment = moment.astimezone(UTC)
    year = "" if moment.year == now.astimezone(UTC).year else f" {moment.year}"
    return f"{moment.day} {moment:%B}{year}"


def short_day(moment: datetime, now: datetime) -> str:
    """Return the day in short: `27 Nov`."""
    moment = moment.astimezone(UTC)
    year = "" if moment.year == now.astimezone(UTC).year else f" {moment.year}"
    return f"{moment.day} {moment:%b}{year}"


def stamp(moment: datetime, now: datetime) -> str:
    """Return the time of day, and the day where it is not today: `02:58`, `26 Nov 23:00`."""
    if moment.astimezone(UTC).date() == now.astimezone(UTC).date():
        return clock(moment)
    return f"{short_day(moment, now)} {clock(moment)}".replace(" ", _JOINED)


def relative_day(moment: datetime, now: datetime) -> str:
    """Return `Today`, `Yesterday`, `Tomorrow`, or the day."""
    days = (moment.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    return {0: "Today", -1: "Yesterday", 1: "Tomorrow"}.get(days, day(moment, now))


def weekday(moment: datetime) -> str:
    """Return the name of the day of the week."""
    return moment.astimezone(UTC).strftime("%A")


def window(begin: datetime, end: datetime | None, now: datetime) -> str:
    """Return the window of a maintenance in words, with the day of its end if it differs; an open end is named."""
    since = stamp(begin, now)
    if end is None:
        return f"{since}, end not given"
    days = (end.astimezone(UTC).date() - begin.astimezone(UTC).date()).days
    return f"{since}{_UNTIL}{clock(end)}{f' (+{days})' if days else ''}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: `1 page`, `2 pages`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `11th`."""
    last_two = number % 100
    suffix = "th" if last_two in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def listed(names: tuple[str, ...], most: int) -> str:
    """Return vendors' names in one safe line; of more than `most` the number of the others."""
    line = ", ".join(one_line(name, _LONGEST_NAME) for name in names[:most])
    return line if len(names) <= most else f"{line} and{_JOINED}{len(names) - most}{_JOINED}more"


def within(moment: datetime | None, now: datetime, span_: timedelta) -> bool:
    """Return whether a moment is not further ahead than a span."""
    return moment is not None and moment <= now + span_


def _two(larger: str, smaller: str) -> str:
    return f"{larger} {smaller}".strip()
