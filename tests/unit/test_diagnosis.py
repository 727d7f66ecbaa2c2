"""What the checks make of facts: a level, a finding and a remedy for everything that can stop."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON
from tracker.assessment import Assessment, Reason, State
from tracker.delivery.retry_policy import FailureStreak
from tracker.diagnosis import Check, Facts, Level, diagnose
from tracker.diagnosis.facts import DiskFacts, PageFacts
from tracker.model.provider import Webhook
from tracker.scheduling.dispatch_lag import SchedulerReport, Scheduling
from tracker.store.server_facts import ServerFacts
from tracker.store.sinks import SinkStatus

BEAT = SchedulerReport(name="host:1", at=NOON, dispatched=9, dispatched_last_minute=9, late_p99_s=0.1)
SERVER = ServerFacts(
    version="valkey 9.1.2",
    clock=NOON,
    appends=True,
    snapshots=False,
    eviction_policy="noeviction",
    used_bytes=10**6,
    queued={"fetch": 0},
)
WELL = Facts(
    now=NOON,
    address="redis://127.0.0.1:6379/0",
    server=SERVER,
    scheduling=Scheduling(providers=2, schedulers=(BEAT,)),
    pages=PageFacts(watched=2, newest_check=NOON - timedelta(seconds=20), shortest_interval_s=60),
    disk=DiskFacts(directory="data", free_bytes=10**11, record_bytes=4096),
)
UNREADABLE = Assessment(state=State.UNKNOWN, reason=Reason.UNREADABLE, evidence="answered 503")


def found(facts: Facts, name: str) -> Check:
    (check,) = (check for check in diagnose(facts).checks if check.name == name)
    return check


def of_server(**changes: object) -> Facts:
    return replace(WELL, server=replace(SERVER, **changes))


def of_pages(**changes: object) -> Facts:
    return replace(WELL, pages=replace(WELL.pages, **changes))


def sink(**changes: object) -> Facts:
    return replace(WELL, sinks=(SinkStatus(**{"webhook": Webhook(name="ops"), "streak": FailureStreak(), **changes}),))


def test_a_tracker_that_does_its_work_needs_nothing() -> None:
    diagnosis = diagnose(WELL)

    assert diagnosis.level is Level.OK
    assert [check.remedy for check in diagnosis.checks if check.remedy] == []


SILENT = timedelta(minutes=5)
TROUBLES = {
    "beat stopped": (replace(WELL, scheduling=Scheduling(providers=2)), "beat", Level.PROBLEM),
    "beat hangs": (
        replace(WELL, scheduling=Scheduling(providers=2, schedulers=(replace(BEAT, at=NOON - timedelta(seconds=11)),))),
        "beat",
        Level.PROBLEM,
    ),
    "workers hang": (
        replace(of_pages(newest_check=NOON - SILENT), server=replace(SERVER, queued={"fetch": 7})),
        "workers",
        Level.PROBLEM,
    ),
    "late": (
        replace(WELL, scheduling=Scheduling(providers=2, overdue=2, overdue_s=60.0, schedulers=(BEAT,))),
        "lateness",
        Level.WARNING,
    ),
    "printer stopped": (of_server(unrecorded=3, unrecorded_since=NOON - SILENT), "printer", Level.PROBLEM),
    "evicts": (of_server(eviction_policy="allkeys-lru"), "eviction", Level.PROBLEM),
    "keeps nothing": (of_server(appends=False, snapshots=False), "persistence", Level.PROBLEM),
    "snapshots only": (of_server(appends=False, snapshots=True), "persistence", Level.WARNING),
    "cannot append": (of_server(append_failed=True), "persistence", Level.PROBLEM),
    "almost full": (of_server(used_bytes=95, limit_bytes=100), "memory", Level.WARNING),
    "full": (of_server(used_bytes=100, limit_bytes=100), "memory", Level.PROBLEM),
    "clock is off": (of_server(clock=NOON + timedelta(seconds=31)), "clock", Level.PROBLEM),
    "no pages": (replace(WELL, pages=PageFacts()), "catalogue", Level.PROBLEM),
    "lost due times": (replace(WELL, is_whole=False), "catalogue", Level.WARNING),
    "a page is unreadable": (of_pages(unknown=(("Acme", UNREADABLE),)), "pages", Level.WARNING),
    "all are": (of_pages(unknown=(("Acme", UNREADABLE), ("Bolt", UNREADABLE))), "pages", Level.PROBLEM),
    "a page changes at each poll": (replace(WELL, loud=(("Acme", 60_120),)), "loud_pages", Level.WARNING),
    "a receiver fails": (sink(streak=FailureStreak(failures=3, failing_since=NOON - SILENT)), "sinks", Level.PROBLEM),
    "dead letters": (sink(dead=2), "sinks", Level.WARNING),
    "disk is full": (replace(WELL, disk=DiskFacts(directory="data", free_bytes=10**6)), "disk", Level.PROBLEM),
    "data are another's": (replace(WELL, disk=replace(WELL.disk, is_writable=False)), "disk", Level.WARNING),
}


@pytest.mark.parametrize(("facts", "name", "level"), TROUBLES.values(), ids=TROUBLES)
def test_each_problem_has_one_check_a_level_and_a_remedy(facts: Facts, name: str, level: Level) -> None:
    diagnosis = diagnose(facts)

    assert found(facts, name).level is level
    assert found(facts, name).remedy
    assert diagnosis.level is level
    blamed = {check.name for check in diagnosis.checks if check.level in (Level.PROBLEM, Level.WARNING)}
    assert blamed == {name}


def test_a_container_without_the_volume_cannot_judge_the_disk() -> None:
    facts = replace(WELL, disk=replace(WELL.disk, is_read_only=True, is_writable=False))

    assert found(facts, "disk").level is Level.UNKNOWN


def test_workers_are_not_blamed_for_a_beat_that_stopped() -> None:
    facts = replace(of_pages(newest_check=NOON - SILENT), scheduling=Scheduling(providers=2))

    assert found(facts, "beat").level is Level.PROBLEM
    assert found(facts, "workers").level is Level.UNKNOWN


def test_without_a_data_server_only_the_disk_is_reported() -> None:
    diagnosis = diagnose(replace(WELL, server=None, unreachable="nobody listens at 127.0.0.1"))

    assert [(check.name, check.level) for check in diagnosis.checks] == [
        ("data_server", Level.PROBLEM),
        ("disk", Level.OK),
    ]
    assert diagnosis.checks[0].finding == "nobody listens at 127.0.0.1"


def test_what_may_not_be_asked_is_unknown_and_no_problem() -> None:
    diagnosis = diagnose(of_server(version="", appends=None, snapshots=None, eviction_policy=None, used_bytes=None))

    assert diagnosis.level is Level.UNKNOWN


def test_vendor_text_in_a_finding_cannot_move_a_cursor() -> None:
    hostile = replace(UNREADABLE, evidence="\x1b[2J\nforged\u202e")

    assert found(of_pages(unknown=(("Acme", hostile),)), "pages").finding.isprintable()
