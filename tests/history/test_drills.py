"""Drills are on record, and nowhere that says what happened."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from tests.history.conftest import Recorded
from tests.history.record import NOON, event, streamed, write
from tracker.delivery.latency import timing
from tracker.history import History
from tracker.history.record import RecordPosition, read_record
from tracker.ledger.record import follow, newest, recorded
from tracker.model.event import Event, EventKind


def with_a_drill() -> Sequence[Event]:
    drill = event("d1", 1, EventKind.NEW_INCIDENT, incident_id="drill-1", impact="critical", drill="*")
    return (event("u1", 0, EventKind.NEW_INCIDENT), drill, event("u2", 2, status="resolved"))


def ids(events: Sequence[Event]) -> list[str | None]:
    return [each.update_id for each in events]


def test_the_history_holds_no_drill(history: History, record: Recorded) -> None:
    assert record.says(*with_a_drill()) == 2
    assert ids([item.event for item in history.feed().items]) == ["u2", "u1"]
    assert history.incident("acme", "drill-1") is None
    assert [incident.incident_id for incident in history.incidents().items] == ["i1"]
    assert sum(batch.unreadable for batch in read_record(record.path, RecordPosition())) == 0


def test_the_record_is_read_on_behind_a_drill(record: Recorded) -> None:
    record.says(*with_a_drill()[:2])

    assert record.says(*with_a_drill()[2:], first=3) == 1


def test_ledgers_and_reports_hold_no_drill(tmp_path: Path) -> None:
    record = tmp_path / "updates.jsonl"
    write(record, with_a_drill())

    assert ids([each.event for each in recorded((record,))]) == ["u1", "u2"]
    assert ids([each.event for each in newest(record, 2, lambda _: True)[0]]) == ["u1", "u2"]
    assert ids([each.event for each in follow(record, 0, lambda: False)]) == ["u1", "u2"]


def test_no_latency_is_taken_from_a_drill() -> None:
    (real,) = streamed([event("u1", 0, EventKind.NEW_INCIDENT, unseen_since=NOON - timedelta(minutes=1))])
    drill = msgspec.structs.replace(real.event, drill="*")

    assert timing(real.event, real.stream_id, NOON) is not None
    assert timing(drill, real.stream_id, NOON) is None
