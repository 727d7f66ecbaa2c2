"""Puts events of the record into the tables; a repetition changes nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from tracker.delivery.event_stream import StreamedEvent
from tracker.history.answers import ComponentChange, RecordedIncident, UnreadableSpan
from tracker.history.database import Database, Row, Session
from tracker.history.fold import (
    OF_INCIDENTS,
    component_of,
    fold_component,
    fold_incident,
    fold_unreadable,
    unreadable_since,
)
from tracker.history.record import Batch, RecordPosition
from tracker.history.rows import (
    component_of_row,
    component_row,
    event_row,
    incident_of,
    incident_row,
    storable,
    to_us,
    unreadable_of,
    unreadable_row,
)
from tracker.history.schema import BLOCK_BITS, PROJECTED
from tracker.model.event import identity

#: Ids in one query.
_TOGETHER: Final = 200
_PLACE: Final = "place"
_SEQ: Final = "seq"
_NOTE: Final = (
    "INSERT INTO notes (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def _insert(table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    """Return the statement that puts a row in, or over the one with its key."""
    changed = ", ".join(f"{column} = excluded.{column}" for column in columns)
    names = (*key, *columns)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)}) "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
    )


_EVENTS: Final = (
    "INSERT INTO events (seq, id, stream_id, kind, provider, incident_id, update_id, impact, seen_us, title, message,"
    " names, event) VALUES (:seq, :id, :stream_id, :kind, :provider, :incident_id, :update_id, :impact, :seen_us,"
    " :title, :message, :names, :event)"
)
_INCIDENTS: Final = _insert(
    "incidents",
    ("provider", "incident_id"),
    ("is_maintenance", "began_us", "updated_us", "ended_us", "starts_us", "ends_us", "incident"),
)
_COMPONENTS: Final = _insert(
    "component_spans", ("provider", "component_id", "began_us"), ("ended_us", "name", "status")
)
_BLOCKS: Final = (
    "INSERT INTO event_blocks (block, oldest_us, newest_us) VALUES (:block, :oldest_us, :newest_us) ON CONFLICT (block)"
    " DO UPDATE SET oldest_us = CASE WHEN excluded.oldest_us < event_blocks.oldest_us THEN excluded.oldest_us"
    " ELSE event_blocks.oldest_us END, newest_us = CASE WHEN excluded.newest_us > event_blocks.newest_us"
    " THEN excluded.newest_us ELSE event_blocks.newest_us END"
)
_UNREADABLE: Final = _insert("unreadable_spans", ("provider", "began_us"), ("ended_us", "reason"))


def place_of(session: Session) -> RecordPosition:
    """Return the position up to which the record was read."""
    found = session.rows("SELECT value FROM notes WHERE name = :name", name=_PLACE)
    return msgspec.json.decode(found[0]["value"].encode(), type=RecordPosition) if found else RecordPosition()


def project(database: Database, batch: Batch, after: RecordPosition, keep_since: datetime | None) -> int | None:
    """Put a batch in that follows `after`; return how many events were new, None if another process was first.

    Events that were seen before `keep_since` are skipped. Raises HistoryError.
    """
    with database.writing() as session:
        if place_of(session) != after:
            return None
        wanted = [each for each in batch.events if keep_since is None or each.event.seen_at >= keep_since]
        new = _unknown(session, wanted)
        if new:
            _put(database, session, new)
        session.execute(_NOTE, name=_PLACE, value=msgspec.json.encode(batch.place).decode())
    return len(new)


def empty(database: Database) -> None:
    """Forget the projection; the record is read from its beginning next. Raises HistoryError."""
    with database.writing() as session:
        while database.dialect.forget(session, 1 << 62, 1 << 30):
            pass
        for table in PROJECTED:
            session.execute(f"DELETE FROM {table}")
        session.execute("DELETE FROM notes WHERE name = :name", name=_PLACE)


def forget(database: Database, before: datetime, most: int = 5000) -> int:
    """Remove up to `most` events that were seen before that; return how many. Raises HistoryError.

    Incidents, spans and counts of polls that had ended by then are removed, too.
    """
    before_us = to_us(before)
    with database.writing() as session:
        removed = database.dialect.forget(session, before_us, most)
        for table in ("incidents", "component_spans", "unreadable_spans"):
            session.execute(f"DELETE FROM {table} WHERE ended_us < :before", before=before_us)
        session.execute("DELETE FROM polls WHERE day < :day", day=f"{before:%Y-%m-%d}")
    return removed


def _unknown(session: Session, events: Sequence[StreamedEvent]) -> list[StreamedEvent]:
    """Return those of the events that are not there yet, each once."""
    first: dict[str, StreamedEvent] = {}
    for streamed in events:
        first.setdefault(storable(identity(streamed.event)), streamed)
    ids = list(first)
    for start in range(0, len(ids), _TOGETHER):
        asked = {f"p{number}": each for number, each in enumerate(ids[start : start + _TOGETHER])}
        names = ", ".join(f":{name}" for name in asked)
        for row in session.rows(f"SELECT id FROM events WHERE id IN ({names})", **asked):
            del first[row["id"]]
    return list(first.values())


def _put(database: Database, session: Session, new: Sequence[StreamedEvent]) -> None:
    last = session.rows("SELECT value FROM notes WHERE name = :name", name=_SEQ)
    begin = int(last[0]["value"]) + 1 if last else 1
    rows = [event_row(seq, streamed) for seq, streamed in enumerate(new, begin)]
    session.execute_many(_EVENTS, rows)
    database.dialect.indexed(session, rows)
    session.execute_many(_BLOCKS, _blocks(rows))
    session.execute(_NOTE, name=_SEQ, value=str(begin + len(rows) - 1))
    session.execute_many(_INCIDENTS, map(incident_row, _incidents(session, new)))
    session.execute_many(_COMPONENTS, map(component_row, _components(session, new)))
    session.execute_many(_UNREADABLE, map(unreadable_row, _unreadable(session, new)))


def _blocks(rows: Sequence[Row]) -> Iterable[Row]:
    seen: dict[int, list[int]] = {}
    for row in rows:
        seen.setdefault(row["seq"] >> BLOCK_BITS, []).append(row["seen_us"])
    return [{"block": block, "oldest_us": min(times), "newest_us": max(times)} for block, times in seen.items()]


def _incidents(session: Session, new: Sequence[StreamedEvent]) -> Iterable[RecordedIncident]:
    known: dict[tuple[str, str], RecordedIncident | None] = {}
    for event in (streamed.event for streamed in new):
        if event.event not in OF_INCIDENTS or event.incident_id is None:
            continue
        key = event.provider, event.incident_id
        if key not in known:
            known[key] = incident_named(session, *key)
        known[key] = fold_incident(known[key], event)
    return [incident for incident in known.values() if incident is not None]


def incident_named(session: Session, provider: str, incident_id: str) -> RecordedIncident | None:
    """Return an incident, None for one that is not on record."""
    found = session.rows(
        "SELECT incident FROM incidents WHERE provider = :provider AND incident_id = :incident_id",
        provider=storable(provider),
        incident_id=storable(incident_id),
    )
    return incident_of(found[0]) if found else None


def _components(session: Session, new: Sequence[StreamedEvent]) -> Iterable[ComponentChange]:
    spans: dict[tuple[str, str, datetime], ComponentChange] = {}
    latest: dict[tuple[str, str], ComponentChange | None] = {}
    for event in (streamed.event for streamed in new):
        component_id = component_of(event)
        if component_id is None:
            continue
        key = event.provider, component_id
        if key not in latest:
            latest[key] = _first(
                session.rows(
                    "SELECT * FROM component_spans WHERE provider = :provider AND component_id = :component_id "
                    "ORDER BY began_us DESC LIMIT 1",
                    provider=storable(event.provider),
                    component_id=storable(component_id),
                )
            )
        before = latest[key]
        for span in fold_component(before, event):
            spans[*key, span.began_at] = span
            # A change that came late is older than the latest one, which stays the one that the next change ends.
            if before is None or span.began_at >= before.began_at:
                latest[key] = span
    return spans.values()


def _first(rows: Sequence[Row]) -> ComponentChange | None:
    return component_of_row(rows[0]) if rows else None


def _unreadable(session: Session, new: Sequence[StreamedEvent]) -> Iterable[UnreadableSpan]:
    spans: dict[tuple[str, datetime], UnreadableSpan | None] = {}
    for event in (streamed.event for streamed in new):
        since = unreadable_since(event)
        if since is None:
            continue
        key = event.provider, since
        if key not in spans:
            found = session.rows(
                "SELECT * FROM unreadable_spans WHERE provider = :provider AND began_us = :began_us",
                provider=storable(event.provider),
                began_us=to_us(since),
            )
            spans[key] = unreadable_of(found[0]) if found else None
        spans[key] = fold_unreadable(spans[key], event)
    return [span for span in spans.values() if span is not None]
