"""Decide which changes are new, from values alone: without clock, network or store.

An update is new when its key is not in the provider's seen-set; a component when its status is not the known one
(`tracker.detection.component_changes`). The first sight of a page is a baseline: by default only what is ongoing right
now is reported. Changes that a page shows without posting them (`tracker.detection.unposted`) are reported after its
posts.
"""

from datetime import datetime

import msgspec

from tracker.detection.comparison import Before, Comparison, compare
from tracker.detection.component_changes import component_events
from tracker.detection.keys import incident_key
from tracker.detection.page_view import Compared, view_after
from tracker.detection.reportable import filtered, is_reported, update_events
from tracker.detection.unposted import unposted, unposted_events
from tracker.model.event import PendingEvent
from tracker.model.filters import wants_kind
from tracker.model.page import Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import Provider


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """The changes that one snapshot brings."""

    #: In published order within an incident.
    pending: tuple[PendingEvent, ...] = ()
    #: Keys that count as seen from now on without being reported.
    seen: tuple[str, ...] = ()
    view: PageView
    #: Keys of updates whose status is reported again, their text with it.
    restated: frozenset[str] = frozenset()
    #: Whether the next answer has to be read whatever it says, since it decides about something that this one showed.
    is_open_question: bool = False


def changes(provider: Provider, before: Before, snapshot: Snapshot, now: datetime) -> Changes:
    """Compare a snapshot with the known page, and return the changes."""
    found = compare(provider, before, snapshot, now)
    unseen = filtered(found)
    reported = tuple(posted for posted in unseen.wanted if is_reported(found, posted))
    meant = unposted(found)
    followed = before.seen | {posted.incident_key for posted in reported}
    derived, passed_unposted = unposted_events(found, meant.updates, followed)
    events = (
        *update_events(found, reported),
        *derived,
        *component_events(provider, found.components, _stamp(found), now),
    )
    pending = tuple(each for each in events if wants_kind(provider, each.event.event))
    passed = unseen.passed | passed_unposted
    suppressed = {*passed, *(posted.key for posted in found.new_updates)} - {each.key for each in pending}
    is_undecided = bool(meant.absence.missing - meant.absence.unjudged or meant.doubted or found.components.is_new)
    ever_passed = before.seen | passed
    result = Compared(
        open_ids=before.open_ids,
        absence=meant.absence,
        components=found.components,
        followed=frozenset(key for key, entry in found.entries.items() if incident_key(entry) in ever_passed),
        traces=meant.traces,
        doubted=meant.doubted,
    )
    return Changes(
        pending=pending,
        seen=tuple(sorted(suppressed - before.seen)),
        view=view_after(before.view, snapshot, result),
        restated=meant.restated,
        is_open_question=is_undecided,
    )


def _stamp(found: Comparison) -> str:
    """Return a text that distinguishes these component changes from all others.

    The revision differs between two changes, the time from changes before the data server was emptied.
    """
    return f"{found.before.revision}-{(found.snapshot.updated_at or found.now).timestamp():.0f}"
