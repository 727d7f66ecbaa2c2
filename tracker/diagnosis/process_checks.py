"""Checks of beat, workers and printer, by their work rather than by whether they run. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from tracker.diagnosis.check import Check, Level
from tracker.diagnosis.facts import Facts
from tracker.diagnosis.wording import counted, lasting
from tracker.store.server_facts import ServerFacts

#: A beat reports every second; one that was silent for longer has stopped, or cannot reach the data server.
BEAT_SILENT: Final = timedelta(seconds=10)
#: A due page may wait this long for a worker before a check reports it.
LATE_S: Final = 10.0
#: Some page is polled within this many of the shortest intervals, and this long.
CHECK_INTERVALS: Final = 3
CHECK_SLACK: Final = timedelta(seconds=10)
#: The printer reads the stream every two seconds.
UNRECORDED: Final = timedelta(seconds=15)


def process_checks(facts: Facts, server: ServerFacts) -> Iterable[Check]:
    """Yield the checks of the processes behind a data server that answers."""
    beat = _beat(facts)
    yield beat
    yield _workers(facts, server, beat)
    yield _lateness(facts, beat)
    yield _printer(server, facts.now)


def _beat(facts: Facts) -> Check:
    reports = facts.scheduling.schedulers if facts.scheduling else ()
    newest = max((report.at for report in reports), default=None)
    if newest is not None and facts.now - newest <= BEAT_SILENT:
        running = [report for report in reports if facts.now - report.at <= BEAT_SILENT]
        return Check(name="beat", level=Level.OK, finding=f"{counted(len(running), 'beat')} dispatching")
    since = "" if newest is None else f" for {lasting(facts.now - newest)}"
    return Check(
        name="beat",
        level=Level.PROBLEM,
        finding=f"no beat has reported{since or ' within the last minute'}: no page is polled",
        remedy="Start `tracker up`, or the beat service of your deployment; its log says why it stopped.",
    )


def _workers(facts: Facts, server: ServerFacts, beat: Check) -> Check:
    name, waiting = "workers", server.queued.get("fetch", 0)
    silent = _silence(facts)
    if silent is not None and waiting:
        return Check(
            name=name,
            level=Level.PROBLEM,
            finding=f"no page was polled for {lasting(silent)} while {counted(waiting, 'fetch task')} wait",
            remedy="Start or restart the workers (`tracker up`, or the worker service); their log says what they do.",
        )
    if silent is not None and beat.level is not Level.OK:
        return Check(name=name, level=Level.UNKNOWN, finding="cannot be known while beat dispatches nothing")
    if silent is not None:
        return Check(
            name=name,
            level=Level.WARNING,
            finding=f"no page was polled for {lasting(silent)}",
            remedy="Look at the workers' log.",
        )
    return Check(name=name, level=Level.OK, finding=f"pages are polled, {counted(waiting, 'fetch task')} waiting")


def _silence(facts: Facts) -> timedelta | None:
    """Return for how long no page was polled, None while that is within the limit."""
    pages = facts.pages
    if pages is None or pages.newest_check is None or pages.shortest_interval_s is None:
        return None
    silent = facts.now - pages.newest_check
    # A page at the slow pace is polled every second interval; see `tracker.scheduling.cadence`.
    allowed = timedelta(seconds=CHECK_INTERVALS * pages.shortest_interval_s) + CHECK_SLACK
    return silent if silent > allowed else None


def _lateness(facts: Facts, beat: Check) -> Check:
    name, scheduling = "lateness", facts.scheduling
    if scheduling is None or beat.level is not Level.OK:
        return Check(name=name, level=Level.UNKNOWN, finding="cannot be known while beat dispatches nothing")
    late = [report.late_p99_s for report in scheduling.schedulers if report.late_p99_s is not None]
    if scheduling.overdue and scheduling.overdue_s > LATE_S:
        overdue = lasting(timedelta(seconds=scheduling.overdue_s))
        return Check(
            name=name,
            level=Level.WARNING,
            finding=f"{counted(scheduling.overdue, 'page')} overdue, the longest by {overdue}",
            remedy="Run a second beat, or give its machine more CPU; `tracker status --scheduling` shows each beat.",
        )
    if not late:
        return Check(name=name, level=Level.OK, finding="nothing was due within the last minute")
    return Check(name=name, level=Level.OK, finding=f"99 % dispatched within {max(late):.2f} s of their due time")


def _printer(server: ServerFacts, now: datetime) -> Check:
    since = server.unrecorded_since
    if since is None:
        return Check(name="printer", level=Level.OK, finding="every update is on record")
    if now - since <= UNRECORDED:
        return Check(name="printer", level=Level.OK, finding=f"{counted(server.unrecorded, 'update')} on the way")
    return Check(
        name="printer",
        level=Level.PROBLEM,
        finding=f"{counted(server.unrecorded, 'update')} not on record, the first for {lasting(now - since)}",
        remedy="Start the printer, or look at its log: mostly the disk is full. Nothing is lost meanwhile.",
    )
