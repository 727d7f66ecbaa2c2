"""The queries of the history, in SQL that both databases understand. Each runs in the caller's session."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from tracker.history.answers import (
    FeedFilter,
    FeedItem,
    IncidentFilter,
    IncidentList,
    ProviderHistory,
    RecordedIncident,
)
from tracker.history.database import Dialect, Row, Search, SearchPart, SeqRange, Session
from tracker.history.days import Polls, days_of
from tracker.history.rows import component_of_row, from_us, incident_of, item_of, storable, to_us, unreadable_of
from tracker.history.schema import BLOCK_BITS

#: The most providers of a filter that are queried one by one; more are searched among all events.
_MOST_SINGLE: Final = 100
_EVENT_COLUMNS: Final = "events.seq, events.stream_id, events.title, events.message, events.event"
_UNBOUNDED_US: Final = 1 << 62
_ALL: Final = Search((SearchPart("events"),), "1 = 1", {}, "seq")


class _Conditions:
    """Conditions of a query, joined by AND, with their values."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.values: dict[str, Any] = {}

    def add(self, part: str, **values: Any) -> None:
        self.parts.append(part)
        self.values.update(values)

    def one_of(self, column: str, name: str, words: Sequence[str]) -> None:
        named = {f"{name}{number}": storable(word) for number, word in enumerate(words)}
        self.add(f"{column} IN ({', '.join(f':{each}' for each in named)})" if named else "1 = 0", **named)

    def __str__(self) -> str:
        return " AND ".join(self.parts) or "1 = 1"


def feed(
    session: Session, dialect: Dialect, wanted: FeedFilter, *, before: int | None, after: int | None, limit: int
) -> tuple[FeedItem, ...]:
    """Return up to `limit` events: the newest first, or with `after` those that follow it, the oldest first."""
    span = _span(session, wanted, before, after)
    if span is None:
        return ()
    found = dialect.search(session, wanted.text, wanted.providers or (), span) if wanted.text else _ALL
    conditions = _feed_conditions(wanted, found, span)
    order = f"{found.order} {'ASC' if after is not None else 'DESC'}"
    few = wanted.providers if wanted.providers and len(wanted.providers) <= _MOST_SINGLE else None
    if few is None or wanted.text:
        if wanted.providers is not None:
            conditions.one_of("events.provider", "of", wanted.providers)
        query = f"SELECT {_EVENT_COLUMNS} FROM {{source}} WHERE {conditions} ORDER BY {order} LIMIT :most"
    else:
        # Each provider's newest by its own index: events of a quiet provider are not searched among all others.
        single = (
            f"SELECT * FROM (SELECT {_EVENT_COLUMNS} FROM events WHERE provider = :of{number} AND {conditions}"
            f" ORDER BY {order} LIMIT :most) AS of{number}"
            for number in range(len(few))
        )
        conditions.values.update({f"of{number}": storable(provider) for number, provider in enumerate(few)})
        query = f"{' UNION ALL '.join(single)} ORDER BY {order} LIMIT :most"
    items: list[FeedItem] = []
    for look in found.looks:
        sql = query.format(source=look.source)
        items += map(item_of, session.rows(sql, **conditions.values, **look.values, most=limit - len(items)))
        if len(items) == limit:
            break
    return tuple(items)


def _span(session: Session, wanted: FeedFilter, before: int | None, after: int | None) -> SeqRange | None:
    """Return the places that the filter's times leave, None where there are none."""
    kept = bounds(session)
    if kept is None:
        return None
    first = kept[0] if after is None else max(kept[0], after + 1)
    last = kept[1] if before is None else min(kept[1], before - 1)
    if wanted.since is not None or wanted.until is not None:
        blocks = session.rows(
            "SELECT MIN(block) AS first, MAX(block) AS last FROM event_blocks"
            " WHERE newest_us >= :since AND oldest_us < :until",
            since=to_us(wanted.since) if wanted.since else -_UNBOUNDED_US,
            until=to_us(wanted.until) if wanted.until else _UNBOUNDED_US,
        )[0]
        if blocks["first"] is None:
            return None
        first = max(first, blocks["first"] << BLOCK_BITS)
        last = min(last, ((blocks["last"] + 1) << BLOCK_BITS) - 1)
    return SeqRange(first, last, is_backwards=after is None) if first <= last else None


def _feed_conditions(wanted: FeedFilter, found: Search, span: SeqRange) -> _Conditions:
    conditions = _Conditions()
    conditions.add(found.condition, **found.values)
    conditions.add(f"{found.order} BETWEEN :from_place AND :to_place", from_place=span.first, to_place=span.last)
    if wanted.kinds:
        conditions.one_of("kind", "kind", wanted.kinds)
    if wanted.impacts:
        conditions.one_of("impact", "impact", wanted.impacts)
    # `+ 0` keeps the index on times out: events of a block are stored together, in the order of the answer.
    if wanted.since is not None:
        conditions.add("seen_us + 0 >= :since", since=to_us(wanted.since))
    if wanted.until is not None:
        conditions.add("seen_us + 0 < :until", until=to_us(wanted.until))
    return conditions


def seq_of(session: Session, stream_id: str) -> int | None:
    """Return the place of the last event with a stream id, None where none has it."""
    found = session.rows("SELECT MAX(seq) AS seq FROM events WHERE stream_id = :stream_id", stream_id=stream_id)
    seq: int | None = found[0]["seq"]
    return seq


def bounds(session: Session) -> tuple[int, int] | None:
    """Return the places of the first and the last event, None while there is none."""
    found = session.rows("SELECT (SELECT MIN(seq) FROM events) AS first, (SELECT MAX(seq) FROM events) AS last")
    return None if found[0]["first"] is None else (found[0]["first"], found[0]["last"])


def incidents(session: Session, wanted: IncidentFilter, cursor: tuple[int, str] | None, limit: int) -> IncidentList:
    """Return a page of incidents, those that began last first."""
    conditions = _Conditions()
    kinds = (0, 1) if wanted.is_maintenance is None else (int(wanted.is_maintenance),)
    if wanted.providers is not None:
        conditions.one_of("provider", "of", wanted.providers)
    if wanted.is_open is not None:
        conditions.add("ended_us IS NULL" if wanted.is_open else "ended_us IS NOT NULL")
    if wanted.until is not None:
        conditions.add("began_us < :until", until=to_us(wanted.until))
    if wanted.since is not None:
        conditions.add("(ended_us IS NULL OR ended_us >= :since)", since=to_us(wanted.since))
    key = "provider || '/' || incident_id"
    if cursor is not None:
        conditions.add(
            f"(began_us < :began OR (began_us = :began AND {key} > :key))", began=cursor[0], key=storable(cursor[1])
        )
    single = (
        f"SELECT * FROM (SELECT incident, began_us, {key} AS key FROM incidents WHERE is_maintenance = {kind}"
        f" AND {conditions} ORDER BY began_us DESC, key LIMIT :most) AS of{kind}"
        for kind in kinds
    )
    sql = f"{' UNION ALL '.join(single)} ORDER BY began_us DESC, key LIMIT :most"
    rows = session.rows(sql, **conditions.values, most=limit + 1)
    more = rows[limit - 1] if len(rows) > limit else None
    return IncidentList(
        items=tuple(map(incident_of, rows[:limit])),
        next_cursor=f"{more['began_us']}.{more['key']}" if more else None,
    )


def provider_history(session: Session, provider: str, now: datetime, days: int) -> ProviderHistory:
    """Return the record of a provider in the last days, today included."""
    first = now.astimezone(UTC).date() - timedelta(days=days - 1)
    since_us = to_us(datetime(first.year, first.month, first.day, tzinfo=UTC))
    recorded = _lasting(session, "incidents", provider, since_us, "began_us + 0 DESC LIMIT 1000")
    spans = _lasting(session, "component_spans", provider, since_us, "began_us + 0 LIMIT 10000")
    blind = _lasting(session, "unreadable_spans", provider, since_us, "began_us + 0 LIMIT 10000")
    known = tuple(map(incident_of, recorded))
    changes, unreadable = tuple(map(component_of_row, spans)), tuple(map(unreadable_of, blind))
    return ProviderHistory(
        provider=provider,
        days=days_of(first, now, known, changes, unreadable, polls_of(session, provider, first)),
        incidents=known,
        component_changes=changes,
        unreadable=unreadable,
    )


def _lasting(session: Session, table: str, provider: str, since_us: int, order: str) -> Sequence[Row]:
    """Return the rows that are open or ended since then; the order avoids an index with all rows before it."""
    of_provider = f"SELECT * FROM {table} WHERE provider = :provider AND"
    sql = f"SELECT * FROM ({of_provider} ended_us IS NULL UNION ALL {of_provider} ended_us >= :since) AS lasting"
    return session.rows(f"{sql} ORDER BY {order}", provider=storable(provider), since=since_us)


def polls_of(session: Session, provider: str, first: date) -> dict[date, Polls]:
    """Return the counts of the polls of each day on which they were counted."""
    rows = session.rows(
        "SELECT day, polls_read, polls_failed FROM polls WHERE provider = :provider AND day >= :first",
        provider=storable(provider),
        first=first.isoformat(),
    )
    return {date.fromisoformat(row["day"]): Polls(row["polls_read"], row["polls_failed"]) for row in rows}


def events_of_incident(session: Session, incident: RecordedIncident, limit: int) -> tuple[FeedItem, ...]:
    """Return the events of an incident, oldest first."""
    rows = session.rows(
        f"SELECT {_EVENT_COLUMNS} FROM events WHERE provider = :provider AND incident_id = :incident_id"
        " ORDER BY seq LIMIT :most",
        provider=storable(incident.provider),
        incident_id=storable(incident.incident_id),
        most=limit,
    )
    return tuple(map(item_of, rows))


def component_events(
    session: Session, provider: str, since: datetime, until: datetime, limit: int
) -> tuple[FeedItem, ...]:
    """Return a provider's component changes that were seen between two moments, oldest first."""
    rows = session.rows(
        f"SELECT {_EVENT_COLUMNS} FROM events WHERE provider = :provider AND kind = 'component_status_change'"
        " AND seen_us BETWEEN :since AND :until ORDER BY seq LIMIT :most",
        provider=storable(provider),
        since=to_us(since),
        until=to_us(until),
        most=limit,
    )
    return tuple(map(item_of, rows))


def maintenances(
    session: Session, since: datetime, until: datetime, providers: Sequence[str] | None, limit: int
) -> tuple[RecordedIncident, ...]:
    """Return the maintenances whose present window touches a time, the first one first."""
    conditions = _Conditions()
    conditions.add("is_maintenance = 1 AND starts_us < :until", until=to_us(until))
    conditions.add("COALESCE(ends_us, starts_us + 3600000000) >= :since", since=to_us(since))
    if providers is not None:
        conditions.one_of("provider", "of", providers)
    sql = f"SELECT incident FROM incidents WHERE {conditions} ORDER BY starts_us, provider, incident_id LIMIT :most"
    return tuple(map(incident_of, session.rows(sql, **conditions.values, most=limit)))


def first_seen(session: Session) -> datetime | None:
    """Return when the oldest event that is kept was seen."""
    found = session.rows("SELECT MIN(seen_us) AS seen FROM events")
    return None if found[0]["seen"] is None else from_us(found[0]["seen"])
