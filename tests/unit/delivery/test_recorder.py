"""From the stream to the record and the console, each event once, whatever breaks in between."""

import json
import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON, FakeClock, MemoryStream, RecordingSink
from tracker.delivery.event_stream import CONSOLE, RECORD, Reported, Watched
from tracker.delivery.latency import Timing
from tracker.delivery.recorder import BATCH, Printer
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import SinkError, StoreError


class Killed(BaseException):
    """What happens to a process that is killed."""


class Office:
    """A stream, a record on disk and a console that outlive the printers between them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stream = MemoryStream()
        self.console = RecordingSink()
        self.clock = FakeClock()
        self._record: UpdateRecord | None = None
        self.starts()

    def starts(self) -> None:
        """Let a new printer take over, as after a crash."""
        self.stops()
        self._record = UpdateRecord(self.path)
        self.printer = Printer(self.stream, self._record, self.console, self.clock)

    def stops(self) -> None:
        if self._record is not None:
            self._record.close()
            self._record = None

    def drains(self) -> int:
        return self.printer.drain()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return what stands on record, oldest first."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    @property
    def recorded(self) -> list[str]:
        """Return the ids of the events on record, oldest first."""
        return [line["id"] for line in self.lines]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office with nothing to do yet."""
    opened = Office(tmp_path / "updates.jsonl")
    yield opened
    opened.stops()


@contextmanager
def no_space_beyond(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond that size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_all_that_waits_is_drained_at_once_and_trimmed_but_for_the_last(office: Office) -> None:
    ids = [str(number) for number in range(2 * BATCH + 1)]
    office.stream.append(*ids)

    assert office.drains() == len(ids)
    assert office.recorded == office.console.ids == ids
    assert [entry.event.id for entry in office.stream.entries] == ids[-1:]
    assert office.stream.cursors == dict.fromkeys((RECORD, CONSOLE), f"{len(ids)}-0")


# --- how long it took ---

#: An update that was published a minute after the last poll and seen a minute later, at noon.
DATED = {"published_at": NOON - timedelta(seconds=60), "unseen_since": NOON - timedelta(seconds=120)}


def test_a_line_says_when_it_was_written_and_how_long_it_took_is_kept(office: Office) -> None:
    office.stream.append("a", **DATED)
    office.stream.append("b", **DATED, provider="bolt")
    logged_at = office.clock.passes(seconds=0.25)

    office.drains()

    assert [datetime.fromisoformat(line["logged_at"]) for line in office.lines] == [logged_at, logged_at]
    took = {"published_s": 60.0, "unseen_s": 120.0, "logged_s": 0.25}
    assert office.stream.timings == {
        "acme": [Timing(stream_id="1-0", **took)],
        "bolt": [Timing(stream_id="2-0", **took)],
    }


def test_a_crash_costs_the_timings_of_what_was_just_recorded_and_doubles_none(office: Office) -> None:
    office.stream.append("a", **DATED)
    office.console.refusal = Killed()
    with pytest.raises(Killed):
        office.drains()
    office.console.refusal = None
    office.starts()
    office.stream.append("b", **DATED)

    office.drains()

    assert office.recorded == ["a", "b"]
    assert [timing.stream_id for timing in office.stream.timings["acme"]] == ["2-0"]


# --- crashes ---


def test_a_crash_between_the_record_and_the_console_is_caught_up_with(office: Office) -> None:
    office.stream.append("a")
    office.drains()
    office.stream.append("b", "c")
    office.console.refusal = Killed()
    with pytest.raises(Killed):
        office.drains()
    office.console.refusal = None
    office.starts()
    office.stream.append("d")

    office.drains()

    assert office.recorded == office.console.ids == ["a", "b", "c", "d"]


def test_a_console_that_is_far_behind_is_caught_up_in_batches(office: Office) -> None:
    ids = [str(number) for number in range(2 * BATCH + 10)]
    office.stream.append(*ids)
    office.stream.failing = {"trim"}
    with pytest.raises(StoreError):
        office.drains()
    office.stream.failing = set()
    office.stream.save_cursor(CONSOLE, "5-0")
    office.console.delivered.clear()
    office.starts()

    office.drains()

    assert office.console.ids == ids[5:]
    assert office.recorded == ids


@pytest.mark.parametrize("method", ["read", "save_cursor", "cursor"])
def test_a_store_that_fails_at_start_is_asked_again(office: Office, method: str) -> None:
    office.stream.append("a")
    office.stream.failing = {method}
    with pytest.raises(StoreError):
        office.drains()
    office.stream.failing = set()

    assert office.drains() == 1
    assert office.recorded == office.console.ids == ["a"]


def test_without_a_record_the_cursor_says_where_to_go_on(office: Office) -> None:
    office.stream.append("a", "b")
    office.drains()
    office.stops()
    office.path.unlink()
    office.stream.append("c")
    office.starts()

    office.drains()

    assert office.recorded == ["c"]
    assert office.console.ids == ["a", "b", "c"]


@given(st.lists(st.sampled_from(["append", "drain", "crash before", "crash after", "lose cursors"]), max_size=12))
def test_whatever_breaks_the_record_holds_every_event_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[str]
) -> None:
    office = Office(tmp_path_factory.mktemp("office") / "updates.jsonl")
    appended: list[str] = []
    for deed in deeds:
        match deed:
            case "append":
                appended.append(str(len(appended)))
                office.stream.append(appended[-1])
            case "drain":
                office.drains()
            case "lose cursors":
                office.stream.cursors.clear()
            case "crash before" | "crash after":
                office.stream.failing = {"read" if deed == "crash before" else "save_cursor"}
                with suppress(StoreError):
                    office.drains()
                office.stream.failing = set()
                office.starts()

    office.drains()

    assert office.recorded == appended
    assert list(dict.fromkeys(office.console.ids)) == appended
    office.stops()


# --- a stream that began anew ---


@pytest.mark.parametrize("runs_on", [True, False], ids=["runs on", "restarted"])
@pytest.mark.parametrize("first", [1, 2, 3, 4, 1000], ids=lambda first: f"ids from {first}")
def test_whatever_ids_a_new_stream_has_none_of_its_events_is_passed_over(
    office: Office, first: int, runs_on: bool
) -> None:
    """Its server's clock may be behind or ahead, and the same milliseconds and numbers may come again."""
    office.stream.append("a", "b", "c")
    office.drains()
    office.stream.emptied()
    office.stream._sequence = first - 1
    office.stream.append("d", "c", "e", "f")
    if not runs_on:
        office.starts()

    office.drains()
    office.stream.append("g")
    office.drains()

    assert office.recorded == office.console.ids == ["a", "b", "c", "d", "e", "f", "g"]


def test_a_stream_that_is_lost_alone_is_read_from_its_beginning_and_said_so_once(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.stream.append("a", "b", "c")
    office.drains()
    office.stream.entries, office.stream._sequence = [], 0
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            office.drains()
        office.starts()
        office.drains()
    office.stream.append("d", "e")
    office.drains()

    assert office.recorded == office.console.ids == ["a", "b", "c", "d", "e"]
    assert [record.message for record in caplog.records] == [
        "the event stream is not the one that was read before; reading it from its beginning"
    ]


def test_pages_are_reminded_of_the_record_as_soon_as_there_are_some(office: Office) -> None:
    office.stream.append("acme/i1/u1", incident_id="i1", update_id="u1")
    office.drains()
    assert office.stream.reminders == []
    known_until = office.clock()
    office.stream.emptied()
    office.stream.has_pages = False
    office.clock.passes(seconds=7)
    office.drains()
    office.stream.has_pages = True
    office.drains()
    office.drains()

    keys, ongoing = frozenset({"i1/", "i1/u1"}), office.stream.reminders[0][0]["acme"].incidents
    assert [each.id for each in ongoing] == ["i1"]
    assert office.stream.reminders == [({"acme": Reported(keys=keys, incidents=ongoing)}, known_until)] * 2


def test_what_came_since_is_new_where_all_was_lost_before_the_first_look(office: Office) -> None:
    office.stream.has_catalogue = False
    for _ in range(3):
        office.clock.passes(seconds=1)
        office.drains()
    emptied_at = office.clock()
    office.clock.passes(seconds=1)
    assert office.stream.cursors == {}
    assert office.stream.reminders == []
    office.stream.has_catalogue = True
    office.stream.append("acme/i1/u1")
    office.drains()

    assert office.stream.reminders == [({}, emptied_at)]
    assert office.recorded == ["acme/i1/u1"]


def test_what_came_since_is_new_where_all_was_lost_and_put_back_before_the_first_look(office: Office) -> None:
    until = office.clock() - timedelta(seconds=1)
    office.stream.was_watched = Watched(since=until - timedelta(seconds=60), until=until)
    office.drains()
    office.drains()

    assert office.stream.reminders == [({}, until)]
    assert office.stream.begun_at == office.stream.was_watched.since


def test_a_record_is_whole_as_of_the_beginning_of_a_drain_that_takes_long(office: Office) -> None:
    office.drains()
    office.stream.append("acme/i1/u1", incident_id="i1", update_id="u1")
    began = office.clock()
    office.stream.before_trim = lambda: office.clock.passes(seconds=15)
    office.drains()
    office.stream.emptied()
    office.drains()

    assert [known_until for _, known_until in office.stream.reminders] == [began]


def test_a_record_is_whole_as_of_the_last_poll(office: Office) -> None:
    office.stream.polled = polled_at = office.clock()
    for _ in range(3):  # no worker runs
        office.clock.passes(seconds=600)
        office.drains()
    office.stream.emptied()
    office.stream.polled = None
    office.drains()
    office.clock.passes(seconds=60)
    office.drains()  # no page was read since
    office.stream.emptied()
    office.drains()

    assert [known_until for _, known_until in office.stream.reminders] == [polled_at, polled_at]


@pytest.mark.parametrize("found", [{}, {"ops": "0-0"}], ids=["no stream", "a stream that is new"])
def test_webhooks_are_given_what_waited_for_them_when_all_is_lost_during_a_look(
    office: Office, found: dict[str, str]
) -> None:
    office.stream.append("a")
    office.stream.settled = {"ops": "1-0"}
    office.drains()
    office.stream.append("b")
    office.stream.settled = found  # lost once the event was read
    office.drains()
    office.stream.emptied()
    office.drains()

    ((waiting, _),) = office.stream.redelivered
    assert {sink: [event.id for event in events] for sink, events in waiting.items()} == {"ops": ["b"]}


def test_a_webhook_that_came_since_the_last_look_is_given_what_was_recorded_meanwhile(office: Office) -> None:
    office.stream.append("a")
    office.drains()
    office.stream.append("b")
    office.stream.before_trim = office.stream.emptied
    office.drains()
    office.stream.meanwhile = office.stream.emptied
    for _ in range(2):
        office.drains()

    given = [[event.id for event in otherwise] for _, otherwise in office.stream.redelivered]
    assert given == [["b"], ["b"]]


@pytest.mark.parametrize("starts_before", [False, True], ids=["after the loss", "between two losses"])
def test_a_printer_that_starts_knows_what_each_webhook_waits_for(office: Office, starts_before: bool) -> None:
    office.stream.append("a", "b", "c")
    office.stream.settled = {"ops": "1-0", "chat": "3-0"}
    office.drains()
    office.clock.passes(seconds=600)  # ops is slow
    office.drains()
    office.stream.emptied()
    if starts_before:
        office.drains()
        office.stream.settled, office.stream.busy = {"ops": "0-0", "chat": "0-0"}, {"ops"}
    for _ in range(2):
        office.starts()
        office.drains()
    if starts_before:
        office.stream.emptied()
        office.drains()

    waiting, _ = office.stream.redelivered[-1]
    assert [[each.id for each in waiting[sink]] for sink in ("ops", "chat")] == [["b", "c"], []]


def test_a_webhook_that_is_put_back_late_is_given_what_waited_for_it(office: Office) -> None:
    office.stream.append("a", "b")
    office.stream.settled = {"ops": "1-0", "chat": "2-0"}
    office.drains()
    office.stream.emptied()
    office.stream.known_sinks = {"ops"}
    office.stream.settled = {"ops": "0-0"}
    office.drains()
    office.stream.known_sinks = {"ops", "chat", "new"}
    office.stream.settled = {"ops": "0-0", "chat": "0-0", "new": "0-0"}
    office.clock.passes(seconds=10)
    for _ in range(2):
        office.drains()

    given = [{sink: [event.id for event in events] for sink, events in each.items()} for each in office.stream.given]
    assert given == [{"ops": ["b"]}, {"ops": [], "chat": [], "new": []}]


def test_webhooks_count_from_where_they_were_while_their_stream_is_gone(office: Office) -> None:
    office.stream.append("a")
    office.stream.settled = {"ops": "0-0"}  # of a stream that started over
    office.drains()
    office.stream._sequence = 1
    office.stream.append("b")
    office.stream.settled = {}
    for _ in range(2):
        office.drains()
    office.stream.emptied()
    office.drains()

    waiting, _ = office.stream.redelivered[-1]
    assert [event.id for event in waiting["ops"]] == ["b"]


def test_what_is_recorded_between_a_loss_and_its_end_waits_for_webhooks(office: Office) -> None:
    office.stream.append("a")
    office.stream.settled = {"ops": "1-0"}
    office.drains()
    office.stream.entries, office.stream._sequence = [], 1
    office.stream.append("b")
    office.drains()
    assert office.recorded == ["a", "b"]
    office.stream.before_trim = office.stream.emptied
    office.drains()
    office.drains()

    assert [[event.id for event in waiting["ops"]] for waiting, _ in office.stream.redelivered] == [[], ["b"]]


def test_after_a_loss_webhooks_count_from_where_they_are_in_the_new_stream(office: Office) -> None:
    office.stream.append("a", "b", "c")
    office.stream.settled = {"ops": "3-0"}
    office.drains()
    office.stream.emptied()
    office.stream.settled = {"ops": "0-0"}
    office.drains()
    office.stream.append("d", "e")
    office.stream.settled = {"ops": "1-0"}  # less than where it was in the stream before
    office.drains()
    office.stream.emptied()
    office.drains()

    waited = [[event.id for event in waiting["ops"]] for waiting, _ in office.stream.redelivered]
    assert waited == [[], ["e"]]


def test_a_second_loss_gives_webhooks_what_they_had_not_acknowledged_and_nothing_else(office: Office) -> None:
    office.stream.append("a", "b", "c")
    office.stream.settled = {"fast": "3-0", "slow": "1-0"}
    office.drains()
    given = []
    fresh = {"fast": "0-0", "slow": "0-0"}
    for settled, busy in (({}, {"slow"}), (fresh, {"slow"}), (fresh, set()), ({}, set())):
        office.stream.emptied()
        office.stream.settled, office.stream.busy = settled, busy
        office.drains()
        events, _ = office.stream.redelivered[-1]
        given.append({sink: [event.id for event in each] for sink, each in events.items()})

    assert given == [*[{"fast": [], "slow": ["b", "c"]}] * 3, {"fast": [], "slow": []}]


def test_a_loss_while_pages_are_reminded_has_them_reminded_again(office: Office) -> None:
    office.stream.append("a", "b")
    office.stream.settled = {"ops": "1-0"}
    office.drains()
    office.stream.emptied()
    office.stream.meanwhile = office.stream.emptied
    for _ in range(3):
        office.drains()

    assert len(office.stream.reminders) == 2
    assert [[event.id for event in events["ops"]] for events, _ in office.stream.redelivered] == [["b"], ["b"]]


def test_what_came_after_a_loss_and_waits_is_given_again_after_the_next(office: Office) -> None:
    office.stream.append("a", "b")
    office.stream.settled = {"ops": "1-0"}
    office.drains()
    office.stream.emptied()
    office.stream.settled, office.stream.busy = {"ops": "2-0"}, {"ops"}
    office.stream._sequence = 2
    office.stream.append("c", "d")
    office.drains()
    office.stream.settled = {"ops": "3-0"}
    office.drains()
    office.stream.emptied()
    office.drains()

    events, _ = office.stream.redelivered[-1]
    assert [event.id for event in events["ops"]] == ["b", "d"]


def test_a_loss_right_after_webhooks_were_given_something_again_gives_it_to_them_once_more(office: Office) -> None:
    office.stream.append("a", "b")
    office.stream.settled, office.stream.busy = {"ops": "1-0"}, {"ops"}
    office.drains()
    office.stream.emptied()

    def emptied() -> None:
        office.stream.emptied()
        office.stream.settled, office.stream.busy = {}, set()

    office.stream.before_trim = emptied
    office.stream._sequence = 2
    office.stream.append("c")
    office.drains()
    office.drains()

    assert [[event.id for event in events["ops"]] for events, _ in office.stream.redelivered] == [["b"], ["b", "c"]]


# --- outputs that refuse ---


def test_a_console_that_refuses_does_not_stop_the_record(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.stream.append("a")
    office.console.refusal = SinkError("cannot write to the console: Broken pipe")

    with caplog.at_level(logging.WARNING):
        assert office.drains() == 1

    assert office.recorded == ["a"]
    assert [record.message for record in caplog.records] == [
        "cannot write to the console: Broken pipe; the record goes on"
    ]
    office.console.refusal = None
    office.stream.append("b")
    office.drains()
    assert office.console.ids == ["b"]


def test_a_full_disk_loses_nothing_and_shows_nothing(office: Office) -> None:
    office.stream.append("a")
    office.drains()
    size = office.path.stat().st_size
    office.stream.append("b", "c")

    with no_space_beyond(size + 20):
        for _ in range(2):
            with pytest.raises(SinkError, match=r"cannot write .*updates\.jsonl"):
                office.drains()
            assert office.path.stat().st_size == size

    assert office.console.ids == ["a"]
    assert office.drains() == 2
    assert office.recorded == office.console.ids == ["a", "b", "c"]
