import gzip
import resource
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.history.conftest import Recorded
from tests.history.record import NOON, component, event, unreadable, write
from tracker.delivery.event_stream import StreamedEvent
from tracker.errors import HistoryError, SearchTooWide
from tracker.history import (
    DayState,
    FeedFilter,
    History,
    IncidentFilter,
    open_history,
    postgres,
    projection,
    sqlite,
    words,
)
from tracker.history.opening import migrate
from tracker.history.postgres import PostgresDatabase
from tracker.history.rows import event_row
from tracker.history.schema import BLOCK_BITS
from tracker.history.sqlite import SqliteDatabase
from tracker.model.event import EventKind, identity
from tracker.model.page import Impact
from tracker.polling.poll_cost import FAILED, ResponseClass, Savings


def story() -> list:
    """Return an incident that gets worse, is edited and ends, beside a component and a time that nobody saw."""
    edited = {"id": "acme/i1/u1/edited/abc", "message": "text of u1, edited", "impact": "critical"}
    other = {"id": "zeta/w/1", "provider": "zeta", "incident_id": "w", "message": "a cable again"}
    return [
        event("u1", 0, EventKind.NEW_INCIDENT, impact="minor", components=("API",)),
        component("partial_outage", 1),
        event("u2", 10, status="identified", impact="critical"),
        event("u1", 12, EventKind.UPDATE_EDITED, **edited),
        *unreadable(15, 40),
        component("operational", 55, 2),
        event("u3", 60, status="resolved", impact="critical", message="It was a cable."),
        event("w1", 61, EventKind.NEW_INCIDENT, **other),
    ]


def test_an_incident_is_reported_with_its_ledger(history: History, record: Recorded) -> None:
    assert record.says(*story()) == 9
    ledger = history.ledger("acme", "i1", NOON + timedelta(hours=2))
    assert ledger is not None
    incident = ledger.incident
    assert (incident.status, incident.updates, incident.edits) == ("resolved", 3, 1)
    assert incident.worst_impact is Impact.CRITICAL
    assert [(phase.since, phase.impact) for phase in incident.phases] == [
        (NOON, Impact.MINOR),
        (NOON + timedelta(minutes=10), Impact.CRITICAL),
    ]
    assert incident.ended_at == NOON + timedelta(minutes=60)
    edit = next(entry for entry in ledger.entries if entry.item.event.event is EventKind.UPDATE_EDITED)
    assert (edit.previous_message, edit.item.event.message) == ("text of u1", "text of u1, edited")
    assert [item.event.status for item in ledger.component_changes] == ["partial_outage", "operational"]


def test_reading_the_record_again_changes_nothing(history: History, record: Recorded) -> None:
    record.says(*story())
    before = (history.feed(), history.incidents(), history.provider("acme", NOON + timedelta(hours=2)))
    # Written a second time, as after a restore of the data server from a copy.
    assert record.says(*story(), first=100) == 0
    assert (history.feed(), history.incidents(), history.provider("acme", NOON + timedelta(hours=2))) == before


def test_a_rebuild_brings_the_same_and_keeps_what_only_was_counted(history: History, record: Recorded) -> None:
    record.says(*story())
    counted = Savings(endings={ResponseClass.CHANGED: 7, FAILED: 2}, since=NOON)
    history.count_polls({"acme": counted}, NOON + timedelta(hours=1))
    before = history.provider("acme", NOON + timedelta(hours=2))
    passed: list[int] = []
    assert history.rebuild(record.path, on_progress=passed.append) == 9
    assert sum(passed) == record.path.stat().st_size
    assert history.provider("acme", NOON + timedelta(hours=2)) == before
    assert before.days[-1].polls_read == 7


def test_rotated_files_are_read_whichever_way_they_were_moved(history: History, record: Recorded) -> None:
    path, events = record.path, [event(f"u{number}", number) for number in range(12)]
    assert record.says(*events[:4]) == 4
    write(path, events[4:6], 5)
    path.rename(path.with_name("updates-1.jsonl"))  # with lines that were not read yet
    assert record.says(*events[6:8], first=7) == 4
    with gzip.open(path.with_name("updates-2.jsonl.gz"), "wb") as packed:
        packed.write(path.read_bytes())
    path.unlink()  # compressed, and the file that was read is gone
    assert record.says(*events[8:], first=9) == 4
    assert [item.event.update_id for item in history.newer(0)] == [f"u{number}" for number in range(12)]


def test_a_line_that_is_not_whole_yet_waits(history: History, record: Recorded) -> None:
    write(record.path, [event("u1", 0), event("u2", 1)])
    whole = record.path.read_bytes()
    record.path.write_bytes(whole[:-20])
    assert history.follow(record.path) == 1
    record.path.write_bytes(whole)
    assert history.follow(record.path) == 1


def test_words_are_found_and_pages_follow_each_other(history: History, record: Recorded) -> None:
    record.says(*story())
    found = history.feed(FeedFilter(text="cable"), limit=1)
    assert [item.event.provider for item in found.items] == ["zeta"]
    further = history.feed(FeedFilter(text="cable"), before=found.next_before)
    assert [item.event.update_id for item in further.items] == ["u3"]
    assert not history.feed(FeedFilter(text="cable", providers=("acme",)), before=further.items[0].seq).items
    assert [item.event.update_id for item in history.feed(FeedFilter(text="CABLE It", providers=("acme",))).items] == [
        "u3"
    ]
    assert history.feed(FeedFilter(text="'; DROP TABLE \" OR * NEAR( ")).items == ()
    assert history.feed(FeedFilter(text='"*" :-^')).items == ()


def test_the_beginning_of_a_word_finds_every_word_that_begins_so(
    history: History, record: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ("Latency rises", "late again", "LATERAL moves", "a late_night change", "plate", "É3.5-latex", "all well")
    record.says(*(event(f"u{number}", number, message=text) for number, text in enumerate(texts)))

    def found(text: str) -> set[str]:
        return {str(item.event.message) for item in history.feed(FeedFilter(text=text)).items}

    assert found("late*") == {*texts[:4], texts[5]}
    assert found("LAT* again") == {texts[1]}
    assert found("late_ni*") == {texts[3]}
    assert found("nowhere* late") == set()
    with monkeypatch.context() as patched:
        patched.setattr(words, "MOST_BEGUN", 4)
        assert len(found("late*")) == 5
        patched.setattr(words, "MOST_BEGUN", 3)
        with pytest.raises(SearchTooWide, match="more than 3 words begin with 'late'"):
            found("late*")


@pytest.mark.parametrize("text", ["text", "te*"])
def test_what_is_found_among_many_is_read_from_where_the_answer_begins(
    text: str, history: History, record: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that looks at one block of events after another finds each event once, in both directions."""
    monkeypatch.setattr(postgres, "_MANY", 1)
    monkeypatch.setattr(postgres, "_NEAR", 2)
    for block in range(12):
        record.says(*(event(f"u{block}-{number}", block * 60 + number) for number in range(3)), first=block * 3 + 1)
        with history._database.writing() as session:
            session.execute(projection._NOTE, name="seq", value=str((block + 1) << BLOCK_BITS))
    wanted = FeedFilter(text=text)
    backwards, before = [], None
    while (found := history.feed(wanted, before=before, limit=5)).next_before is not None:
        backwards += found.items
        before = found.next_before
    backwards += found.items
    forwards, after = [], 0
    while some := history.newer(after, wanted, limit=5):
        forwards += some
        after = some[-1].seq
    assert [item.seq for item in forwards] == [item.seq for item in backwards[::-1]]
    assert len({item.event.id for item in forwards}) == 36
    assert len(history.feed(FeedFilter(text=text, providers=("acme",)), limit=50).items) == 36
    times = FeedFilter(text=text, since=NOON + timedelta(minutes=60), until=NOON + timedelta(minutes=121))
    assert [item.event.update_id for item in history.feed(times).items] == ["u2-0", "u1-2", "u1-1", "u1-0"]


def test_filters_choose(history: History, record: Recorded) -> None:
    record.says(*story())
    ids = lambda wanted: [item.event.id for item in history.feed(wanted).items]  # noqa: E731
    assert ids(FeedFilter(kinds=("page_unreadable",))) == [unreadable(15)[0].id]
    assert ids(FeedFilter(providers=("zeta",))) == ["zeta/w/1"]
    assert len(ids(FeedFilter(providers=("zeta", "acme")))) == 9
    assert ids(FeedFilter(providers=())) == []
    assert ids(FeedFilter(impacts=("minor",))) == ["acme/i1/u1"]
    assert ids(FeedFilter(since=NOON + timedelta(minutes=61))) == ["zeta/w/1"]


def test_incidents_page_by_page(history: History, record: Recorded) -> None:
    # Several begin at the same moment: the id decides then.
    record.says(*(event("u", number // 3, incident_id=f"i{number:02}") for number in range(10)))
    seen, cursor = [], None
    while True:
        found = history.incidents(cursor=cursor, limit=3)
        seen += [incident.incident_id for incident in found.items]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == [f"i{number:02}" for number in range(10)]
    assert len(history.incidents(IncidentFilter(is_open=True)).items) == 10
    assert history.incidents(IncidentFilter(is_open=False)).items == ()
    with pytest.raises(ValueError, match="x"):
        history.incidents(cursor="x.y")


def test_days_are_unknown_unless_the_page_was_read(history: History, record: Recorded) -> None:
    record.says(*story())
    now = NOON + timedelta(hours=2)
    assert {day.state for day in history.provider("acme", now, 3).days} == {DayState.UNKNOWN}
    history.count_polls({"acme": Savings(endings={ResponseClass.CHANGED: 7, FAILED: 2}, since=NOON)}, now)
    *before, today = history.provider("acme", now, 3).days
    assert {day.state for day in before} == {DayState.UNKNOWN}
    assert (today.state, today.unknown_minutes) == (DayState.CRITICAL, 25)
    # From ten minutes on it was critical; before that a component was worse than the incident.
    assert today.minutes == {"critical": 50, "major": 9, "minor": 1}


def test_the_last_days_hold_what_lasts_and_nothing_that_ended_before(history: History, record: Recorded) -> None:
    record.says(*story())
    acme, zeta = (history.provider(each, NOON + timedelta(days=9), 3) for each in ("acme", "zeta"))
    assert (acme.incidents, acme.unreadable) == ((), ())
    assert [change.status for change in acme.component_changes] == ["operational"]
    assert [incident.incident_id for incident in zeta.incidents] == ["w"]


def test_counters_that_begin_anew_or_are_old_are_not_made_today(history: History) -> None:
    counted = lambda polls, since: {"acme": Savings(endings={ResponseClass.CHANGED: polls}, since=since)}  # noqa: E731
    yesterday = NOON - timedelta(days=1)
    history.count_polls(counted(500, yesterday), NOON)
    assert history.provider("acme", NOON, 2).days[-1].polls_read is None
    history.count_polls(counted(510, yesterday), NOON + timedelta(minutes=1))
    history.count_polls(counted(3, NOON + timedelta(minutes=2)), NOON + timedelta(minutes=3))
    assert history.provider("acme", NOON, 2).days[-1].polls_read == 13


def test_what_is_too_old_goes_and_the_search_forgets_it(history: History, record: Recorded) -> None:
    record.says(*story())
    assert history.forget(NOON + timedelta(minutes=61)) == 8
    assert [item.event.id for item in history.feed().items] == ["zeta/w/1"]
    assert [item.event.id for item in history.feed(FeedFilter(text="cable")).items] == ["zeta/w/1"]
    assert history.incident("acme", "i1") is None
    assert history.incident("zeta", "w") is not None
    assert history.rebuild(record.path, keep_since=NOON + timedelta(minutes=61)) == 1


def test_a_moved_and_cancelled_maintenance_keeps_its_windows(history: History, record: Recorded) -> None:
    about = {"kind": EventKind.MAINTENANCE_UPDATE, "status": "scheduled", "impact": "maintenance"}
    window = {"scheduled_for": NOON + timedelta(days=2), "scheduled_until": NOON + timedelta(days=2, hours=1)}
    moved = {"scheduled_for": NOON + timedelta(days=3), "scheduled_until": NOON + timedelta(days=3, hours=1)}
    cancelled = event("m3", 9, **about | {"status": "cancelled"}, **moved)
    record.says(event("m1", 0, **about, **window), event("m2", 5, **about, **moved), cancelled)
    (maintenance,) = history.maintenances(NOON, NOON + timedelta(days=30))
    assert [known.starts_at for known in maintenance.windows] == [window["scheduled_for"], moved["scheduled_for"]]
    assert (maintenance.revision, maintenance.is_cancelled) == (2, True)
    assert history.maintenances(NOON, NOON + timedelta(days=2)) == ()


def test_hostile_text_is_kept_and_harms_no_database(history: History, record: Recorded) -> None:
    hostile = "a\x00b \u202e <script>alert(1)</script> ' \" \\ %s %(x)s :name \ufffe"
    about = {"incident": hostile, "message": hostile * 5000, "components": (hostile,), "incident_id": "x\x00/'%"}
    assert record.says(event("u1", 0, **about)) == 1
    (item,) = history.feed(FeedFilter(text="script alert")).items
    assert "<script>alert(1)</script>" in (item.event.incident or "")
    assert history.ledger("acme", "x\x00/'%", NOON) is not None


def test_two_who_read_the_record_at_once_put_each_event_in_once(
    history: History, tmp_path: Path, database: str | None
) -> None:
    record = tmp_path / "updates.jsonl"
    write(record, story())
    other = open_history(tmp_path, database)
    try:
        assert history.follow(record) + other.follow(record) == 9
    finally:
        other.close()
    assert len(history.newer(0)) == 9


def test_a_schema_of_before_keeps_its_data(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = PostgresDatabase(database) if database else SqliteDatabase(tmp_path / "history.sqlite3")
    first = opened.dialect.migrations()[:1]
    streamed = [StreamedEvent(stream_id=f"{seq}-0", event=each) for seq, each in enumerate(story(), 1)]
    rows = [event_row(seq, each) for seq, each in enumerate(streamed, 1)]
    with monkeypatch.context() as patched:
        patched.setattr(type(opened.dialect), "migrations", lambda _: first)
        migrate(opened)
        with opened.writing() as session:
            session.execute_many(projection._EVENTS, rows)
            if database is None:
                session.execute_many(sqlite._INDEX, rows)
    opened.close()
    new = open_history(tmp_path, database)
    new.count_polls({"acme": Savings(endings={ResponseClass.CHANGED: 1}, since=NOON)}, NOON)
    assert len(new.newer(0)) == 9
    assert len(new.feed(FeedFilter(text="cab*")).items) == 2
    assert len(new.feed(FeedFilter(since=NOON)).items) == 9
    new.close()


def test_events_that_a_version_before_named_are_not_there_twice(
    history: History, tmp_path: Path, database: str | None
) -> None:
    """The ids of that version hold slashes as they are, also as the ids of other events."""
    record = tmp_path / "updates.jsonl"
    pairs = (("a/b", "u"), ("a%2Fb", "u"), ("component", "u"), ("a", "status/resolved"))
    former = [event(update, minute, incident_id=each) for minute, (each, update) in enumerate(pairs)]
    edit = event("u", 9, EventKind.UPDATE_EDITED, incident_id="a/b", id="acme/a/b/u/edited/0123456789abcdef")
    write(record, [*former, edit])
    assert history.follow(record) == 5
    followed = history.newer(0)
    with history._database.writing() as session:
        session.execute("UPDATE events SET id = '/' || id")
        for item in followed:
            session.execute("UPDATE events SET id = :id WHERE seq = :seq", id=item.event.id, seq=item.seq)
        session.execute("DELETE FROM notes WHERE name = 'keys'")

    again = [replace(each, id=identity(each)) for each in (*former, edit)]
    named = ["a%2Fb/u", "a%252Fb/u", "%63omponent/u", "a/status/resolved", "a%2Fb/u/edited/0123456789abcdef"]
    assert [each.id for each in again] == [f"acme/{each}" for each in named]
    write(record, [*again, event("b/u", 20, incident_id="a", id="acme/a/b%2Fu")], first=100)
    with closing(open_history(tmp_path, database)) as after:
        assert after.follow(record) == 1
        shown = [item.event for item in after.newer(0)]
        assert after.rebuild(record) == 6
        assert [item.event for item in after.newer(0)] == shown


def test_a_schema_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "history.sqlite3")
    migrate(database)
    with database.writing() as session:
        session.execute("UPDATE notes SET value = '99' WHERE name = 'schema'")
    with pytest.raises(HistoryError, match="upgrade the tracker"):
        migrate(database)
    database.close()


@pytest.mark.parametrize(
    ("obstruct", "sentence"),
    [
        (lambda file: file.write_bytes(b"no database at all" * 100), r"cannot be used \(file is not a database\)"),
        (lambda file: file.mkdir(), r"cannot open the history .*history\.sqlite3: Is a directory$"),
        (lambda file: file.symlink_to(file.parent / "gone" / "elsewhere"), r"cannot open the history .*: No such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_in_one_sentence(
    obstruct: Callable[[Path], object], sentence: str, tmp_path: Path
) -> None:
    obstruct(tmp_path / "history.sqlite3")

    with pytest.raises(HistoryError, match=sentence):
        open_history(tmp_path)


@pytest.mark.parametrize("most_bytes", [0, 5000])
def test_a_history_without_room_is_one_sentence(most_bytes: int, tmp_path: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        with pytest.raises(HistoryError) as raised:
            open_history(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    assert "history.sqlite3" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_component_change_that_comes_late_does_not_take_the_place_of_the_latest(
    history: History, record: Recorded
) -> None:
    record.says(component("major_outage", 10), component("partial_outage", 0, 2), component("operational", 30, 3))

    spans = history.provider("acme", NOON + timedelta(hours=1), 2).component_changes
    assert {(span.began_at, span.ended_at) for span in spans} >= {
        (NOON + timedelta(minutes=10), NOON + timedelta(minutes=30)),
        (NOON + timedelta(minutes=30), None),
    }
