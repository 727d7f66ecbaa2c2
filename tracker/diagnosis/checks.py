"""All checks: facts in, findings with their remedies out. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from tracker.diagnosis.check import Check, Diagnosis, Level
from tracker.diagnosis.facts import DiskFacts, Facts, PageFacts
from tracker.diagnosis.process_checks import process_checks
from tracker.diagnosis.server_checks import server_checks
from tracker.diagnosis.wording import counted, lasting, named, size
from tracker.store.sinks import SinkStatus

DISK_WARNING_BYTES: Final = 1_000_000_000
DISK_PROBLEM_BYTES: Final = 100_000_000
#: Receivers that restart are back by then.
SINK_FAILURES: Final = 3
_SOME_PAGES: Final = "Run `tracker check URL` for each to see what the page answers; one that moved needs its new URL."
_NO_PAGE: Final = (
    "See first whether this machine reaches the network: name server, firewall, proxy. Then run `tracker check URL` "
    "for one of them."
)


def diagnose(facts: Facts) -> Diagnosis:
    """Return the checks, each with a finding and a remedy."""
    checks = tuple(_checks(facts))
    order = tuple(Level)
    return Diagnosis(checked_at=facts.now, level=min((each.level for each in checks), key=order.index), checks=checks)


def _checks(facts: Facts) -> Iterable[Check]:
    server = facts.server
    if server is None:
        yield Check(
            name="data_server",
            level=Level.PROBLEM,
            finding=facts.unreachable or f"the data server at {facts.address} does not answer",
            remedy="Start the tracker, or correct REDIS_URL; every other check needs it.",
        )
        yield _disk(facts.disk)
        return
    yield Check(name="data_server", level=Level.OK, finding=f"{facts.address} answers")
    yield from server_checks(server, facts.now)
    yield _catalogue(facts)
    yield from process_checks(facts, server)
    yield _pages(facts.pages or PageFacts())
    if facts.loud:
        yield _loud(facts.loud)
    yield _sinks(facts.sinks, facts.now)
    yield _disk(facts.disk)


def _catalogue(facts: Facts) -> Check:
    watched = facts.pages.watched if facts.pages else 0
    if not watched:
        return Check(
            name="catalogue",
            level=Level.PROBLEM,
            finding="no page is watched",
            remedy="Add one with `tracker providers add PAGE`, or a file with `tracker providers sync FILE`.",
        )
    if not facts.is_whole:
        return Check(
            name="catalogue",
            level=Level.WARNING,
            finding="some providers have no due time: the data server lost a part of its data",
            remedy="Wait a few seconds: beat puts that back while it runs.",
        )
    return Check(name="catalogue", level=Level.OK, finding=f"{counted(watched, 'page')} watched")


def _pages(pages: PageFacts) -> Check:
    if pages.unknown:
        each = [f"{name} ({assessment.evidence})" for name, assessment in pages.unknown]
        verb = "is" if len(pages.unknown) == 1 else "are"
        is_every = 1 < pages.watched <= len(pages.unknown)
        return Check(
            name="pages",
            level=Level.WARNING if len(pages.unknown) < pages.watched else Level.PROBLEM,
            finding=f"{len(pages.unknown)} of {counted(pages.watched, 'page')} {verb} unknown: {named(each)}",
            remedy=_NO_PAGE if is_every else _SOME_PAGES,
        )
    if pages.never_asked:
        return Check(name="pages", level=Level.OK, finding=f"{counted(pages.never_asked, 'page')} not asked yet")
    return Check(name="pages", level=Level.OK, finding="all pages can be read")


def _loud(pages: Sequence[tuple[str, int]]) -> Check:
    each = [f"{name} ({counted(events, 'event')} in the last hour)" for name, events in pages]
    return Check(
        name="loud_pages",
        level=Level.WARNING,
        finding=f"{counted(len(pages), 'page')} changing all the time: {named(each)}",
        remedy="Each change is reported; `components` and `events` in its entry leave some out (docs/filters.md).",
    )


def _sinks(sinks: Sequence[SinkStatus], now: datetime) -> Check:
    if not sinks:
        return Check(name="sinks", level=Level.OK, finding="no sinks: updates go to the log alone")
    failing = [sink for sink in sinks if sink.streak.failures >= SINK_FAILURES]
    if failing:
        each = [f"{sink.webhook.name} ({_failure(sink, now)})" for sink in failing]
        return Check(
            name="sinks",
            level=Level.PROBLEM,
            finding=f"{counted(len(failing), 'sink')} failing: {named(each)}",
            remedy="Fix the receiver, then run `tracker sinks test SINK`; its updates wait for a day.",
        )
    dead = [sink for sink in sinks if sink.dead]
    if dead:
        each = [f"{sink.webhook.name} ({sink.dead})" for sink in dead]
        return Check(
            name="sinks",
            level=Level.WARNING,
            finding=f"dead letters: {named(each)}",
            remedy="`tracker sinks dead SINK` shows them, `retry SINK` sends them again, `drop SINK` forgets them.",
        )
    return Check(name="sinks", level=Level.OK, finding=f"{counted(len(sinks), 'sink')} taking updates")


def _failure(sink: SinkStatus, now: datetime) -> str:
    since = sink.streak.failing_since
    lasts = f"for {lasting(now - since)}" if since else f"{sink.streak.failures} times in a row"
    return f"{lasts}: {sink.last_error}" if sink.last_error else lasts


def _disk(disk: DiskFacts) -> Check:
    if not disk.exists or disk.is_read_only:
        return Check(
            name="disk",
            level=Level.UNKNOWN,
            finding=f"the data directory {disk.directory} is {'read-only' if disk.exists else 'not on this machine'}",
            remedy="Run `tracker doctor --data-dir DIRECTORY` where the printer runs to check its disk.",
        )
    if not disk.is_writable:
        return Check(
            name="disk",
            level=Level.WARNING,
            finding=f"{disk.directory} is not writable for this user",
            remedy="Run as the user of the tracker, or correct the owner of the directory.",
        )
    record = "" if disk.record_bytes is None else f", updates.jsonl takes {size(disk.record_bytes)}"
    finding = f"{size(disk.free_bytes)} free in {disk.directory}{record}"
    if disk.free_bytes >= DISK_WARNING_BYTES:
        return Check(name="disk", level=Level.OK, finding=finding)
    return Check(
        name="disk",
        level=Level.PROBLEM if disk.free_bytes < DISK_PROBLEM_BYTES else Level.WARNING,
        finding=finding,
        remedy="Free some space: while the disk is full, updates wait in the data server.",
    )
