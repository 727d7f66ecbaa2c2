"""Ninety days of a provider, the worst state of each; a day without a reading does not count as good. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from tracker.assessment import State
from tracker.history.answers import Day, DayState
from tracker.web.pages.badges import NOT_READ, Badge, state_badge
from tracker.web.pages.wording import span

_MINUTE_S: Final = 60
#: After this long without an answer a day counts as not read; a day with a problem keeps its colour and says so.
_NOTABLE_MIN: Final = 10


class DayMark(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the strip."""

    day: date
    #: A tone of a badge, or `none` for a day before the page was watched.
    tone: str
    words: str


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """The days, oldest first, and how long each state held in all."""

    marks: tuple[DayMark, ...]
    totals: tuple[tuple[Badge, str], ...]
    #: The first day that was watched; None if that is before the strip begins, or nothing is on record.
    watched_since: date | None
    #: Days under the strip, from the first to the last.
    axis: tuple[date, ...]


def strip(days: Sequence[Day], *, is_read: bool = False) -> Strip:
    """Return the strip of some days, the oldest first and today last.

    Polls are counted only now and then: if a page `is_read` now and no poll of today was counted yet, watching it has
    just begun.
    """
    if is_read and days and days[-1].polls_read is None:
        begun = DayMark(day=days[-1].day, tone="none", words=f"{short(days[-1].day)}: watching has just begun")
        earlier = strip(days[:-1])
        return msgspec.structs.replace(earlier, marks=(*earlier.marks, begun), axis=(*earlier.axis[:-1], days[-1].day))
    first = next((index for index, each in enumerate(days) if not _is_before_watching(each)), len(days))
    marks = tuple(
        _mark(each, is_watched=index >= first, is_today=index == len(days) - 1) for index, each in enumerate(days)
    )
    totals: dict[State, int] = {}
    for each in days[first:]:
        for impact, minutes in each.minutes.items():
            state = State(impact)
            totals[state] = totals.get(state, 0) + minutes
        totals[State.UNKNOWN] = totals.get(State.UNKNOWN, 0) + each.unknown_minutes
    thirds = (0, len(days) // 3, 2 * len(days) // 3, len(days) - 1) if days else ()
    return Strip(
        marks=marks,
        totals=tuple(
            (NOT_READ if state is State.UNKNOWN else state_badge(state), span(totals[state] * _MINUTE_S))
            for state in State
            if totals.get(state)
        ),
        watched_since=days[first].day if 0 < first < len(days) else None,
        axis=tuple(days[index].day for index in thirds),
    )


def short(day: date) -> str:
    """Return `27 Nov`."""
    return f"{day.day} {day:%b}"


def _is_before_watching(day: Day) -> bool:
    return day.state is DayState.UNKNOWN and not day.polls_read and not day.polls_failed and not day.incidents


def _mark(day: Day, *, is_watched: bool, is_today: bool) -> DayMark:
    named, so_far = short(day.day), " so far" if is_today else ""
    if not is_watched:
        return DayMark(day=day.day, tone="none", words=f"{named}: not watched yet")
    state = State(day.state.value)
    unread = f"not read for {span(day.unknown_minutes * _MINUTE_S)}{so_far}"
    if (not state.is_problem and day.unknown_minutes >= _NOTABLE_MIN) or state is State.UNKNOWN:
        return DayMark(day=day.day, tone="unknown", words=f"{named}: {unread if day.unknown_minutes else 'not read'}")
    if state is State.OPERATIONAL:
        return DayMark(day=day.day, tone="ok", words=f"{named}: operational{so_far}")
    badge = state_badge(state)
    minutes = day.minutes.get(state.value, 0)
    lasted = f", {span(minutes * _MINUTE_S)}{so_far}" if minutes else so_far
    end = f", {unread}" if day.unknown_minutes >= _NOTABLE_MIN else ""
    return DayMark(day=day.day, tone=badge.tone, words=f"{named}: {badge.word.lower()}{lasted}{end}")
