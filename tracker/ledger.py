"""What updates said when they were last seen: tells an edited and a withdrawn update. Pure.

An update keeps its id when its vendor rewrites it, and vendors do: a terse "resolved" becomes a root cause days later.
Neither an edit nor a withdrawal is a new update; each is an event of its own.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from msgspec.structs import replace

from tracker.events import EventKind, update_event
from tracker.filters import left_out_by, wants_kind
from tracker.listing import Listing
from tracker.models import Incident, IncidentUpdate, Provider, Snapshot
from tracker.ports import News
from tracker.state import LedgerEntry

#: An update is withdrawn once it is gone from so many changed answers in a row that still show its incident.
WITHDRAWN_AFTER = 3
#: Incidents whose texts are kept, the ones seen last; several times what a page shows.
MOST_INCIDENTS = 300
#: What is left of an update that was withdrawn.
_GONE = IncidentUpdate(id="", status="withdrawn")


#: Tells whether the provider's filters let something of an incident pass now.
Wants = Callable[[Incident, IncidentUpdate], bool]
#: By incident id, the one seen last at the end, then by update id.
Ledger = Mapping[str, Mapping[str, LedgerEntry]]


def text_digest(text: str) -> str:
    """Return the first 32 hexadecimal digits of the SHA-256 of an update's message (plain text, UTF-8)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def follow(
    provider: Provider, ledger: Ledger, snapshot: Snapshot, now: datetime, *, listing: Listing | None = None
) -> tuple[tuple[News, ...], Ledger]:
    """Compare what updates say with what they said; return what was edited or withdrawn, and the new ledger.

    `listing` are the page's components, where the snapshot does not hold all of them.
    """
    news: list[News] = []
    listing = listing or Listing(snapshot.components)
    wants = _filters(provider, snapshot, listing)
    entries = dict(ledger)
    # Pages without a clock have been seen to cut what they show of an incident, those with one have not.
    shows_all = snapshot.updated_at is not None
    for incident in (*snapshot.incidents, *snapshot.maintenances):
        known = entries.pop(incident.id, {})
        news += _edited(provider, wants, incident, known, now, listing)
        remaining = _shown(incident, known)
        # What shows the newest update alone, or re-times the only one, withdraws nothing.
        if shows_all and (not remaining or not known.keys().isdisjoint(remaining)):
            gone = {update_id: _missed(entry) for update_id, entry in known.items() if update_id not in remaining}
            withdrawn = {update_id for update_id, entry in gone.items() if entry.missing >= WITHDRAWN_AFTER}
            if wants(incident, _GONE):
                news += [_withdrawn(provider, incident, each, gone[each], now, listing) for each in sorted(withdrawn)]
            remaining |= {update_id: entry for update_id, entry in gone.items() if update_id not in withdrawn}
        entries[incident.id] = remaining
    while len(entries) > MOST_INCIDENTS:
        del entries[next(iter(entries))]
    return tuple(piece for piece in news if wants_kind(provider, piece.event.event)), entries


def _filters(provider: Provider, snapshot: Snapshot, listing: Listing) -> Wants:
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}

    def wants(incident: Incident, update: IncidentUpdate) -> bool:
        return left_out_by(provider, incident, update, listing, maintenance=incident.id in maintenances) is None

    return wants


def _shown(incident: Incident, known: Mapping[str, LedgerEntry]) -> dict[str, LedgerEntry]:
    return {update.id: _entry(update, known.get(update.id)) for update in incident.updates}


def _entry(update: IncidentUpdate, known: LedgerEntry | None) -> LedgerEntry:
    """Return the entry of an update that is shown; an empty text says nothing, some endpoints leave it out."""
    digest = text_digest(update.body) if update.body else known.digest if known else None
    return LedgerEntry(digest=digest)


def _missed(entry: LedgerEntry) -> LedgerEntry:
    return LedgerEntry(digest=entry.digest, missing=entry.missing + 1)


def _edited(
    provider: Provider,
    wants: Wants,
    incident: Incident,
    known: Mapping[str, LedgerEntry],
    now: datetime,
    listing: Listing,
) -> Iterator[News]:
    for update in incident.updates:
        before = known.get(update.id)
        if before is None or before.digest is None or not update.body:
            continue
        digest = text_digest(update.body)
        if digest == before.digest or not wants(incident, update):
            continue
        event_id = f"{provider.id}/{incident.id}/{update.id}/edited/{digest}"
        event = update_event(EventKind.UPDATE_EDITED, event_id, provider, incident, update, now, listing=listing)
        yield News(event=replace(event, previous_digest=before.digest))


def _withdrawn(
    provider: Provider, incident: Incident, update_id: str, entry: LedgerEntry, now: datetime, listing: Listing
) -> News:
    event_id = f"{provider.id}/{incident.id}/{update_id}/withdrawn"
    gone = replace(_GONE, id=update_id)
    event = update_event(EventKind.UPDATE_WITHDRAWN, event_id, provider, incident, gone, now, listing=listing)
    return News(event=replace(event, previous_digest=entry.digest))
