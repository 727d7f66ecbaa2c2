"""What `tracker up` says of sinks: those whose receivers fail, that refuse updates, or that nothing reaches."""

import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.fakes import NOON, provider
from tests.outbox import webhook
from tracker.delivery.retry_policy import FailureStreak
from tracker.store.sinks import SinkStatus
from tracker.supervise.sinks import SinkWatch, sinks_summary


def status(name: str, failures: int = 0, dead: int = 0, redrive: int = 0) -> SinkStatus:
    return SinkStatus(webhook=webhook(name), streak=FailureStreak(failures=failures), dead=dead, redriven=redrive)


@pytest.mark.parametrize(
    ("failures", "line"),
    [
        ({}, None),
        ({"ops": 0, "chat": 0}, None),
        # Its receiver may only restart.
        ({"ops": 2}, None),
        ({"chat": 3, "ops": 0}, "sink chat does not take updates, which wait for it; `tracker sinks list` says why"),
        (
            {"chat": 3, "ops": 9},
            "sinks chat, ops do not take updates, which wait for them; `tracker sinks list` says why",
        ),
    ],
    ids=str,
)
def test_who_fails_is_named(failures: dict[str, int], line: str | None) -> None:
    assert sinks_summary([status(name, failures=count) for name, count in failures.items()]) == line


@pytest.mark.parametrize(("pause_s", "is_reported"), [(2, False), (59, False), (3600, True)])
def test_a_receiver_that_asks_for_a_long_pause_is_named_at_once(pause_s: int, *, is_reported: bool) -> None:
    waiting = SinkStatus(
        webhook=webhook("ops"),
        streak=FailureStreak(failures=1, failing_since=NOON),
        not_before=NOON + timedelta(seconds=pause_s),
    )

    assert (sinks_summary([waiting]) is not None) is is_reported


class Sinks:
    """Sinks that do what the test says."""

    def __init__(self) -> None:
        self.now: Sequence[SinkStatus] = ()

    def statuses(self) -> Sequence[SinkStatus]:
        return self.now


class Watched:
    """A watch, and what it logs."""

    def __init__(self, log: pytest.LogCaptureFixture) -> None:
        self.sinks = Sinks()
        self.watch = SinkWatch(self.sinks)
        self._log = log

    def says(self, *statuses: SinkStatus, pages: Sequence[str] = ("acme",)) -> list[tuple[str, str]]:
        """Return what is logged of sinks that do so now."""
        self._log.clear()
        self.sinks.now = statuses
        assert self.watch.look([provider(id=page) for page in pages]) is bool(statuses)
        return [(record.levelname, record.getMessage()) for record in self._log.records]


@pytest.fixture
def watched(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(logging.getLogger("tracker"), "propagate", True)
    caplog.set_level(logging.INFO, logger="tracker")
    return Watched(caplog)


WELL = [("INFO", "all sinks take updates again")]


def test_a_dead_letter_is_reported_at_once_and_then_when_there_are_twice_as_many(watched: Watched) -> None:
    ((level, line),) = watched.says(status("chat", dead=1), status("ops"))

    assert level == "WARNING"
    assert line.startswith("dead letters, updates that a receiver did not take: chat (1); `tracker sinks dead chat`")
    assert "`tracker sinks retry chat`" in line
    assert "`tracker sinks drop chat`" in line
    said = {dead: len(watched.says(status("chat", dead=dead))) for dead in range(1, 20)}
    assert [dead for dead, lines in said.items() if lines] == [2, 4, 8, 16]


def test_nothing_is_well_while_a_receiver_has_not_taken_what_it_refused(watched: Watched) -> None:
    assert len(watched.says(status("chat", dead=1), status("ops", failures=1))) == 1
    assert watched.says(status("chat"), status("ops", failures=1)) == []
    assert watched.says(status("chat"), status("ops", failures=2)) == []
    assert watched.says(status("chat"), status("ops")) == WELL
    assert watched.says(status("chat", failures=1), status("ops")) == []
    assert watched.says(status("chat"), status("ops")) == []


def test_nothing_is_well_before_all_dead_letters_are_delivered_or_dropped(watched: Watched) -> None:
    assert len(watched.says(status("chat", dead=2), status("ops", failures=3))) == 1
    assert watched.says(status("chat", dead=2), status("ops")) != WELL
    assert watched.says(status("chat", redrive=2), status("ops")) == []
    assert watched.says(status("chat", redrive=1), status("ops")) == []
    ((_, refused_again),) = watched.says(status("chat", dead=2), status("ops"))
    assert "chat (2)" in refused_again
    assert watched.says(status("chat"), status("ops")) == WELL
    assert watched.says(status("chat"), status("ops")) == []


def test_who_has_nobody_to_report_of_is_named_as_pages_come_and_go(watched: Watched) -> None:
    ops = SinkStatus(webhook=webhook("ops", providers=("orchard",)), streak=FailureStreak())

    ((level, line),) = watched.says(ops)
    assert (level, "ops (providers: no page has an id that matches 'orchard'" in line) == ("WARNING", True)
    assert watched.says(ops) == []
    assert watched.says(ops, pages=("acme", "orchard")) == [("INFO", "every sink can get updates again")]
    assert len(watched.says(ops, pages=("acme",))) == 1
