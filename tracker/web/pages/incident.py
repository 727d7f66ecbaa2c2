"""The ledger of one incident: its updates, edits and withdrawals, and the changes of components between them. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from tracker.history.answers import IncidentLedger, LedgerEntry, RecordedIncident, UnreadableSpan
from tracker.model.event import Event, EventKind
from tracker.model.page import OpenIncident
from tracker.web.now import PageNow
from tracker.web.pages.badges import MAINTENANCE, Badge, component_badge, impact_badge, words
from tracker.web.pages.text_diff import Change, Piece, readable, word_diff
from tracker.web.pages.wording import clock, counted, fine_span, span

_UPDATES: Final = frozenset({EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE})
_SHORT: Final = timedelta(minutes=15)
_WAS: Final = "was "
#: Characters of a title that are compared.
_TITLE: Final = 2000


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A component whose status changed."""

    name: str
    before: Badge | None
    after: Badge


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the ledger."""

    #: `said`, `withdrawn`, `components`, `impact`, `gap` or `title`.
    kind: str
    at: datetime
    heading: str = ""
    tag: str = ""
    #: The vendor's words, as edited.
    pieces: tuple[Piece, ...] = ()
    #: Earlier wordings, the first one first.
    wordings: tuple[str, ...] = ()
    transitions: tuple[Transition, ...] = ()
    note: str = ""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the incident, with its label."""

    label: str
    value: str = ""
    note: str = ""
    at: datetime | None = None


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    id: str
    provider: str
    provider_name: str
    title: str
    badge: Badge
    status: str
    is_open: bool
    is_maintenance: bool
    began_at: datetime
    ended_at: datetime | None
    link: str | None
    summary: str
    facts: tuple[Fact, ...]
    entries: tuple[LedgerRow, ...]
    components: tuple[str, ...]
    regions: tuple[str, ...]
    is_newest_first: bool

    @property
    def is_short(self) -> bool:
        """Return whether so little time passed that only the seconds distinguish entries."""
        times = [entry.at for entry in self.entries]
        return bool(times) and max(times) - min(times) < _SHORT


def incident_page(
    ledger: IncidentLedger, unread: Sequence[UnreadableSpan], now: datetime, *, is_newest_first: bool = True
) -> IncidentPage:
    """Return the page of an incident on record; `unread` has the times in which its provider could not be read."""
    incident = ledger.incident
    events = [entry.item.event for entry in ledger.entries]
    changes = [item.event for item in ledger.component_changes]
    until = incident.ended_at or now
    gaps = [each for each in unread if (each.ended_at or now) >= incident.began_at and each.began_at <= until]
    entries = [*_spoken(ledger.entries), *_impacts(events), *_titles(events), *_components(changes)]
    entries += [_gap(each, now) for each in gaps]
    return IncidentPage(
        id=incident.incident_id,
        provider=incident.provider,
        provider_name=incident.provider_name,
        title=incident.title or "(no title)",
        badge=MAINTENANCE if incident.is_maintenance else impact_badge(incident.impact),
        status=words(incident.status),
        is_open=incident.ended_at is None,
        is_maintenance=incident.is_maintenance,
        began_at=incident.began_at,
        ended_at=incident.ended_at,
        link=incident.link,
        summary=ledger_summary(incident),
        facts=tuple(_facts(incident, events, changes)),
        entries=tuple(sorted(entries, key=lambda entry: entry.at, reverse=is_newest_first)),
        components=incident.components,
        regions=incident.regions,
        is_newest_first=is_newest_first,
    )


def unrecorded_page(page: PageNow, incident: OpenIncident, now: datetime) -> IncidentPage:
    """Return the page of an ongoing incident or planned maintenance that is not on record."""
    is_maintenance = incident not in page.view.open_incidents
    return IncidentPage(
        id=incident.id,
        provider=page.provider.id,
        provider_name=page.provider.name,
        title=incident.name or "(no title)",
        badge=MAINTENANCE if is_maintenance else impact_badge(incident.impact),
        status=words(incident.status),
        is_open=True,
        is_maintenance=is_maintenance,
        began_at=incident.began_at or incident.scheduled_for or page.checked_at or now,
        ended_at=None,
        link=incident.link,
        summary="nothing on record",
        facts=(),
        entries=(),
        components=incident.components,
        regions=incident.regions,
        is_newest_first=True,
    )


def ledger_summary(incident: RecordedIncident) -> str:
    """Return the number of an incident's updates, and of the edited and withdrawn ones."""
    parts = [counted(incident.updates, "update")]
    parts += [f"{incident.edits} edited"] if incident.edits else []
    parts += [f"{incident.withdrawals} withdrawn"] if incident.withdrawals else []
    return ", ".join(parts)


def _happened(event: Event) -> datetime:
    return event.published_at or event.seen_at


def _spoken(ledger: Sequence[LedgerEntry]) -> Iterable[LedgerRow]:
    """Return an entry for each update; with its edits and its withdrawal."""
    for event in (each.item.event for each in ledger if each.item.event.event in _UPDATES):
        of_it = [each for each in ledger if each.item.event.update_id == event.update_id]
        edits = [each for each in of_it if each.item.event.event is EventKind.UPDATE_EDITED]
        gone = next((each.item.event for each in of_it if each.item.event.event is EventKind.UPDATE_WITHDRAWN), None)
        wordings = [readable(each.message or "") for each in (event, *(edit.item.event for edit in edits))]
        pieces: tuple[Piece, ...] = (Piece(Change.SAME, wordings[-1]),)
        if edits:
            pieces = word_diff(readable(edits[-1].previous_message or "") or wordings[-2], wordings[-1])
        tag = f"edited {clock(edits[-1].item.event.seen_at)}" if edits else ""
        yield LedgerRow(
            kind="withdrawn" if gone else "said",
            at=_happened(event),
            heading=_heading(event),
            tag=f"withdrawn {clock(gone.seen_at)}" if gone else tag,
            pieces=tuple(piece for piece in pieces if piece.text),
            wordings=tuple(wordings[:-1]),
            note=_note(event, [each.item.event for each in edits], gone),
        )


def _heading(event: Event) -> str:
    word = f" ({event.vendor_status})" if event.vendor_status else ""
    return f"{words(event.status)}{word}"


def _note(event: Event, edits: Sequence[Event], gone: Event | None) -> str:
    notes = []
    if event.published_at is None:
        notes.append("the page gives it no time; this is when it was seen")
    elif event.unseen_since is None:
        notes.append("already there when watching began")
    else:
        notes.append(f"seen {fine_span((event.seen_at - event.published_at).total_seconds())} later")
    if edits:
        times = "" if len(edits) == 1 else f" {len(edits)} times, last"
        notes.append(
            f"edited{times} without notice {span((edits[-1].seen_at - _happened(event)).total_seconds())} later"
        )
    if gone:
        notes.append(
            f"public for about {span((gone.seen_at - _happened(event)).total_seconds())}, then removed by the vendor"
        )
    return "; ".join(notes)


def _impacts(events: Sequence[Event]) -> Iterable[LedgerRow]:
    before: str | None = None
    for event in (each for each in events if each.event in _UPDATES):
        if before is not None and event.impact is not None and event.impact != before:
            transition = Transition(name="Impact", before=impact_badge(before), after=impact_badge(event.impact))
            yield LedgerRow(kind="impact", at=_happened(event), transitions=(transition,))
        before = event.impact or before


def _titles(events: Sequence[Event]) -> Iterable[LedgerRow]:
    before: str | None = None
    for event in events:
        if before and event.incident and event.incident != before:
            pieces = word_diff(readable(before, _TITLE), readable(event.incident, _TITLE))
            yield LedgerRow(kind="title", at=event.seen_at, pieces=pieces)
        before = event.incident or before


def _components(around: Sequence[Event]) -> Iterable[LedgerRow]:
    """Return one entry for all components that changed in one answer."""
    changed = [each for each in around if each.event is EventKind.COMPONENT_STATUS_CHANGE]
    for seen_at in sorted({each.seen_at for each in changed}):
        transitions = [_transition(each) for each in changed if each.seen_at == seen_at]
        at = min((each.published_at or seen_at) for each in changed if each.seen_at == seen_at)
        yield LedgerRow(kind="components", at=at, transitions=tuple(transitions), heading="Components changed")


def _transition(event: Event) -> Transition:
    said = event.message or ""
    _, _, before = said.rpartition(_WAS)
    region = f", {event.regions[0]}" if event.regions else ""
    return Transition(
        name=f"{', '.join(event.components) or event.product}{region}",
        before=component_badge(before.replace(" ", "_")) if before and _WAS in said else None,
        after=component_badge(event.status),
    )


def _gap(unread: UnreadableSpan, now: datetime) -> LedgerRow:
    so_far = "" if unread.ended_at else " so far"
    return LedgerRow(
        kind="gap",
        at=unread.began_at,
        heading=f"Not read for {span(((unread.ended_at or now) - unread.began_at).total_seconds())}{so_far}",
        note=unread.reason.removeprefix("cannot be read: "),
    )


def _facts(incident: RecordedIncident, events: Sequence[Event], changes: Sequence[Event]) -> Iterable[Fact]:
    if incident.is_maintenance and incident.windows:
        present, moves = incident.windows[-1], len(incident.windows) - 1
        moved = f"moved {counted(moves, 'time')}" if moves else "as it was announced"
        yield Fact(label="Window begins", at=present.starts_at, note=moved)
        yield Fact(label="Window ends", at=present.ends_at, value="" if present.ends_at else "not given")
    else:
        impacts = list(dict.fromkeys(each.impact for each in events if each.impact))
        yield Fact(
            label="Impact", value=", then ".join(impact_badge(each).word.lower() for each in impacts).capitalize()
        )
    yield Fact(label="First update", at=incident.began_at)
    changed_at = min((each.published_at or each.seen_at for each in changes), default=None)
    if changed_at:
        difference = (incident.began_at - changed_at).total_seconds()
        when = "before the first update" if difference >= 0 else "after the first update"
        if abs(difference) < 1:
            yield Fact(label="First component changed", value="at once", note="with the first update")
        else:
            yield Fact(label="First component changed", value=span(abs(difference)), note=when)
    delays = sorted(
        (each.seen_at - each.published_at).total_seconds()
        for each in events
        if each.event in _UPDATES and each.published_at and each.unseen_since
    )
    if delays:
        worst = f"worst {fine_span(delays[-1])}"
        yield Fact(label="Published to seen", value=f"median {fine_span(delays[(len(delays) - 1) // 2])}", note=worst)
