"""Inferred changes: a status, an impact, a title or a window that changed without an update. Pure.

Each becomes an update of its own, one for all that changed at once. Where a new update comes along with a change, that
update reports it, except for a status that no new update has.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from msgspec.structs import replace

from tracker.detection.traces import numbered, reported_status, trace_of
from tracker.model.page import CLOSED_STATUSES, Impact, Incident, IncidentUpdate, OpenIncident
from tracker.model.page_state import Trace

#: Windows that differ by less are the same one.
_SAME_WINDOW: Final = timedelta(minutes=1)
#: Statuses that say nothing.
_UNKNOWN: Final = "unknown"
_WORDLESS: Final = frozenset({_UNKNOWN, "update"})


class KnownIncident(msgspec.Struct, frozen=True, kw_only=True):
    """The knowledge that an incident is compared with."""

    #: None for one that was not seen before.
    trace: Trace | None
    #: The former entry of the view, if it was ongoing or planned.
    going_on: OpenIncident | None
    #: Its updates that were not seen before.
    unseen: tuple[IncidentUpdate, ...] = ()
    #: Whether it is ongoing or planned now.
    goes_on: bool
    is_maintenance: bool
    #: Whether the page has a clock, which proves that the answer is not older than the one before.
    has_clock: bool
    #: Whether the answer before showed it in an earlier state, too.
    was_doubted: bool


class Inferred(msgspec.Struct, frozen=True, kw_only=True):
    """The changes in an incident's entry that its updates do not announce."""

    #: The new entry of the view.
    trace: Trace | None
    #: The event to report; None for none.
    update: IncidentUpdate | None = None
    #: The id of a vendor's update whose status has changed, as `update` reports.
    restated: str | None = None
    #: Whether it may be an earlier state of the page, so that the next answer decides.
    is_doubtful: bool = False


def goes_on(incident: Incident, open_ids: Collection[str] | None) -> bool:
    """Return whether an incident is ongoing now.

    `open_ids` are the ids in the answer that lists all that is ongoing or planned and nothing else, None where no
    answer does. Where one does, what it does not list is over, and what it lists goes on even with an unknown status.
    """
    if open_ids is None:
        return incident.is_open
    return incident.id in open_ids and incident.status not in CLOSED_STATUSES and not is_planned(incident, open_ids)


def is_planned(incident: Incident, open_ids: Collection[str] | None) -> bool:
    """Return whether it is a maintenance that has not begun."""
    return incident.status == "scheduled" and (open_ids is None or incident.id in open_ids)


def first_update(incident: Incident) -> IncidentUpdate:
    """Return the update that announces an incident which shows none."""
    return IncidentUpdate(id=f"status/{incident.status}", status=incident.status)


def inferred(incident: Incident, known: KnownIncident) -> Inferred:
    """Compare an incident with its earlier state."""
    trace = known.trace
    if trace is None:
        return _first_seen(incident, known)
    status, restated = (None, None) if known.unseen else _new_status(incident, known, trace)
    if status is not None and not known.has_clock and _has_lost_its_newest(incident, trace) and not known.was_doubted:
        return Inferred(trace=trace, is_doubtful=True)
    if known.unseen:
        status = _unsaid_status(incident, trace, known.unseen)
    reported = status or (_status_after(incident, trace, known.unseen) if known.unseen else reported_status(trace))
    after = trace_of(incident, trace, reported=reported)
    parts = () if known.unseen else tuple(_changes(incident, known))
    if status is None and not parts:
        # An incident that does not follow its newest update may be behind it, or may have been set by hand.
        is_behind = incident.updates[-1:] == known.unseen[-1:] != () and _is_contradicted(incident, reported)
        return Inferred(trace=after, is_doubtful=is_behind)
    name = f"status/{status}" if status else parts[0][0]
    update_id, after = numbered(after, name)
    said = [message for _, message in parts]
    if status and not said and restated and restated.body:
        said = [restated.body]
    elif status and not known.unseen:
        again = "listed again, " if trace.is_absent else ""
        said = [f"{again}was {reported_status(trace).replace('_', ' ')}", *said]
    update = IncidentUpdate(id=update_id, status=status or incident.status, body="; ".join(said))
    return Inferred(trace=after, update=update, restated=restated.id if restated else None)


def after_updates(trace: Trace, updates: Sequence[IncidentUpdate]) -> Trace:
    """Return the trace of an incident after updates, oldest first, that an answer older than the trace has brought."""
    said = [update.status for update in updates if update.status not in _WORDLESS]
    return replace(trace, reported=said[-1]) if said else trace


def _first_seen(incident: Incident, known: KnownIncident) -> Inferred:
    trace = trace_of(incident, None, reported=incident.status)
    if known.unseen and not incident.updates:
        # Announced by an update that no vendor posted.
        return Inferred(trace=numbered(trace, known.unseen[0].id)[1])
    before = None if known.unseen else known.going_on
    if before is not None and _is_over(incident.status):
        # The record alone knows that it went on: the data server has lost its data since.
        update_id, trace = numbered(trace, f"status/{incident.status}")
        body = f"was {before.status.replace('_', ' ')}"
        return Inferred(trace=trace, update=IncidentUpdate(id=update_id, status=incident.status, body=body))
    moved = None if before is None else _window_change(incident, known)
    if moved is None:
        return Inferred(trace=trace)
    update_id, trace = numbered(trace, moved[0])
    return Inferred(trace=trace, update=IncidentUpdate(id=update_id, status=incident.status, body=moved[1]))


def _new_status(incident: Incident, known: KnownIncident, trace: Trace) -> tuple[str | None, IncidentUpdate | None]:
    """Return the status that an incident has without a new update, and the update that has it, if any."""
    newest = incident.updates[-1] if incident.updates else None
    corrected = newest if newest and newest.id == trace.update_id and newest.status != trace.update_status else None
    restated = corrected if corrected and corrected.status not in _WORDLESS else None
    status = None
    if incident.status not in (trace.status, _UNKNOWN):
        status = incident.status
        restated = restated if restated and restated.status == status else None
    elif restated:
        status = restated.status
    elif known.was_doubted and _is_contradicted(incident, reported_status(trace)):
        status = incident.status
    if trace.is_absent and known.goes_on:
        return status or incident.status, restated
    if status is None or status == reported_status(trace):
        return None, None
    return status, restated


def _unsaid_status(incident: Incident, trace: Trace, unseen: tuple[IncidentUpdate, ...]) -> str | None:
    """Return the status that an incident has been given along with new updates of which none says it."""
    status, said = incident.status, {update.status for update in unseen}
    if status in said or status in (trace.status, reported_status(trace), _UNKNOWN):
        return None
    return status if _is_over(status) != _is_over(reported_status(trace)) or not said <= _WORDLESS else None


def _is_contradicted(incident: Incident, reported: str) -> bool:
    """Return whether an incident goes on that was reported to be over, or the other way round."""
    return incident.status != _UNKNOWN and _is_over(incident.status) != _is_over(reported)


def _is_over(status: str) -> bool:
    return status in CLOSED_STATUSES


def _status_after(incident: Incident, trace: Trace, unseen: tuple[IncidentUpdate, ...]) -> str:
    """Return the status that was reported last once the new updates are."""
    said = [update.status for update in unseen if update.status not in _WORDLESS]
    if incident.status in said or not said:
        return incident.status if incident.status != _UNKNOWN else reported_status(trace)
    return said[-1]


def _has_lost_its_newest(incident: Incident, trace: Trace) -> bool:
    """Return whether an incident does not show the update that was its newest."""
    return trace.update_id is not None and all(update.id != trace.update_id for update in incident.updates)


def _changes(incident: Incident, known: KnownIncident) -> Iterator[tuple[str, str]]:
    """Yield the changes of an ongoing incident's window, impact and title, each as its name and a sentence."""
    before, trace = known.going_on, known.trace
    if before is None or trace is None or incident.status in CLOSED_STATUSES:
        return
    if moved := _window_change(incident, known):
        yield moved
    was, now = trace.impact, incident.impact
    if was is Impact.MAINTENANCE and now not in (None, was):
        yield f"impact/{now}", f"no longer a maintenance, impact now {now}"
    elif now not in (None, was) and now is not Impact.MAINTENANCE:
        yield f"impact/{now}", f"impact now {now}" + (f", was {was}" if was else "")
    # A page that leaves out a title shows the id in its place.
    if incident.name != before.name and incident.id not in (incident.name, before.name):
        digest = hashlib.sha256(incident.name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        yield f"title/{digest}", f"now titled “{incident.name}”, was “{before.name}”"


def _window_change(incident: Incident, known: KnownIncident) -> tuple[str, str] | None:
    before = known.going_on
    if before is None or not known.is_maintenance or incident.status in CLOSED_STATUSES:
        return None
    begin_moved = _differ(before.scheduled_for, incident.scheduled_for)
    if not begin_moved and not _differ(before.scheduled_until, incident.scheduled_until):
        return None
    window = f"{_compact(incident.scheduled_for)}-{_compact(incident.scheduled_until)}"
    return f"window/{window}", _moved(before, incident) if begin_moved else _extended(before, incident)


def _differ(one: datetime | None, other: datetime | None) -> bool:
    """Return whether a time is another one; a page that stops to say it moves nothing."""
    return one is not None and other is not None and abs(one - other) >= _SAME_WINDOW


def _extended(before: OpenIncident, after: Incident) -> str:
    was, now = before.scheduled_until, after.scheduled_until
    return f"now until {_said(now)} UTC, was until {_said(was, beside=now)} UTC"


def _moved(before: OpenIncident, after: Incident) -> str:
    now = _window(after.scheduled_for, after.scheduled_until or before.scheduled_until)
    return f"now {now}, was {_window(before.scheduled_for, before.scheduled_until)}"


def _window(begin: datetime | None, end: datetime | None) -> str:
    until = f" until {_said(end, beside=begin)}" if end else ""
    return f"from {_said(begin)}{until} UTC"


def _said(moment: datetime | None, beside: datetime | None = None) -> str:
    """Return a time of UTC for people, without the day where the time beside it has the same."""
    if moment is None:
        return "an unknown time"
    same_day = beside is not None and moment.astimezone(UTC).date() == beside.astimezone(UTC).date()
    return f"{moment.astimezone(UTC):%H:%M}" if same_day else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _compact(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%MZ}" if moment else ""
