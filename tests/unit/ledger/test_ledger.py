"""Incidents and months as the record tells them, and how the record is read."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON
from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.jsonlines import record_line
from tracker.errors import ConfigError
from tracker.ledger.incidents import Ledgers
from tracker.ledger.monthly import Month, MonthlyReport, VendorMonth
from tracker.ledger.record import follow, newest, record_files, recorded
from tracker.model.event import Event, EventKind

NOVEMBER = Month.parse("2025-11")
LATER = datetime(2026, 1, 1, tzinfo=UTC)


def event(minute: float, kind: str = "incident_update", incident: str | None = "i1", **fields: Any) -> StreamedEvent:
    """Return an event that was seen some minutes after noon and logged a second later."""
    at = NOON + timedelta(minutes=minute)
    known = {
        "id": f"acme/{incident}/{minute}/{kind}",
        "event": EventKind(kind),
        "provider": "acme",
        "provider_name": "Acme",
        "product": "Acme",
        "incident_id": incident,
        "incident": "Errors",
        "update_id": f"u{minute}",
        "status": "investigating",
        "impact": "minor",
        "seen_at": at,
        **fields,
    }
    stream_id = f"{int(at.timestamp() * 1000)}-0"
    return StreamedEvent(stream_id=stream_id, event=Event(**known), logged_at=at + timedelta(seconds=1))


def ledgers(*events: StreamedEvent) -> Ledgers:
    found = Ledgers()
    for streamed in events:
        found.add(streamed.event, streamed.logged_at)
    return found


def month(*events: StreamedEvent, now: datetime = LATER) -> VendorMonth:
    report = MonthlyReport(NOVEMBER, now)
    for streamed in events:
        report.add(streamed)
    (vendor,) = report.vendors()
    return vendor


# --- ledgers ---


def test_a_ledger_holds_updates_edits_withdrawals_and_component_changes_between() -> None:
    found = ledgers(
        event(0, "new_incident", update_id="u1", message="We look into it."),
        event(1, "component_status_change", None, status="major_outage", components=("API",), impact=None),
        event(5, impact="critical", update_id="u2", message="It is the database.", status="identified"),
        event(6, "update_edited", update_id="u2", message="It is the cache.", status="identified"),
        event(7, "update_withdrawn", update_id="u1", message=None),
        event(30, status="resolved", update_id="u3", impact="critical"),
        event(90, status="postmortem", update_id="u4", impact="critical"),
        event(100, "component_status_change", None, status="operational", components=("API",), impact=None),
    )

    (ledger,) = found.find("acme/i1")

    assert [entry.event for entry in ledger.entries] == [
        EventKind.NEW_INCIDENT,
        EventKind.COMPONENT_STATUS_CHANGE,
        EventKind.INCIDENT_UPDATE,
        EventKind.UPDATE_EDITED,
        EventKind.UPDATE_WITHDRAWN,
        EventKind.INCIDENT_UPDATE,
        EventKind.INCIDENT_UPDATE,
    ]
    edit, withdrawal = ledger.entries[3:5]
    assert (edit.previous, edit.message) == ("It is the database.", "It is the cache.")
    assert withdrawal.previous == "We look into it."
    assert (ledger.impact, ledger.status) == ("critical", "postmortem")
    assert (ledger.opened_at, ledger.closed_at) == (NOON, NOON + timedelta(minutes=30))


def test_an_incident_that_opens_again_is_open() -> None:
    (ledger,) = ledgers(event(0, "new_incident"), event(5, status="resolved"), event(9)).find("i1")

    assert ledger.closed_at is None


def test_an_id_that_two_vendors_use_finds_both() -> None:
    other = event(3, provider="bolt", provider_name="Bolt")

    assert {ledger.key for ledger in ledgers(event(0), other).find("i1")} == {"acme/i1", "bolt/i1"}
    assert [ledger.key for ledger in ledgers(event(0), other).find("bolt/i1")] == ["bolt/i1"]


def test_an_id_that_reads_like_a_reference_takes_nothing_from_it() -> None:
    odd = event(0, incident="bolt/i1")
    other = event(3, provider="bolt", provider_name="Bolt")

    assert [ledger.key for ledger in ledgers(odd, other).find("bolt/i1")] == ["bolt/i1"]
    assert [ledger.key for ledger in ledgers(odd, other).find("acme/bolt/i1")] == ["acme/bolt/i1"]
    assert [ledger.key for ledger in ledgers(odd).find("bolt/i1")] == ["acme/bolt/i1"]


# --- months ---


def test_a_month_counted_by_hand() -> None:
    vendor = month(
        event(0, "new_incident", "i1", impact="minor"),
        event(10, "incident_update", "i1", impact="critical", message="worse"),
        event(20, "new_incident", "i2", impact="major"),
        event(30, "incident_update", "i1", status="resolved"),  # major remains
        event(40, "page_unreadable", None, status="unknown", impact=None),
        event(50, "page_readable", None, status="readable", impact=None),
        event(60, "incident_update", "i2", status="resolved"),
        event(65, "update_edited", "i2", status="resolved"),
        event(70, "maintenance_update", "m1", status="in_progress", impact="maintenance"),
        event(85, "maintenance_update", "m1", status="completed", impact="maintenance"),
    )

    assert (vendor.incidents, vendor.opened, vendor.edits, vendor.withdrawals) == (2, 2, 1, 0)
    assert vendor.minor_minutes == 10  # 0 to 10
    assert vendor.critical_minutes == 20  # 10 to 30
    assert vendor.major_minutes == 20  # 30 to 40, 50 to 60
    assert vendor.unknown_minutes == 10  # 40 to 50
    assert vendor.maintenance_minutes == 15  # 70 to 85


def test_an_incident_that_began_before_the_month_counts_from_its_first_minute() -> None:
    before = (NOVEMBER.begin - NOON).total_seconds() / 60 - 600
    vendor = month(event(before, "new_incident"), event(before + 660, status="resolved"))

    assert (vendor.incidents, vendor.opened, vendor.minor_minutes) == (1, 0, 60)


def test_delays_are_those_of_updates_that_can_be_timed() -> None:
    def timed(minute: float, published_s: float) -> StreamedEvent:
        at = NOON + timedelta(minutes=minute)
        return event(
            minute,
            published_at=at - timedelta(seconds=published_s),
            unseen_since=at - timedelta(seconds=60),
            update_id=f"t{minute}",
        )

    vendor = month(*(timed(n, n) for n in range(1, 21)), timed(30, 3600), event(40))

    assert vendor.timed_updates == 20
    assert (vendor.published_to_seen.p50_s, vendor.published_to_seen.p95_s) == (10, 19)
    assert (vendor.seen_to_logged.p50_s, vendor.seen_to_logged.p95_s) == (1, 1)


_CHANGES = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.sampled_from(["i1", "i2", "i3", "page"]),
        st.sampled_from(["none", "minor", "major", "critical", "end"]),
    ),
    max_size=25,
    unique_by=lambda change: change[:2],
)


@given(_CHANGES)
def test_minutes_equal_a_count_of_every_single_minute(changes: list[tuple[int, str, str]]) -> None:
    events, ordered = [event(-1, status="resolved", incident="i0")], sorted(changes)
    for minute, what, impact in ordered:
        if what == "page":
            kind = "page_readable" if impact == "end" else "page_unreadable"
            events.append(event(minute, kind, None, impact=None))
        else:
            status = "resolved" if impact == "end" else "investigating"
            events.append(event(minute, "incident_update", what, status=status, impact=impact.replace("end", "minor")))
    vendor = month(*events, now=NOON + timedelta(minutes=150))

    ranks = ["none", "minor", "major", "critical", "unknown"]
    counted = dict.fromkeys(ranks, 0)
    for minute in range(150):
        stands = {what: impact for at, what, impact in ordered if at <= minute}
        known = ["unknown" if what == "page" else impact for what, impact in stands.items() if impact != "end"]
        if known:
            counted[max(known, key=ranks.index)] += 1
    assert {rank: getattr(vendor, f"{rank}_minutes") for rank in ranks} == counted


@pytest.mark.parametrize("text", ["2025", "2025-13", "november", "2025-11-03"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not match|unconverted"):
        Month.parse(text)


def test_december_ends_with_the_year() -> None:
    assert Month.parse("2025-12").end == datetime(2026, 1, 1, tzinfo=UTC)


# --- the record ---


def write(path: Path, events: Iterable[StreamedEvent], more: str = "") -> Path:
    path.write_text("".join(f"{record_line(each)}\n" for each in events) + more)
    return path


def minutes(found: Iterable[StreamedEvent]) -> list[float]:
    return [(each.event.seen_at - NOON).total_seconds() / 60 for each in found]


def test_files_that_were_rotated_away_come_first_in_their_order(tmp_path: Path) -> None:
    write(tmp_path / "updates-b.jsonl", [event(1)])
    write(tmp_path / "updates-a.jsonl", [event(2)])
    write(tmp_path / "updates.jsonl", [event(3)])

    assert minutes(recorded(record_files(tmp_path))) == [1, 2, 3]


def test_a_folder_without_a_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no updates\.jsonl; start `tracker up`"):
        record_files(tmp_path)


def test_lines_that_are_torn_or_edited_by_hand_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "updates.jsonl", [event(1)], more='{"nothing": 1}\n\n\xff{\n{"id": "to')

    assert minutes(recorded((path,))) == [1]
    found, end = newest(path, 5, lambda _: True)
    assert minutes(found) == [1]
    assert path.read_bytes()[end:] == b'{"id": "to'


def test_a_moment_is_found_without_reading_what_is_before_it(tmp_path: Path) -> None:
    filler = "x" * 900
    path = write(tmp_path / "updates.jsonl", [event(minute, message=filler) for minute in range(6000)])
    read = []

    found = minutes(recorded((path,), NOON + timedelta(minutes=5900), lambda done, total: read.append((done, total))))

    assert found == list(range(5900, 6000))
    assert read[0][0] > 0.8 * path.stat().st_size


def test_the_last_events_are_read_from_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "updates.jsonl", [event(minute, message="x" * 900) for minute in range(3000)])

    odd = newest(path, 3, lambda each: int(each.event.update_id[1:]) % 2 == 1)

    assert minutes(odd[0]) == [2995, 2997, 2999]
    assert odd[1] == path.stat().st_size
    assert minutes(newest(path, 10_000, lambda _: True)[0]) == list(range(3000))


def test_following_goes_on_in_the_file_that_replaces_a_rotated_one(tmp_path: Path) -> None:
    path = write(tmp_path / "updates.jsonl", [event(1)])
    line, torn = record_line(event(2)) + "\n", record_line(event(5))[:-5]

    def rotate() -> None:
        path.rename(tmp_path / "updates-1.jsonl")

    def append(text: str) -> None:
        with path.open("a") as file:
            file.write(text)

    def rotate_at_once() -> None:
        append(record_line(event(3)) + "\n")
        rotate()

    steps = iter(
        [
            lambda: append(line[:50]),  # a line that is being written
            lambda: append(line[50:]),
            rotate_at_once,
            lambda: write(path, [event(4)]),
            lambda: append(torn),  # a crash tore it, and a printer that starts cuts it off
            lambda: os.truncate(path, path.stat().st_size - len(torn)),
            lambda: append(record_line(event(6)) + "\n"),
            path.unlink,
        ]
    )

    def pause() -> bool:
        step = next(steps, None)
        if step is not None:
            step()
        return step is not None

    assert minutes(follow(path, path.stat().st_size, pause)) == [2, 3, 4, 6]


def test_a_line_of_the_record_is_what_a_ledger_is_made_of(tmp_path: Path) -> None:
    path = write(tmp_path / "updates.jsonl", [event(0, "new_incident")])

    (found,) = recorded((path,))

    assert json.loads(path.read_text())["incident_id"] == "i1"
    assert found == replace(event(0, "new_incident"), logged_at=found.logged_at)
