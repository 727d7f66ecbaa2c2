"""Merge the answers of one page, and find a change of meaning behind changed bytes."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from tracker.detection.decoding import decoded
from tracker.detection.stand_ins import give_way
from tracker.model.page import Component, ComponentStatus, Incident, IncidentUpdate, Mention, Omission, Reach, Snapshot

_Named = TypeVar("_Named", Incident, IncidentUpdate)
_ENCODER = msgspec.msgpack.Encoder()


def digest(body: bytes) -> str:
    """Return a short digest of an answer's body."""
    return hashlib.blake2b(body, digest_size=16).hexdigest()


def projection(snapshot: Snapshot) -> str:
    """Return a digest of an answer's meaning, components aside.

    Order and markup do not count. The page's own clock does: Statuspage moves it for every change anywhere on the
    page, also for one that only another endpoint shows; and so does when the page was built. Components are compared
    one by one with what is known (`components_changed`), since some platforms list a different part of them in every
    answer.
    """
    incidents = sorted(snapshot.incidents, key=lambda incident: incident.id)
    maintenances = sorted(snapshot.maintenances, key=lambda incident: incident.id)
    meaning = (snapshot.updated_at, snapshot.indicator, incidents, maintenances)
    # An answer without what was left out means something else than one that was left out of.
    left_out = (snapshot.omissions,) if snapshot.omissions else ()
    built = (snapshot.built,) if snapshot.built else ()
    codes = (snapshot.codes,) if snapshot.codes else ()
    return digest(_ENCODER.encode(meaning + left_out + built + codes))


def components_changed(known: Mapping[str, Component], snapshot: Snapshot) -> bool:
    """Return whether a component's status is not the known one, or a component is gone from a complete list."""
    if any(_status(known, component.id) != component.status for component in snapshot.components):
        return True
    listed = {component.id for component in snapshot.components}
    return lists_all_components(snapshot) and not known.keys() <= listed


def lists_all_components(snapshot: Snapshot) -> bool:
    """Return whether an answer holds all components, so that one that it lacks is gone."""
    has_list = bool(snapshot.components) or snapshot.components_listed
    left_out = any(omission.kind == "component" for omission in snapshot.omissions)
    return has_list and snapshot.components_complete and not left_out


def merged(primary: Snapshot, details: Iterable[Snapshot]) -> Snapshot:
    """Return one snapshot of several answers of one page.

    Incidents are joined by id and their updates by id, oldest first; what the primary answer says of an incident
    itself wins, unless a detail shows a later update. Of an update, the answer with the later clock wins. An update
    that any of them knows under another key is known under it. Components
    are the primary answer's, with a detail's status where it says none; where it lists none, they are a detail's.
    """
    answers = decoded((primary, *details))
    primary, *details = (give_way(answer, (each for each in answers if each is not answer)) for answer in answers)
    listing = next((answer for answer in (primary, *details) if answer.components or answer.components_listed), primary)
    names = {component.id: component.name for component in listing.components}
    primary, *details = (_with_names(answer, names) for answer in (primary, *details))
    incidents = {incident.id: incident for incident in primary.incidents}
    maintenances = {incident.id: incident for incident in primary.maintenances}
    for detail in details:
        behind = bool(detail.updated_at and primary.updated_at and detail.updated_at < primary.updated_at)
        _join(incidents, detail.incidents, behind=behind)
        _join(maintenances, detail.maintenances, behind=behind)
    answers = (primary, *details)
    return msgspec.structs.replace(
        primary,
        incidents=tuple(incidents.values()),
        maintenances=tuple(maintenances.values()),
        components=_with_statuses(listing.components, details),
        components_complete=listing.components_complete,
        components_listed=listing.components_listed,
        omissions=tuple(dict.fromkeys(_omissions(answers, listing.components))),
        former_keys=_all_keys(answer.former_keys for answer in answers),
        alias_keys=_all_keys(answer.alias_keys for answer in answers),
        incidents_reach=_farthest(answer.incidents_reach for answer in answers),
        maintenances_reach=_farthest(answer.maintenances_reach for answer in answers),
    )


def _with_names(snapshot: Snapshot, names: Mapping[str, str]) -> Snapshot:
    """Return a snapshot whose incidents name their components; components without a name are left out."""
    if not snapshot.components_by_id:
        return snapshot

    def named(reported: _Named) -> _Named:
        mentions = tuple(Mention(id=known, name=names[known]) for known in reported.components if known in names)
        components = tuple(dict.fromkeys(mention.name for mention in mentions))
        return msgspec.structs.replace(reported, components=components, mentions=mentions)

    def renamed(incident: Incident) -> Incident:
        return msgspec.structs.replace(named(incident), updates=tuple(map(named, incident.updates)))

    return msgspec.structs.replace(
        snapshot,
        incidents=tuple(map(renamed, snapshot.incidents)),
        maintenances=tuple(map(renamed, snapshot.maintenances)),
        components_by_id=False,
    )


def _all_keys(former: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, names in (pair for keys in former for pair in keys.items()):
        found[key] = tuple(dict.fromkeys((*found.get(key, ()), *names)))
    return found


def _omissions(answers: Iterable[Snapshot], components: tuple[Component, ...]) -> Iterator[Omission]:
    """Yield the omissions of several answers; of components, only those of the list that counts."""
    for answer in answers:
        counts = answer.components is components
        yield from (each for each in answer.omissions if each.kind != "component" or counts)


def _farthest(reaches: Iterable[Reach]) -> Reach:
    return max(reaches, key=[*Reach].index)


def says_nothing(snapshot: Snapshot) -> bool:
    """Return whether an answer has the right shape and nothing in it, not even the page's name or clock."""
    lists = (snapshot.incidents, snapshot.maintenances, snapshot.components, snapshot.omissions)
    return not any((snapshot.name, snapshot.updated_at, *lists))


def incident_ids(snapshot: Snapshot) -> frozenset[str]:
    """Return the ids of all incidents and maintenances that a snapshot shows."""
    return frozenset(incident.id for incident in snapshot.entries)


def known_components(known: Mapping[str, Component], snapshot: Snapshot) -> dict[str, Component]:
    """Return the components that are known after this snapshot, by id."""
    # The date of a change is reported with it and never compared.
    listed = {component.id: _undated(component) for component in snapshot.components}
    return listed if lists_all_components(snapshot) else {**known, **listed}


def _undated(component: Component) -> Component:
    unset = msgspec.UNSET
    return component if component.changed_at is unset else msgspec.structs.replace(component, changed_at=unset)


def _status(known: Mapping[str, Component], component_id: str) -> str | None:
    component = known.get(component_id)
    return component.status if component else None


def _with_statuses(components: tuple[Component, ...], details: list[Snapshot]) -> tuple[Component, ...]:
    reported = {component.id: component.status for detail in details for component in detail.components}
    return tuple(
        msgspec.structs.replace(component, status=reported[component.id])
        if component.status is ComponentStatus.UNKNOWN and component.id in reported
        else component
        for component in components
    )


def _join(known: dict[str, Incident], incidents: Iterable[Incident], *, behind: bool) -> None:
    for incident in incidents:
        other = known.get(incident.id)
        known[incident.id] = incident if other is None else _joined(other, incident, behind=behind)


def _joined(first: Incident, second: Incident, *, behind: bool) -> Incident:
    older, newer = (second, first) if behind else (first, second)
    updates = {update.id: update for update in older.updates}
    # An empty text says nothing, some endpoints leave it out.
    updates |= {update.id: update for update in newer.updates if update.body or update.id not in updates}
    ordered = tuple(sorted(updates.values(), key=update_order))
    newest, other = (second, first) if _newest(second) > _newest(first) else (first, second)
    naming = newest if newest.components else other
    return msgspec.structs.replace(
        newest,
        updates=ordered,
        link=first.link or newest.link,
        components=naming.components,
        mentions=naming.mentions,
        scheduled_for=newest.scheduled_for or other.scheduled_for,
        scheduled_until=newest.scheduled_until or other.scheduled_until,
    )


def update_order(update: IncidentUpdate) -> float:
    """Return the sort key that puts updates in published order, undated ones first."""
    return _timestamp(update.created_at)


def _newest(incident: Incident) -> float:
    return max((update_order(update) for update in incident.updates), default=float("-inf"))


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("-inf")
