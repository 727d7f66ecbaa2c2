"""What `cadence = "adaptive"` costs and brings: recorded incident histories, polled by arithmetic alone.

    python -m benchmarks.cadence --recorded FOLDER

The folder holds saved answers of status pages and an `INDEX.tsv` with the columns `file` and `vendor`. Used are answers
that list a history: fifteen incidents or more, nine of ten over. The vendors' own dates of their updates are the times
at which a page changes; a page is known completely from its oldest incident to its newest update. Every page is polled
as many times as there are `PHASES`, each time with another id and so with another phase. A request takes no time and
never fails, and no answer says how long it is fresh.
"""

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, sqrt
from pathlib import Path
from unittest.mock import patch

from msgspec.structs import replace

from tracker.errors import ParseError
from tracker.model.page import CLOSED_STATUSES, OpenIncident, Snapshot
from tracker.model.page_state import Activity, PageState, PageView
from tracker.model.provider import Cadence, Provider
from tracker.parse import read
from tracker.scheduling import cadence, schedule
from tracker.scheduling.schedule import Pace, due_after_success, next_due, spacing_s

#: Ids that each page is polled under.
PHASES = 20
INTERVALS_S = (30, 60, 300)
#: Fewer incidents than these are no history, and so is a list of what is open.
LEAST_INCIDENTS, LEAST_CLOSED = 15, 0.9
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIXED = Provider(id="page", name="Page", url="https://status.example.com", cadence=Cadence.FIXED)
ADAPTIVE = replace(FIXED, cadence=Cadence.ADAPTIVE)


@dataclass(frozen=True, slots=True)
class Change:
    """One update, at the time its vendor gives it."""

    at: datetime
    incident: str
    status: str
    is_maintenance: bool
    #: Whether it begins its incident.
    is_first: bool


@dataclass(frozen=True, slots=True)
class History:
    """All that one page showed in some time."""

    vendor: str
    begin: datetime
    end: datetime
    changes: tuple[Change, ...]

    @property
    def days(self) -> float:
        return (self.end - self.begin) / DAY


@dataclass(slots=True)
class Played:
    """What polling histories came to."""

    requests: int = 0
    days: float = 0.0
    #: Seconds from a change to the poll that saw it: of an incident's first update, and of all that follow.
    first_s: list[float] = field(default_factory=list)
    later_s: list[float] = field(default_factory=list)
    #: Days at each pace, and updates that came in them.
    days_at: dict[Pace, float] = field(default_factory=lambda: defaultdict(float))
    updates_at: Counter[Pace] = field(default_factory=Counter)
    #: First updates that a page at the slow pace was late for.
    first_while_slow: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recorded", type=Path, required=True, help="Folder of saved answers with an INDEX.tsv.")
    histories = list(distinct(recorded(parser.parse_args().recorded)))
    for table in (described, compared, fast_rules, slow_rules, rates, vendors):
        print(*table(histories), sep="\n", end="\n\n")


# --- histories ---


def recorded(folder: Path) -> Iterator[History]:
    """Yield the history that each saved answer holds."""
    with (folder / "INDEX.tsv").open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    for row in rows:
        try:
            snapshot = read((folder / row["file"]).read_bytes())
        except ParseError:
            continue
        closed = sum(incident.status in CLOSED_STATUSES for incident in snapshot.incidents)
        if len(snapshot.incidents) >= LEAST_INCIDENTS and closed >= LEAST_CLOSED * len(snapshot.incidents):
            yield _history(row["vendor"].removesuffix(" Status"), snapshot)


def _history(vendor: str, snapshot: Snapshot) -> History:
    changes = sorted(_changes(snapshot), key=lambda change: change.at)
    begin = min(change.at for change in changes if not change.is_maintenance)
    reported = tuple(change for change in changes if change.at >= begin)
    return History(vendor, begin, reported[-1].at, reported)


def _changes(snapshot: Snapshot) -> Iterator[Change]:
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}
    for incident in (*snapshot.incidents, *snapshot.maintenances):
        dated = [(update.created_at, update.status) for update in incident.updates if update.created_at]
        for number, (at, status) in enumerate(dated):
            yield Change(at, incident.id, status, incident.id in maintenances, number == 0)


def distinct(histories: Iterable[History]) -> Iterator[History]:
    """Yield histories of which no two report the same time of one vendor, the longest first."""
    kept: list[History] = []
    for history in sorted(histories, key=lambda history: history.begin - history.end):
        others = [known for known in kept if known.vendor == history.vendor]
        if all(history.end < known.begin or known.end < history.begin for known in others):
            kept.append(history)
            yield history


# --- polling ---


def play(history: History, provider: Provider, played: Played, *, skips: bool = True) -> None:
    """Poll one page from the beginning of its history to the end; polls that bring nothing are counted, not made."""
    state, pending = PageState(seeded=True, activity=Activity(quiet_since=history.begin)), list(history.changes)
    latest: dict[str, Change] = {}
    now = history.begin
    while pending:
        pace = cadence.pace(provider, state, now)
        first = due_after_success(now, provider.id, provider.interval_s, None, pace)
        first = first or next_due(now, provider.id, provider.interval_s)
        spacing = timedelta(seconds=spacing_s(provider.interval_s, pace))
        skipped = max(0, ceil((_turning_point(state, pending[0], now) - first) / spacing)) if skips else 0
        before, now = now, first + skipped * spacing
        played.requests += skipped + 1
        played.days_at[pace] += (now - before) / DAY
        seen = 0
        while pending and pending[0].at <= now:
            change = pending.pop(0)
            latest[change.incident] = change
            _note(played, change, (now - change.at).total_seconds(), pace)
            seen += 1
        if seen:
            state = cadence.noted(provider, state, _view(latest.values()), now, has_changed=True)
    played.days += history.days


def _turning_point(state: PageState, upcoming: Change, now: datetime) -> datetime:
    """Return until when every poll is like the one before it."""
    incident_at, quiet_since = state.activity.incident_at, state.activity.quiet_since
    fast_until = incident_at and incident_at + cadence.FAST_FOR
    slow_from = quiet_since and quiet_since + cadence.SLOW_AFTER
    return min([upcoming.at, *(moment for moment in (fast_until, slow_from) if moment and moment > now)])


def _note(played: Played, change: Change, latency_s: float, pace: Pace) -> None:
    (played.first_s if change.is_first else played.later_s).append(latency_s)
    played.updates_at[pace] += 1
    played.first_while_slow += change.is_first and pace is Pace.SLOW


def _view(latest: Iterable[Change]) -> PageView:
    goes_on = [change for change in latest if change.status not in CLOSED_STATUSES]
    shown = {
        change.incident: OpenIncident(id=change.incident, name="", status=change.status, is_followed=True)
        for change in goes_on
    }
    return PageView(
        open_incidents=tuple(shown[change.incident] for change in goes_on if not change.is_maintenance),
        open_maintenances=tuple(shown[change.incident] for change in goes_on if change.is_maintenance),
    )


def play_all(histories: Sequence[History], provider: Provider) -> Played:
    played = Played()
    for history in histories:
        for number in range(PHASES):
            play(history, replace(provider, id=f"{history.vendor}-{history.begin:%Y%m%d}-{number}"), played)
    return played


# --- tables ---


def described(histories: Sequence[History]) -> Iterator[str]:
    yield "| vendor | from | to | incidents | maintenances | updates | an incident open |"
    yield "|---|---|---|---|---|---|---|"
    for history in sorted(histories, key=lambda history: (history.vendor, history.begin)):
        firsts = [change for change in history.changes if change.is_first]
        maintenances = sum(change.is_maintenance for change in firsts)
        yield (
            f"| {history.vendor} | {history.begin:%Y-%m-%d} | {history.end:%Y-%m-%d} | {len(firsts) - maintenances} "
            f"| {maintenances} | {len(history.changes)} | {_open_share(history):.0%} |"
        )


def _open_share(history: History) -> float:
    """Return the share of the time in which an incident was open."""
    is_open: set[str] = set()
    open_for, since = timedelta(), history.begin
    for change in history.changes:
        if is_open:
            open_for += change.at - since
        since = change.at
        if not change.is_maintenance:
            (is_open.discard if change.status in CLOSED_STATUSES else is_open.add)(change.incident)
    return open_for / (history.end - history.begin)


_HEAD = (
    "requests a day | against fixed | first update: p50 | p99 | max | later updates: p50 | p99 | max |",
    "---|---|---|---|---|---|---|---|",
)


def compared(histories: Sequence[History]) -> Iterator[str]:
    yield f"| interval | cadence | {_HEAD[0]}"
    yield f"|---|---|{_HEAD[1]}"
    for interval_s in INTERVALS_S:
        fixed = play_all(histories, replace(FIXED, interval_s=interval_s))
        yield f"| {interval_s} s | fixed | {_row(fixed, fixed)}"
        adaptive = play_all(histories, replace(ADAPTIVE, interval_s=interval_s))
        yield f"| {interval_s} s | adaptive | {_row(adaptive, fixed)}"


def fast_rules(histories: Sequence[History]) -> Iterator[str]:
    """Yield figures for other rules of the fast pace, at an interval of 60 s and without the slow pace."""
    yield f"| polls an interval | fast for | {_HEAD[0]}"
    yield f"|---|---|{_HEAD[1]}"
    fixed = play_all(histories, FIXED)
    for polls in (2, 3, 6):
        for hours in (0.5, 1, 2, 4, 1e5):
            played = _played_by(histories, polls, hours, 1e5)
            yield f"| {polls} | {f'{hours:g} h' if hours < 1e5 else 'as long as it is open'} | {_row(played, fixed)}"


def slow_rules(histories: Sequence[History]) -> Iterator[str]:
    """Yield figures for other rules of the slow pace, at an interval of 60 s and without the fast pace."""
    yield f"| slow after | began while slow | {_HEAD[0]}"
    yield f"|---|---|{_HEAD[1]}"
    fixed = play_all(histories, FIXED)
    for days in (3, 7, 14, 30):
        played = _played_by(histories, 1, 1, days)
        yield f"| {days} days | {played.first_while_slow / len(played.first_s):.1%} | {_row(played, fixed)}"


def _played_by(histories: Sequence[History], polls: int, hours: float, days: float) -> Played:
    with (
        patch.object(schedule, "FAST_POLLS", polls),
        patch.object(cadence, "FAST_FOR", hours * HOUR),
        patch.object(cadence, "SLOW_AFTER", days * DAY),
    ):
        return play_all(histories, ADAPTIVE)


def rates(histories: Sequence[History]) -> Iterator[str]:
    """Yield how often something is posted at each pace, and how much more often polls would be worth their while.

    Of two times in which updates come at rates a and b, the same number of polls finds them soonest on average when
    they are spent at rates that are as the square roots of a and b.
    """
    yield "| pace | share of the time | updates a day | square root of its ratio to normal | polls, to normal |"
    yield "|---|---|---|---|---|"
    played = play_all(histories, ADAPTIVE)
    rate = {pace: played.updates_at[pace] / played.days_at[pace] for pace in Pace}
    for pace in Pace:
        root, polls = sqrt(rate[pace] / rate[Pace.NORMAL]), 60 / spacing_s(60, pace)
        share = played.days_at[pace] / played.days
        yield f"| {pace} | {share:.1%} | {rate[pace]:.2f} | {root:.2f} | {polls:g} |"


def _row(played: Played, fixed: Played) -> str:
    return (
        f"{played.requests / played.days:,.0f} | {played.requests / fixed.requests - 1:+.1%} "
        f"| {_spread(played.first_s)} | {_spread(played.later_s)} |"
    )


def _spread(latencies_s: list[float]) -> str:
    """Return p50, p99 (nearest rank) and the largest."""
    ordered = sorted(latencies_s)
    return " | ".join(f"{ordered[ceil(share * len(ordered)) - 1]:.1f} s" for share in (0.5, 0.99, 1))


def vendors(histories: Sequence[History]) -> Iterator[str]:
    """Yield by vendor how often a page was at the slow pace when an incident or a maintenance was announced."""
    yield "| vendor | days | slow | fast | incidents and maintenances | began while slow | requests against fixed |"
    yield "|---|---|---|---|---|---|---|"
    for vendor in [*sorted({history.vendor for history in histories}), None]:
        of_vendor = [history for history in histories if vendor in {None, history.vendor}]
        fixed, played = play_all(of_vendor, FIXED), play_all(of_vendor, ADAPTIVE)
        shares = " | ".join(f"{played.days_at[pace] / played.days:.1%}" for pace in (Pace.SLOW, Pace.FAST))
        firsts, slow = len(played.first_s) // PHASES, played.first_while_slow / PHASES
        yield (
            f"| {vendor or 'all'} | {played.days / PHASES:,.0f} | {shares} | {firsts} "
            f"| {slow:.0f} ({slow / firsts:.0%}) | {played.requests / fixed.requests - 1:+.1%} |"
        )


if __name__ == "__main__":
    main()
