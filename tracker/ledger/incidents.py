"""Incidents and maintenances as the record shows them: updates, edits, withdrawals, and when they ended. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from tracker.model.event import Event, EventKind
from tracker.model.page import CLOSED_STATUSES, Impact

#: Kinds that give the status of an incident.
STANDINGS: Final = frozenset({EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE})
#: From harmless to bad; maintenance is no impact of an incident.
_SEVERITY: Final = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's ledger."""

    event: EventKind
    #: When the vendor dates it, else when it was seen.
    at: datetime
    published_at: datetime | None = None
    seen_at: datetime
    logged_at: datetime | None = None
    status: str
    impact: str | None = None
    update_id: str | None = None
    message: str | None = None
    #: Only of an edit or a withdrawal: the former text, None where it is not on record.
    previous: str | None = None
    #: Only of a component change: which components.
    components: tuple[str, ...] = ()
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a maintenance, and all that was reported of it, oldest first."""

    provider: str
    provider_name: str
    incident_id: str
    title: str
    #: The status that was reported last.
    status: str
    #: The worst impact that was reported.
    impact: str | None = None
    is_maintenance: bool = False
    opened_at: datetime
    #: When it ended; None while it is ongoing.
    closed_at: datetime | None = None
    link: str | None = None
    components: tuple[str, ...] = ()
    entries: tuple[LedgerLine, ...] = ()

    @property
    def key(self) -> str:
        """Return its id: `PROVIDER/INCIDENT`."""
        return f"{self.provider}/{self.incident_id}"

    def count(self, *kinds: EventKind) -> int:
        """Return the number of entries of these kinds."""
        return sum(entry.event in kinds for entry in self.entries)


def moment_of(event: Event) -> datetime:
    """Return the vendor's date of an event, or when it was seen: without a date, or with one in the future."""
    return min(event.published_at, event.seen_at) if event.published_at else event.seen_at


def severity(impact: str | None) -> Impact:
    """Return the impact of an incident; one without an impact counts as minor."""
    return next((known for known in _SEVERITY if known == impact), Impact.MINOR)


class Ledgers:
    """Gathers ledgers from events in the order of the record."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], list[tuple[Event, datetime | None]]] = {}
        #: Changes of components, by provider: they name no incident.
        self._changes: dict[str, list[tuple[Event, datetime | None]]] = {}

    def add(self, event: Event, logged_at: datetime | None = None) -> None:
        """Take one event."""
        if event.incident_id is not None:
            self._entries.setdefault((event.provider, event.incident_id), []).append((event, logged_at))
        elif event.event is EventKind.COMPONENT_STATUS_CHANGE:
            self._changes.setdefault(event.provider, []).append((event, logged_at))

    def __iter__(self) -> Iterator[Ledger]:
        """Yield the ledgers without component changes, the one that opened last first."""
        found = (self._ledger(events) for events in self._entries.values())
        return iter(sorted(found, key=lambda ledger: (ledger.opened_at, ledger.key), reverse=True))

    def find(self, reference: str) -> tuple[Ledger, ...]:
        """Return the ledgers of that `PROVIDER/INCIDENT` or incident id, with component changes in between."""
        # No provider's id has a slash, so that the first form names one alone.
        named = [key for key in self._entries if reference == f"{key[0]}/{key[1]}"]
        keys = named or [key for key in self._entries if reference == key[1]]
        return tuple(self._with_changes(self._ledger(self._entries[key])) for key in keys)

    def _ledger(self, events: list[tuple[Event, datetime | None]]) -> Ledger:
        last = events[-1][0]
        entries = tuple(_entries(events))
        standings = sorted((entry for entry in entries if entry.event in STANDINGS), key=lambda entry: entry.at)
        newest = next((event for event, _ in reversed(events) if event.event in STANDINGS), last)
        return Ledger(
            provider=last.provider,
            provider_name=last.provider_name,
            incident_id=last.incident_id or "",
            title=last.incident or "(no title)",
            status=newest.status,
            impact=_worst(event.impact for event, _ in events),
            is_maintenance=any(event.event is EventKind.MAINTENANCE_UPDATE for event, _ in events),
            opened_at=min(entry.at for entry in entries),
            closed_at=_closed_at(standings),
            link=last.link,
            components=tuple(dict.fromkeys(name for event, _ in events for name in event.components)),
            entries=entries,
        )

    def _with_changes(self, ledger: Ledger) -> Ledger:
        until = ledger.closed_at
        changes = [
            _entry(event, logged_at)
            for event, logged_at in self._changes.get(ledger.provider, ())
            if ledger.opened_at <= event.seen_at and (until is None or moment_of(event) <= until)
        ]
        entries = sorted((*ledger.entries, *changes), key=lambda entry: entry.seen_at)
        return msgspec.structs.replace(ledger, entries=tuple(entries))


def _entries(events: Iterable[tuple[Event, datetime | None]]) -> Iterator[LedgerLine]:
    """Yield an entry for each event; edits and withdrawals with the text that was on record before."""
    texts: dict[str | None, str | None] = {}
    for event, logged_at in events:
        changes = event.event in (EventKind.UPDATE_EDITED, EventKind.UPDATE_WITHDRAWN)
        yield _entry(event, logged_at, previous=texts.get(event.update_id) if changes else None)
        texts[event.update_id] = event.message


def _entry(event: Event, logged_at: datetime | None, *, previous: str | None = None) -> LedgerLine:
    # An edit carries the date of the update that it changes.
    changes = event.event in (EventKind.UPDATE_EDITED, EventKind.UPDATE_WITHDRAWN)
    return LedgerLine(
        event=event.event,
        at=event.seen_at if changes else moment_of(event),
        published_at=event.published_at,
        seen_at=event.seen_at,
        logged_at=logged_at,
        status=event.status,
        impact=event.impact,
        update_id=event.update_id,
        message=event.message,
        previous=previous,
        components=event.components,
        scheduled_for=event.scheduled_for,
        scheduled_until=event.scheduled_until,
    )


def _closed_at(standings: list[LedgerLine]) -> datetime | None:
    """Return when it was closed for the last time; a later update such as a postmortem does not move that."""
    closed_at: datetime | None = None
    for entry in standings:
        if entry.status not in CLOSED_STATUSES:
            closed_at = None
        elif closed_at is None:
            closed_at = entry.at
    return closed_at


def _worst(impacts: Iterable[str | None]) -> str | None:
    """Return the worst impact that was reported, None if none was."""
    known = [impact for impact in impacts if impact]
    return max(known, key=lambda impact: _SEVERITY.index(severity(impact))) if known else None
