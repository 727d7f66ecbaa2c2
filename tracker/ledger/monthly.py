"""Figures of a month, by vendor: incidents, minutes by impact, unknown minutes, and how long updates took. Pure.

Only the record is counted: incidents and unreadable pages. A minute counts once, at the worst impact of the incidents
that were open; a time during which the page could not be read counts as unknown and as nothing else. Times are the
vendor's where it gives them. Time in which this tracker did not run is not on record, and is not counted as unknown.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.latency import Spread, Timing, latency, timing
from tracker.ledger.incidents import STANDINGS, moment_of, severity
from tracker.model.event import Event, EventKind
from tracker.model.page import CLOSED_STATUSES, Impact

#: The impacts that are counted, from harmless to bad; unknown comes before all of them.
_RANKS: Final = (Impact.MAINTENANCE.value, Impact.NONE.value, "minor", "major", "critical", "unknown")
_DECEMBER: Final = 12


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar month in UTC, its end not included."""

    begin: datetime
    end: datetime

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Return the month that `2026-10` names. Raises ValueError."""
        begin = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        year, month = (begin.year + 1, 1) if begin.month == _DECEMBER else (begin.year, begin.month + 1)
        return cls(begin=begin, end=begin.replace(year=year, month=month))


class VendorMonth(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor's month: the stable form of `report`. Minutes are rounded to a tenth."""

    provider: str
    provider_name: str
    #: Incidents that were open in the month, and those of them that opened in it.
    incidents: int = 0
    opened: int = 0
    critical_minutes: float = 0.0
    major_minutes: float = 0.0
    minor_minutes: float = 0.0
    #: Incidents that the vendor calls harmless.
    none_minutes: float = 0.0
    maintenance_minutes: float = 0.0
    #: The page could not be read; these minutes count as nothing else.
    unknown_minutes: float = 0.0
    #: Updates, edits and withdrawals that were seen in the month.
    updates: int = 0
    edits: int = 0
    withdrawals: int = 0
    #: From the vendor's date until the update was seen, and from then until its line was written; of the updates that
    #: can be timed (`tracker.delivery.latency`).
    timed_updates: int = 0
    published_to_seen: Spread = Spread()
    seen_to_logged: Spread = Spread()


class _Phase(msgspec.Struct):
    """The impact of an incident from a moment on; None once it has ended."""

    at: datetime
    impact: str | None


class MonthlyReport:
    """Counts a month from events in the order of the record, those before the month included."""

    def __init__(self, month: Month, now: datetime) -> None:
        self._month = month
        #: The future is not counted.
        self._end = min(month.end, now)
        self._names: dict[str, str] = {}
        self._standings: dict[str, dict[str, list[_Phase]]] = {}
        self._unreadable: dict[str, list[_Phase]] = {}
        self._counts: dict[tuple[str, EventKind], int] = {}
        self._timings: dict[str, list[Timing]] = {}

    def add(self, streamed: StreamedEvent) -> None:
        """Count one event."""
        event = streamed.event
        self._names[event.provider] = event.provider_name
        if event.event in STANDINGS and event.incident_id is not None:
            self._stand(event, event.incident_id)
        elif event.event is EventKind.PAGE_UNREADABLE:
            self._unreadable.setdefault(event.provider, []).append(_Phase(moment_of(event), "unknown"))
        elif event.event is EventKind.PAGE_READABLE:
            self._unreadable.setdefault(event.provider, []).append(_Phase(event.seen_at, None))
        if self._month.begin <= event.seen_at < self._month.end:
            key = (event.provider, event.event)
            self._counts[key] = self._counts.get(key, 0) + 1
            timed = timing(event, streamed.stream_id, streamed.logged_at) if streamed.logged_at else None
            if timed is not None:
                self._timings.setdefault(event.provider, []).append(timed)

    def vendors(self) -> tuple[VendorMonth, ...]:
        """Return a row for each vendor on record, sorted by name."""
        rows = map(self._vendor, self._names)
        return tuple(sorted(rows, key=lambda row: (row.provider_name.casefold(), row.provider)))

    def _stand(self, event: Event, incident_id: str) -> None:
        if event.status in CLOSED_STATUSES:
            impact = None
        elif event.event is EventKind.MAINTENANCE_UPDATE:
            # A maintenance that is only planned affects no one yet.
            impact = Impact.MAINTENANCE.value if event.status != "scheduled" else None
        else:
            impact = severity(event.impact).value
        standings = self._standings.setdefault(event.provider, {}).setdefault(incident_id, [])
        at = moment_of(event)
        if at < self._month.begin and standings and max(known.at for known in standings) <= at:
            standings.clear()  # only the state at the beginning of the month matters, so memory is bounded
        standings.append(_Phase(at, impact))

    def _vendor(self, provider: str) -> VendorMonth:
        incidents = self._standings.get(provider, {})
        spans = {key: list(self._spans(standings)) for key, standings in incidents.items()}
        touched = [key for key, found in spans.items() if any(impact != "maintenance" for _, _, impact in found)]
        opened = [key for key in touched if self._month.begin <= min(each.at for each in incidents[key])]
        everything = [span for found in spans.values() for span in found]
        minutes = _minutes([*everything, *self._spans(self._unreadable.get(provider, []))])
        timed = latency(self._timings.get(provider, ()))

        def count(*kinds: EventKind) -> int:
            return sum(self._counts.get((provider, kind), 0) for kind in kinds)

        return VendorMonth(
            provider=provider,
            provider_name=self._names[provider],
            incidents=len(touched),
            opened=len(opened),
            critical_minutes=minutes["critical"],
            major_minutes=minutes["major"],
            minor_minutes=minutes["minor"],
            none_minutes=minutes["none"],
            maintenance_minutes=minutes["maintenance"],
            unknown_minutes=minutes["unknown"],
            updates=count(*STANDINGS),
            edits=count(EventKind.UPDATE_EDITED),
            withdrawals=count(EventKind.UPDATE_WITHDRAWN),
            timed_updates=timed.updates,
            published_to_seen=timed.published_to_seen,
            seen_to_logged=timed.seen_to_logged,
        )

    def _spans(self, standings: list[_Phase]) -> Iterator[tuple[datetime, datetime, str]]:
        """Yield the beginning, end and impact of each span within the month."""
        ordered = sorted(standings, key=lambda phase: phase.at)
        ends = [*(phase.at for phase in ordered[1:]), self._end]
        for phase, end in zip(ordered, ends, strict=False):
            begin, until = max(phase.at, self._month.begin), min(end, self._end)
            if phase.impact is not None and begin < until:
                yield begin, until, phase.impact


def _minutes(spans: list[tuple[datetime, datetime, str]]) -> dict[str, float]:
    """Return the minutes of each impact; where several overlap, only the worst of them counts."""
    changes: list[tuple[datetime, int, int]] = []
    for begin, end, impact in spans:
        rank = _RANKS.index(impact)
        changes += [(begin, rank, 1), (end, rank, -1)]
    seconds, running, before = [0.0] * len(_RANKS), [0] * len(_RANKS), None
    for at, rank, step in sorted(changes):
        worst = max((place for place, number in enumerate(running) if number), default=None)
        if before is not None and worst is not None:
            seconds[worst] += (at - before).total_seconds()
        running[rank] += step
        before = at
    return {impact: round(total / 60, 1) for impact, total in zip(_RANKS, seconds, strict=True)}
