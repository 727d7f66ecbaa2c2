"""The history: one object that follows the record and answers questions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tracker.history import projection, queries
from tracker.history.answers import (
    Feed,
    FeedFilter,
    FeedItem,
    IncidentFilter,
    IncidentLedger,
    IncidentList,
    LedgerEntry,
    ProviderHistory,
    RecordedIncident,
)
from tracker.history.database import Database
from tracker.history.polls import count_polls
from tracker.history.record import read_record
from tracker.model.event import EventKind
from tracker.polling.poll_cost import Savings

#: Events of one incident that its ledger shows.
MOST_ENTRIES: Final = 2000
#: Of a cursor, so that any database takes it.
_LONGEST_NUMBER: Final = 18
#: How long before and after an incident changes of components belong to its story.
_AROUND: Final = timedelta(minutes=15)


class History:
    """The history in a database. Safe for threads; every method raises HistoryError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def follow(
        self,
        record: Path,
        keep_since: datetime | None = None,
        on_progress: Callable[[int], object] = lambda _size: None,
    ) -> int:
        """Read the record on and return how many events were new; `on_progress` gets the number of bytes read.

        Any number of processes may do so at the same time.
        """
        new, is_over = 0, False
        while not is_over:
            with self._database.reading() as session:
                place = projection.place_of(session)
            for batch in read_record(record, place):
                added = projection.project(self._database, batch, place, keep_since)
                on_progress(batch.size)
                if added is None:
                    break  # another process reads the same and was first: continue from its position
                new, place = new + added, batch.place
            else:
                is_over = True
        return new

    def rebuild(
        self,
        record: Path,
        keep_since: datetime | None = None,
        on_progress: Callable[[int], object] = lambda _size: None,
    ) -> int:
        """Empty the history and read the whole record again; return how many events it has."""
        projection.empty(self._database)
        return self.follow(record, keep_since, on_progress)

    def forget(self, before: datetime) -> int:
        """Remove events that were seen, and whose incidents ended, before that; return how many."""
        removed = 0
        while some := projection.forget(self._database, before):
            removed += some
        return removed

    def count_polls(self, counters: Mapping[str, Savings], now: datetime) -> None:
        """Add the growth of the pages' counters to the present day."""
        count_polls(self._database, counters, now)

    def feed(self, wanted: FeedFilter | None = None, *, before: int | None = None, limit: int = 50) -> Feed:
        """Return the newest events, those before a place in the history. Raises SearchTooWide."""
        with self._database.reading() as session:
            items = queries.feed(
                session, self._database.dialect, wanted or FeedFilter(), before=before, after=None, limit=limit
            )
        return Feed(items=items, next_before=items[-1].seq if len(items) == limit else None)

    def newer(self, after: int, wanted: FeedFilter | None = None, limit: int = 500) -> tuple[FeedItem, ...]:
        """Return the events that follow a place in the history, the oldest first. Raises SearchTooWide."""
        with self._database.reading() as session:
            return queries.feed(
                session, self._database.dialect, wanted or FeedFilter(), before=None, after=after, limit=limit
            )

    def seq_of(self, stream_id: str) -> int | None:
        """Return the place of the event with a stream id; None where none has it, or it is no longer kept."""
        with self._database.reading() as session:
            return queries.seq_of(session, stream_id)

    def bounds(self) -> tuple[int, int] | None:
        """Return the places of the oldest and the newest event, None while there is none."""
        with self._database.reading() as session:
            return queries.bounds(session)

    def incidents(
        self, wanted: IncidentFilter | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> IncidentList:
        """Return incidents, those that began last first. Raises ValueError for a cursor that no list returned."""
        after = None if cursor is None else _parsed(cursor)
        with self._database.reading() as session:
            return queries.incidents(session, wanted or IncidentFilter(), after, limit)

    def incident(self, provider: str, incident_id: str) -> RecordedIncident | None:
        """Return an incident without its events, None for one that is not on record."""
        with self._database.reading() as session:
            return projection.incident_named(session, provider, incident_id)

    def ledger(self, provider: str, incident_id: str, now: datetime) -> IncidentLedger | None:
        """Return an incident with all of its events on record, None for an unknown one."""
        with self._database.reading() as session:
            incident = projection.incident_named(session, provider, incident_id)
            if incident is None:
                return None
            items = queries.events_of_incident(session, incident, MOST_ENTRIES)
            since, until = incident.first_seen_at - _AROUND, (incident.ended_at or now) + _AROUND
            changes = queries.component_events(session, provider, since, until, MOST_ENTRIES)
        return IncidentLedger(incident=incident, entries=_with_previous(items), component_changes=changes)

    def ledgers(self, incidents: Sequence[RecordedIncident]) -> tuple[IncidentLedger, ...]:
        """Return these incidents with their events, without changes of components meanwhile."""
        with self._database.reading() as session:
            return tuple(
                IncidentLedger(
                    incident=incident,
                    entries=_with_previous(queries.events_of_incident(session, incident, MOST_ENTRIES)),
                )
                for incident in incidents
            )

    def provider(self, provider: str, now: datetime, days: int = 90) -> ProviderHistory:
        """Return the record of a provider in the last days, today included."""
        with self._database.reading() as session:
            return queries.provider_history(session, provider, now, days)

    def maintenances(
        self, since: datetime, until: datetime, providers: Sequence[str] | None = None, limit: int = 1000
    ) -> tuple[RecordedIncident, ...]:
        """Return the maintenances whose window touches a time, cancelled ones too, the first one first."""
        with self._database.reading() as session:
            return queries.maintenances(session, since, until, providers, limit)

    def first_seen(self) -> datetime | None:
        """Return when the oldest event that is kept was seen."""
        with self._database.reading() as session:
            return queries.first_seen(session)

    def close(self) -> None:
        """Close the connections."""
        self._database.close()


def _parsed(cursor: str) -> tuple[int, str]:
    """Return the place that a cursor names. Raises ValueError."""
    began, _, key = cursor.partition(".")
    if len(began) > _LONGEST_NUMBER:
        raise ValueError(cursor)
    return int(began), key


def _with_previous(items: Sequence[FeedItem]) -> tuple[LedgerEntry, ...]:
    """Return the events, each edit with the text that it replaced if that is on record."""
    texts: dict[str, str | None] = {}
    entries = []
    for item in items:
        event = item.event
        is_edit = event.event is EventKind.UPDATE_EDITED and event.update_id is not None
        entries.append(LedgerEntry(item=item, previous_message=texts.get(event.update_id or "") if is_edit else None))
        if event.update_id is not None and event.event is not EventKind.UPDATE_WITHDRAWN:
            texts[event.update_id] = event.message
    return tuple(entries)
