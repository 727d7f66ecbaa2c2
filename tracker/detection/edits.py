"""Edited and withdrawn updates: what updates say, compared with what they said when they were last seen. Pure.

An update keeps its id when its vendor rewrites it, and vendors do: a terse "resolved" becomes a root cause days later.
Neither an edit nor a withdrawal is a new update; each is an event of its own.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec.structs import replace

from tracker.model.component_names import Listing
from tracker.model.event import EventKind, PendingEvent, update_event
from tracker.model.filters import left_out_by, wants_kind
from tracker.model.keys import event_id
from tracker.model.page import Incident, IncidentUpdate, Snapshot
from tracker.model.page_state import UpdateDigest
from tracker.model.provider import Provider
from tracker.model.text_digest import text_digest, words_digest

#: An update is withdrawn once it is gone from so many changed answers in a row that still show its incident.
WITHDRAWN_AFTER = 3
#: Incidents whose texts are kept, the ones seen last; several times what a page shows.
MOST_INCIDENTS = 300
#: Withdrawn updates of an incident that are remembered, and texts of an update.
MOST_WITHDRAWN = 20
MOST_TEXTS = 16
#: Length of a digest that distinguishes the texts of one update.
_BEGINNING = 8
#: The digest of a withdrawn update.
_GONE = IncidentUpdate(id="", status="withdrawn")


#: Whether the provider's filters let something of an incident pass now.
Wants = Callable[[Incident, IncidentUpdate], bool]
#: By incident id, the one seen last at the end, then by update id.
UpdateDigests = Mapping[str, Mapping[str, UpdateDigest]]


def follow(
    provider: Provider, digests: UpdateDigests, snapshot: Snapshot, now: datetime, *, listing: Listing | None = None
) -> tuple[tuple[PendingEvent, ...], UpdateDigests]:
    """Compare texts of updates with their last digests; return edits, withdrawals and the new digests.

    `listing` are the page's components, where the snapshot does not hold all of them.
    """
    pending: list[PendingEvent] = []
    listing = listing or Listing(snapshot.components)
    wants = _filters(provider, snapshot, listing)
    entries = dict(digests)
    # Pages without a clock have been seen to cut what they show of an incident, those with one have not. What could
    # not be read may be there.
    shows_all = snapshot.updated_at is not None and not any(each.kind == "update" for each in snapshot.omissions)
    reads_otherwise = _reads_otherwise(digests, snapshot)
    for incident in snapshot.entries:
        known = entries.pop(incident.id, {})
        shown = {update.id: _shown(update, known.get(update.id)) for update in incident.updates}
        for update in incident.updates:
            before = known.get(update.id)
            if before is None or shown[update.id].edits == before.edits or (reads_otherwise and not before.words):
                continue
            if wants(incident, update):
                pending.append(_edited(provider, incident, update, before, now, listing))
        gone = _gone(known, shown, shows_all=shows_all)
        if wants(incident, _GONE):
            withdrawn = [each for each in gone if gone[each].withdrawals > known[each].withdrawals]
            pending += [_withdrawn(provider, incident, each, gone[each], now, listing) for each in sorted(withdrawn)]
        entries[incident.id] = {**shown, **_remembered(gone)}
    while len(entries) > MOST_INCIDENTS:
        del entries[next(iter(entries))]
    return tuple(piece for piece in pending if wants_kind(provider, piece.event.event)), entries


def _filters(provider: Provider, snapshot: Snapshot, listing: Listing) -> Wants:
    maintenances = {maintenance.id for maintenance in snapshot.maintenances}

    def wants(incident: Incident, update: IncidentUpdate) -> bool:
        return left_out_by(provider, incident, update, listing, maintenance=incident.id in maintenances) is None

    return wants


def _reads_otherwise(digests: UpdateDigests, snapshot: Snapshot) -> bool:
    """Return whether this version reads texts otherwise than the one before, rather than their vendor rewriting them.

    Of what a version before took down, only the digest to the letter is known.
    """
    found = [
        text_digest(update.body) == known.digest
        for incident in snapshot.entries
        for update in incident.updates
        if (known := digests.get(incident.id, {}).get(update.id)) and known.digest and not known.words and update.body
    ]
    others = found.count(False)
    return others > 1 and others > len(found) / 2


def _shown(update: IncidentUpdate, known: UpdateDigest | None) -> UpdateDigest:
    """Return the entry of an update that is shown; an empty text says nothing, some endpoints leave it out."""
    entry = replace(known, missing=0) if known else UpdateDigest()
    if not update.body:
        return entry
    digest = text_digest(update.body)
    if digest == entry.digest and entry.words:
        return entry
    words = words_digest(update.body)
    after = replace(entry, digest=digest, words=words)
    if entry.digest is None or words == entry.words:
        return after
    # A text that an earlier version kept may have been reported as an edit itself.
    earlier = entry.edited_to if entry.words else (entry.digest[:_BEGINNING],)
    if digest == entry.digest:
        return replace(after, edited_to=earlier)
    return replace(after, edits=entry.edits + 1, edited_to=(*earlier, digest[:_BEGINNING])[-MOST_TEXTS:])


def _gone(
    known: Mapping[str, UpdateDigest], shown: Mapping[str, UpdateDigest], *, shows_all: bool
) -> dict[str, UpdateDigest]:
    """Return the entries of updates that were known and are not shown, {} where nothing is to be made of that.

    Only where others stay is one missed. An incident without any update shows none today, and what shows the newest
    update alone, or re-times the only one, withdraws nothing.
    """
    absent = {update_id: entry for update_id, entry in known.items() if update_id not in shown}
    if not shown:
        return absent
    if not shows_all or not any(entry.missing < WITHDRAWN_AFTER for key, entry in known.items() if key in shown):
        return {}
    return {update_id: _missed(entry) for update_id, entry in absent.items()}


def _remembered(gone: Mapping[str, UpdateDigest]) -> dict[str, UpdateDigest]:
    """Return the entries without those withdrawn first, where they are too many."""
    withdrawn = [update_id for update_id, entry in gone.items() if entry.missing >= WITHDRAWN_AFTER]
    forgotten = withdrawn[:-MOST_WITHDRAWN]
    return {update_id: entry for update_id, entry in gone.items() if update_id not in forgotten}


def _missed(entry: UpdateDigest) -> UpdateDigest:
    if entry.missing >= WITHDRAWN_AFTER:
        return entry
    missing = entry.missing + 1
    return replace(entry, missing=missing, withdrawals=entry.withdrawals + (missing == WITHDRAWN_AFTER))


def _edited(
    provider: Provider,
    incident: Incident,
    update: IncidentUpdate,
    before: UpdateDigest,
    now: datetime,
    listing: Listing,
) -> PendingEvent:
    digest = text_digest(update.body)
    named = f"{event_id(provider.id, incident.id, update.id)}/edited/{digest}"
    if digest[:_BEGINNING] in before.edited_to or len(before.edited_to) >= MOST_TEXTS:
        # It had this text before, or may have had: the number distinguishes the two changes.
        named = f"{named}/{before.edits + 1}"
    event = update_event(EventKind.UPDATE_EDITED, named, provider, incident, update, now, listing=listing)
    return PendingEvent(event=replace(event, previous_digest=before.digest))


def _withdrawn(
    provider: Provider, incident: Incident, update_id: str, entry: UpdateDigest, now: datetime, listing: Listing
) -> PendingEvent:
    named = f"{event_id(provider.id, incident.id, update_id)}/withdrawn"
    if entry.withdrawals > 1:
        named = f"{named}/{entry.withdrawals}"
    gone = replace(_GONE, id=update_id)
    event = update_event(EventKind.UPDATE_WITHDRAWN, named, provider, incident, gone, now, listing=listing)
    return PendingEvent(event=replace(event, previous_digest=entry.digest))
