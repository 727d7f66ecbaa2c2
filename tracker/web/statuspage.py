"""Our knowledge in the shape of Statuspage's API v2, which many clients read. Pure.

The shape has no word for unknown. A provider that cannot be read is a component that says so, with an extra key. A
request for that provider alone gets no document at all, since any would mean "all is well".
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tracker.assessment import State
from tracker.history import FeedItem, IncidentLedger, RecordedIncident
from tracker.model.event import EventKind
from tracker.model.page import CLOSED_STATUSES, Component, ComponentStatus, Impact
from tracker.web.now import PageNow
from tracker.web.plain import link_of, text_of, title_of

_COMPONENTS: Final = {
    State.OPERATIONAL: "operational",
    State.MINOR: "degraded_performance",
    State.MAJOR: "partial_outage",
    State.CRITICAL: "major_outage",
    State.MAINTENANCE: "under_maintenance",
    State.UNKNOWN: "degraded_performance",
    State.NOT_ASKED: "degraded_performance",
}
_OF_INCIDENTS: Final = frozenset({"investigating", "identified", "monitoring", "resolved", "postmortem"})
_OF_MAINTENANCES: Final = frozenset({"scheduled", "in_progress", "verifying", "completed"})
_POSTED: Final = frozenset({EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE})

Json = dict[str, Any]


class StatusScope(msgspec.Struct, frozen=True, kw_only=True):
    """The subject of a status: all providers, those of a group, or one with its own components."""

    id: str
    name: str
    url: str
    pages: tuple[PageNow, ...]
    is_single: bool = False
    #: When something about it changed last.
    updated_at: datetime


def page(scope: StatusScope) -> Json:
    """Return the page's description."""
    return {
        "id": scope.id,
        "name": title_of(scope.name),
        "url": scope.url,
        "time_zone": "Etc/UTC",
        "updated_at": _time(scope.updated_at),
    }


def status(scope: StatusScope) -> Json:
    """Return the overall state in words and as an indicator."""
    states = [known.assessment.state for known in scope.pages]
    problems = sum(state.is_problem for state in states)
    unasked, unknown = states.count(State.NOT_ASKED), states.count(State.UNKNOWN)
    said = []
    if problems:
        said.append(f"{problems} of {len(states)} providers with problems" if not scope.is_single else "Problems")
    if unknown:
        said.append(f"{unknown} of {len(states)} providers not readable: their state is unknown")
    if unasked:
        said.append(f"{unasked} of {len(states)} providers not asked yet")
    if not said and State.MAINTENANCE in states:
        said.append("Maintenance")
    worst = min((state for state in states if state.is_problem), key=lambda state: state.rank, default=None)
    indicator = worst.value if worst else "minor" if unknown or unasked else "none"
    return {"indicator": indicator, "description": "; ".join(said) or "All Systems Operational"}


def components(scope: StatusScope) -> list[Json]:
    """Return a component for each provider, or the components of the only provider."""
    if scope.is_single:
        return [
            _component(scope, component.id, component.name, component.status.value, number, component.changed_at)
            for number, component in enumerate(_listed(scope.pages[0]), 1)
        ]
    return [_provider(scope, known, number) for number, known in enumerate(scope.pages, 1)]


def incidents(scope: StatusScope, ledgers: Iterable[IncidentLedger]) -> list[Json]:
    """Return incidents or maintenances with their updates, the newest first."""
    by_provider = {known.provider.id: known for known in scope.pages}
    return [_incident(scope, ledger, by_provider) for ledger in ledgers]


def identity(*parts: str) -> str:
    """Return a stable id of a few letters that any client takes."""
    return hashlib.blake2b("/".join(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _listed(known: PageNow) -> Sequence[Component]:
    return [component for component in known.view.known_statuses if component.status is not ComponentStatus.UNKNOWN]


def _provider(scope: StatusScope, known: PageNow, position: int) -> Json:
    found, provider = known.assessment, known.provider
    name = provider.name
    if found.state is State.NOT_ASKED:
        name = f"{name} (not asked yet)"
    elif found.state is State.UNKNOWN:
        since = f"since {found.read_at:%Y-%m-%d %H:%M} UTC" if found.read_at else "so far"
        name = f"{name} (not readable {since})"
    component = _component(scope, provider.id, name, _COMPONENTS[found.state], position, known.changed_at)
    component["description"] = title_of(found.evidence) or None
    if not found.state.is_known:
        component["unknown"] = True
    return component


def _component(
    scope: StatusScope, id_: str, name: str, word: str, position: int, changed_at: datetime | msgspec.UnsetType | None
) -> Json:
    moment = changed_at if isinstance(changed_at, datetime) else scope.updated_at
    return {
        "id": id_,
        "name": title_of(name),
        "status": word,
        "created_at": _time(moment),
        "updated_at": _time(moment),
        "position": position,
        "description": None,
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": scope.id,
        "group": False,
        "only_show_if_degraded": False,
    }


def _incident(scope: StatusScope, ledger: IncidentLedger, pages: Mapping[str, PageNow]) -> Json:
    incident = ledger.incident
    known = pages.get(incident.provider)
    id_ = identity(incident.provider, incident.incident_id)
    updates = [_update(incident, entry.item, id_) for entry in ledger.entries if entry.item.event.event in _POSTED]
    name = incident.title if scope.is_single else f"{incident.provider_name}: {incident.title}"
    shown: Json = {
        "id": id_,
        "name": title_of(name),
        "status": _word(incident),
        "created_at": _time(incident.began_at),
        "updated_at": _time(incident.updated_at),
        "monitoring_at": None,
        "resolved_at": _time(incident.ended_at) if incident.ended_at else None,
        "impact": _impact(incident),
        "shortlink": link_of(incident.link) or scope.url,
        "started_at": _time(incident.began_at),
        "page_id": scope.id,
        "incident_updates": updates[::-1],
        "components": _affected(scope, incident, known),
        "reminder_intervals": None,
    }
    if incident.is_maintenance:
        window = incident.window
        starts_at = window.starts_at if window and window.starts_at else incident.began_at
        shown["scheduled_for"] = _time(starts_at)
        shown["scheduled_until"] = _time(window.ends_at if window and window.ends_at else starts_at)
    return shown


def _affected(scope: StatusScope, incident: RecordedIncident, known: PageNow | None) -> list[Json]:
    if known is None:
        return []
    if not scope.is_single:
        return [component for component in components(scope) if component["id"] == incident.provider]
    named = {name.casefold() for name in incident.components}
    return [component for component in components(scope) if component["name"].casefold() in named]


def _update(incident: RecordedIncident, item: FeedItem, incident_id: str) -> Json:
    event = item.event
    moment = _time(event.published_at or event.seen_at)
    return {
        "id": identity(event.id),
        "status": _known(event.status, is_maintenance=incident.is_maintenance),
        "body": text_of(event.message),
        "incident_id": incident_id,
        "created_at": moment,
        "updated_at": moment,
        "display_at": moment,
        "affected_components": [],
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _word(incident: RecordedIncident) -> str:
    return _known(incident.status, is_maintenance=incident.is_maintenance)


def _known(word: str, *, is_maintenance: bool) -> str:
    """Return the word of Statuspage for a status; another status becomes a word that says whether it is over."""
    known = _OF_MAINTENANCES if is_maintenance else _OF_INCIDENTS
    if word in known:
        return word
    is_over = word in CLOSED_STATUSES
    if is_maintenance:
        return "completed" if is_over else "in_progress"
    return "resolved" if is_over else "investigating"


def _impact(incident: RecordedIncident) -> str:
    if incident.is_maintenance:
        return Impact.MAINTENANCE.value
    return (incident.impact or Impact.MINOR).value


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
