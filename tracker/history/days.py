"""Sums up each day of a provider: its state, and how much of the day is unknown. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from tracker.history.answers import ComponentChange, Day, DayState, RecordedIncident, UnreadableSpan
from tracker.model.page import Impact

#: The impact of a component's status.
_COMPONENTS: Final = {
    "degraded_performance": DayState.MINOR,
    "partial_outage": DayState.MAJOR,
    "major_outage": DayState.CRITICAL,
    "under_maintenance": DayState.MAINTENANCE,
}
_IMPACTS: Final = {
    Impact.MINOR: DayState.MINOR,
    Impact.MAJOR: DayState.MAJOR,
    Impact.CRITICAL: DayState.CRITICAL,
    Impact.MAINTENANCE: DayState.MAINTENANCE,
}
_ORDER: Final = tuple(DayState)
_MINUTE: Final = timedelta(minutes=1)


class Polls(NamedTuple):
    """The polls of one day: those that read the page, and those that failed."""

    read: int
    failed: int


class Span(NamedTuple):
    """A time with one state."""

    began_at: datetime
    ended_at: datetime
    state: DayState


def days_of(
    first: date,
    now: datetime,
    incidents: Sequence[RecordedIncident],
    components: Sequence[ComponentChange],
    unreadable: Sequence[UnreadableSpan],
    polls: Mapping[date, Polls],
) -> tuple[Day, ...]:
    """Return each day from `first` to today. A day without a successful poll is unknown, whatever incidents it had."""
    spans = sorted((*incident_spans(incidents, now), *_component_spans(components, now)))
    blind = [Span(span.began_at, span.ended_at or now, DayState.UNKNOWN) for span in unreadable]
    length = (now.astimezone(UTC).date() - first).days + 1
    return tuple(
        _day(first + timedelta(days=number), now, incidents, spans, blind, polls) for number in range(max(0, length))
    )


def incident_spans(incidents: Iterable[RecordedIncident], now: datetime) -> Iterator[Span]:
    """Yield the spans of each impact of the incidents; a maintenance counts while it is ongoing, within its window."""
    for incident in incidents:
        end = incident.ended_at or now
        if incident.is_maintenance:
            yield from _maintenance_span(incident, end)
            continue
        phases = incident.phases
        for number, phase in enumerate(phases):
            until = phases[number + 1].since if number + 1 < len(phases) else end
            # An incident without an impact counts as minor.
            state = DayState.MINOR if phase.impact is None else _IMPACTS.get(phase.impact)
            if state is not None and min(until, end) > phase.since:
                yield Span(phase.since, min(until, end), state)


def _maintenance_span(maintenance: RecordedIncident, end: datetime) -> Iterator[Span]:
    window = maintenance.window
    if maintenance.is_cancelled or maintenance.status == "scheduled" or window is None or window.starts_at is None:
        return
    if end > window.starts_at:
        yield Span(window.starts_at, end, DayState.MAINTENANCE)


def _component_spans(components: Iterable[ComponentChange], now: datetime) -> Iterator[Span]:
    for change in components:
        state = _COMPONENTS.get(change.status)
        if state is not None:
            yield Span(change.began_at, change.ended_at or now, state)


def _day(
    day: date,
    now: datetime,
    incidents: Sequence[RecordedIncident],
    spans: Sequence[Span],
    blind: Sequence[Span],
    polls: Mapping[date, Polls],
) -> Day:
    begin = datetime.combine(day, time(), UTC)
    end = min(begin + timedelta(days=1), now)
    counted = polls.get(day)
    if counted is None or not counted.read:
        unknown, minutes = round((end - begin) / _MINUTE), {}
        state = DayState.UNKNOWN
    else:
        blunt = worst_minutes(blind, begin, end)
        unknown = blunt.get(DayState.UNKNOWN.value, 0)
        minutes = worst_minutes(spans, begin, end)
        touched = [span.state for span in spans if span.began_at < end and span.ended_at > begin]
        state = min(touched, key=_ORDER.index, default=DayState.OPERATIONAL)
    return Day(
        day=day,
        state=state,
        unknown_minutes=unknown,
        minutes=minutes,
        polls_read=counted.read if counted else None,
        polls_failed=counted.failed if counted else None,
        incidents=tuple(
            incident.incident_id
            for incident in incidents
            if incident.began_at < end and (incident.ended_at or now) >= begin and not incident.is_cancelled
        ),
    )


def worst_minutes(spans: Iterable[Span], begin: datetime, end: datetime) -> dict[str, int]:
    """Return the minutes of each state between two moments; where spans overlap, the worst counts."""
    cut = [
        Span(max(span.began_at, begin), min(span.ended_at, end), span.state)
        for span in spans
        if span.began_at < end and span.ended_at > begin
    ]
    edges = sorted({moment for span in cut for moment in span[:2]})
    total: dict[DayState, timedelta] = {}
    for start, stop in pairwise(edges):
        states = [span.state for span in cut if span.began_at <= start and span.ended_at >= stop]
        if states:
            worst = min(states, key=_ORDER.index)
            total[worst] = total.get(worst, timedelta()) + (stop - start)
    return {state.value: round(length / _MINUTE) for state, length in total.items()}
