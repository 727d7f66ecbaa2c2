"""A page that has moved, reported as one event: its incidents are known again under their new ids. Pure.

A new source gives everything new ids, and shows another part of the past. What it shows is compared with what is
remembered of the old one, by id, link, title and text, so that no old update is reported again and no new one is lost.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tracker.detection.keys import incident_key, update_key
from tracker.model.event import Event, EventKind, PendingEvent
from tracker.model.page import Component, ComponentStatus, Incident, IncidentUpdate, OpenIncident, Snapshot
from tracker.model.page_state import PageView, RecentIncident
from tracker.model.provider import FirstSight, Provider

#: Incidents that are remembered, the newest: as many as platforms show.
MOST_RECENT: Final = 50
#: Texts that are remembered of each, the newest.
_MOST_TEXTS: Final = 20
#: Updates of unknown incidents are reported if they were published so long before the old source's last answer.
GRACE: Final = timedelta(hours=24)
#: Sources round times to the minute.
ROUNDING: Final = timedelta(seconds=60)
#: Two incidents of one title or text are one if no more than this lies between them.
_SAME_WITHIN: Final = timedelta(hours=24)
#: Shorter texts are too common to identify an incident.
_DISTINCTIVE_LENGTH: Final = 20
_TEXT_READ: Final = 1000
_NAME_KEPT: Final = 120
_Rule = Callable[[RecentIncident, RecentIncident], bool]
_WORDS: Final = re.compile(r"[^\W_]+")


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """The knowledge of the old source, in the ids of the new one."""

    #: Keys that count as seen.
    seen: frozenset[str]
    view: PageView


def remembered(before: Iterable[RecentIncident], snapshot: Snapshot) -> tuple[RecentIncident, ...]:
    """Return the recent incidents of a page after this snapshot, the newest first."""
    recent = {known.id: known for known in before}
    for incident in snapshot.entries:
        recent[incident.id] = _recent(incident, recent.get(incident.id))
    # Those without a time come first: what shows no time shows little more than what is ongoing now.
    ordered = sorted(recent.values(), key=lambda known: -_timestamp(known.newest_at))
    return tuple(ordered[:MOST_RECENT])


def carried_over(
    provider: Provider, view: PageView, seen: frozenset[str], snapshot: Snapshot, last_read: datetime
) -> Carried:
    """Return the knowledge that holds for a new source; `last_read` is when the old one could be read last."""
    incidents = snapshot.entries
    matches = _matches(view.recent, incidents)
    known: set[str] = set()
    for incident in incidents:
        match = matches.get(incident.id)
        if match is None:
            reported = _reported_of_unknown(provider, view, incident, last_read)
        else:
            reported = _new_of(match, incident, last_read)
            known.add(incident_key(incident))
        known |= {update_key(incident, update) for update in incident.updates if update.id not in reported}
    new_ids = {match.id: incident_id for incident_id, match in matches.items()}
    components = _renamed_components(view.components, snapshot)
    return Carried(
        seen=frozenset(known - seen),
        # Whatever else was known is of things that are gone, under ids that mean nothing now.
        view=PageView(
            indicator=view.indicator,
            recent=view.recent,
            components={component_id: component for component_id, (_, component) in components.items()},
            falls_reported=tuple(
                component_id for component_id, (old_id, _) in components.items() if old_id in view.falls_reported
            ),
            components_complete=view.components_complete,
            named_components=view.named_components,
            named_regions=view.named_regions,
            open_incidents=_renamed(view.open_incidents, new_ids),
            open_maintenances=_renamed(view.open_maintenances, new_ids),
            planned_maintenances=_renamed(view.planned_maintenances, new_ids),
        ),
    )


def is_known_page(view: PageView, snapshot: Snapshot) -> bool:
    """Return whether a page at another address is the one that is known: by an incident or by a component."""
    return bool(_matches(view.recent, snapshot.entries) or _renamed_components(view.components, snapshot))


def moved(provider: Provider, before: str, after: str, revision: int, now: datetime) -> PendingEvent:
    """Return the event that a page moved; the sides are named like `Instatus at status.acme.example`."""
    event = Event(
        # The revision distinguishes one move from a later one to the same source.
        id=f"{provider.id}/{EventKind.PAGE_MOVED}/{revision}-{_digest(f'{before} {after}')}",
        event=EventKind.PAGE_MOVED,
        provider=provider.id,
        provider_name=provider.name,
        product=provider.name,
        status="moved",
        message=f"from {before} to {after}",
        seen_at=now,
    )
    return PendingEvent(event=event)


def _recent(incident: Incident, known: RecentIncident | None) -> RecentIncident:
    texts = dict.fromkeys((*(known.texts if known else ()), *filter(None, map(_text_digest, incident.updates))))
    times = sorted(update.created_at for update in incident.updates if update.created_at)
    if known and known.first_at:
        times = [known.first_at, *times]
    newest = max(filter(None, (known.newest_at if known else None, *times)), default=None)
    count = sum(1 for update in incident.updates if newest and _is_near(update, newest))
    if known and known.newest_at == newest:
        count = max(count, known.newest_count)
    return RecentIncident(
        id=incident.id,
        name=incident.name[:_NAME_KEPT],
        slug=_slug(incident.link),
        first_at=min(times, default=None),
        newest_at=newest,
        newest_count=count,
        texts=tuple(texts)[-_MOST_TEXTS:],
    )


def _reported_of_unknown(provider: Provider, view: PageView, incident: Incident, last_read: datetime) -> set[str]:
    """Return the ids of the updates to report of an incident that the old source never showed."""
    since: datetime | None = last_read
    if provider.first_sight is FirstSight.OPEN:
        since = last_read - GRACE
    elif provider.first_sight is FirstSight.ALL:
        # What is older than a full memory may have been forgotten, not unknown.
        oldest = view.recent[-1].newest_at if len(view.recent) >= MOST_RECENT else None
        since = min(oldest, last_read - GRACE) if oldest else None
    reported = {
        update.id
        for update in incident.updates
        if (since is None if update.created_at is None else since is None or update.created_at >= since)
    }
    if provider.first_sight is FirstSight.OPEN and incident.is_open and incident.updates:
        reported.add(incident.updates[-1].id)
    return reported


def _new_of(match: RecentIncident, incident: Incident, last_read: datetime) -> set[str]:
    """Return the ids of the updates that the old source did not show of an incident that it did."""
    newest = match.newest_at
    if newest is None and not match.texts:
        # All that is known of the incident is that it was there.
        return {update.id for update in incident.updates if update.created_at and update.created_at >= last_read}
    reported: set[str] = set()
    near: list[IncidentUpdate] = []
    for update in incident.updates:
        if newest is None or update.created_at is None:
            if (text := _text_digest(update)) and text not in match.texts:
                reported.add(update.id)
        elif _is_near(update, newest):
            near.append(update)
        elif update.created_at > newest:
            reported.add(update.id)
    # Within the minute by which times of two sources may differ the texts decide, if both sources have the same ones,
    # else how many updates there were.
    unknown = [update for update in near if _text_digest(update) not in match.texts]
    has_same_texts = any(_text_digest(update) in match.texts for update in incident.updates)
    by_text = {update.id for update in unknown if update.body and has_same_texts}
    by_number = [update.id for update in unknown if update.id not in by_text]
    return reported | by_text | {*by_number[max(0, match.newest_count - (len(near) - len(unknown))) :]}


def _matches(recent: tuple[RecentIncident, ...], incidents: Iterable[Incident]) -> dict[str, RecentIncident]:
    """Return the remembered incident of each new id; each is matched once, the surest first."""
    matches: dict[str, RecentIncident] = {}
    free = {known.id: known for known in recent}
    shown = {incident.id: _recent(incident, None) for incident in incidents}
    for rule in _rules(recent, incidents):
        pairs = [(known, new) for new in shown.values() if new.id not in matches for known in free.values()]
        for known, new in sorted((pair for pair in pairs if rule(*pair)), key=lambda pair: _unlikeness(*pair)):
            if known.id in free and new.id not in matches:
                matches[new.id] = free.pop(known.id)
    return matches


def _rules(recent: Iterable[RecentIncident], incidents: Iterable[Incident]) -> Iterator[_Rule]:
    """Yield the rules by which a remembered incident and a new one are the same, the surest first."""
    old_slugs = Counter(known.slug for known in recent)
    new_slugs = Counter(_slug(incident.link) for incident in incidents)
    old_texts = Counter(text for known in recent for text in known.texts)
    texts_of = {incident.id: {*_distinctive_texts(incident)} for incident in incidents}
    new_texts = Counter(text for texts in texts_of.values() for text in texts)

    def same_link(known: RecentIncident, new: RecentIncident) -> bool:
        # A link that several incidents share is the page's, not an incident's.
        linked = known.slug == new.slug != "" and old_slugs[known.slug] == new_slugs[new.slug] == 1
        return linked or known.id == new.slug or known.slug == new.id

    def same_title(known: RecentIncident, new: RecentIncident) -> bool:
        return folded(known.name) == folded(new.name) != "" and _apart(known, new) <= _SAME_WITHIN

    def same_text(known: RecentIncident, new: RecentIncident) -> bool:
        # Many incidents share "This incident has been resolved."
        shared = texts_of[new.id].intersection(known.texts)
        return any(old_texts[text] == new_texts[text] == 1 for text in shared) and _apart(known, new) <= _SAME_WITHIN

    yield lambda known, new: known.id == new.id
    yield same_link
    yield same_title
    yield same_text


def _unlikeness(known: RecentIncident, new: RecentIncident) -> tuple[bool, timedelta, timedelta]:
    """Return the sort key that puts the likeliest of several pairs first."""
    begun = abs(known.first_at - new.first_at) if known.first_at and new.first_at else timedelta()
    return set(known.texts).isdisjoint(new.texts), _apart(known, new), begun


def _apart(one: RecentIncident, other: RecentIncident) -> timedelta:
    """Return the time between two incidents, zero where they overlap or a time is not known."""
    if not (one.first_at and one.newest_at and other.first_at and other.newest_at):
        return timedelta()
    return max(timedelta(), one.first_at - other.newest_at, other.first_at - one.newest_at)


def _renamed(open_now: Iterable[OpenIncident], new_ids: Mapping[str, str]) -> tuple[OpenIncident, ...]:
    return tuple(
        msgspec.structs.replace(incident, id=new_ids[incident.id]) for incident in open_now if incident.id in new_ids
    )


def _renamed_components(known: Mapping[str, Component], snapshot: Snapshot) -> dict[str, tuple[str, Component]]:
    """Return by new id the known components of the same group and name, or just name, each with its old id."""
    by_group = _unique(known.values(), lambda part: (folded(part.group or ""), folded(part.name)))
    by_name = _unique(known.values(), lambda part: folded(part.name))
    same_names = Counter(folded(part.name) for part in snapshot.components)
    renamed: dict[str, tuple[str, Component]] = {}
    for part in snapshot.components:
        name = folded(part.name)
        before = known.get(part.id) or by_group.get((folded(part.group or ""), name))
        if before is None and same_names[name] == 1:
            before = by_name.get(name)
        if before is not None:
            # That a source does not say the status of a component is no change of it.
            status = part.status if part.status is ComponentStatus.UNKNOWN else before.status
            renamed[part.id] = (before.id, msgspec.structs.replace(before, id=part.id, status=status))
    return renamed


def _unique(
    components: Iterable[Component], key: Callable[[Component], str | tuple[str, str]]
) -> dict[str | tuple[str, str], Component]:
    found: dict[str | tuple[str, str], list[Component]] = {}
    for part in components:
        found.setdefault(key(part), []).append(part)
    return {name: parts[0] for name, parts in found.items() if len(parts) == 1}


def folded(text: str) -> str:
    """Return the form that two spellings of one text share: no case, blanks or punctuation."""
    return "".join(_WORDS.findall(text[:_TEXT_READ].casefold()))


def _distinctive_texts(incident: Incident) -> Iterator[str]:
    for update in incident.updates:
        if len(update.body) > _DISTINCTIVE_LENGTH and (text := _text_digest(update)):
            yield text


def _text_digest(update: IncidentUpdate) -> str:
    """Return a short digest of an update's text, "" where it says nothing."""
    words = folded(update.body)
    return _digest(words) if words else ""


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _slug(link: str | None) -> str:
    try:
        return urlsplit(link or "").path.rstrip("/").rpartition("/")[2]
    except ValueError:
        return ""


def _is_near(update: IncidentUpdate, moment: datetime) -> bool:
    return update.created_at is not None and abs(update.created_at - moment) <= ROUNDING


def _timestamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("inf")
