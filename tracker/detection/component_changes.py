"""Changes of components: new statuses, and broken components that leave a complete list. Pure.

A component is known by its id, and one that was recreated, by the name, group and region of the one that it takes the
place of, or by name and region where it has another group. One that leaves while it does not work is over after two
whole lists without it; the leaving of any other is not reported.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from tracker.detection.snapshots import known_components, lists_all_components
from tracker.model.component_names import labels
from tracker.model.event import Event, EventKind, PendingEvent
from tracker.model.filters import wants_change
from tracker.model.page import Component, ComponentStatus, Snapshot
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight, Provider

#: How many components that are no longer listed are remembered: a list flickers by a few.
MOST_GONE: Final = 200
_FINE: Final = frozenset({ComponentStatus.OPERATIONAL, ComponentStatus.UNKNOWN})
_UNKNOWN: Final = frozenset({ComponentStatus.UNKNOWN})


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    """A component with another status."""

    component: Component
    #: The status before, None for a component that was not known.
    before: ComponentStatus | None
    #: Whether it has left the list.
    has_left: bool = False


class KnownComponents(msgspec.Struct, frozen=True, kw_only=True):
    """The knowledge of a page's components after an answer."""

    #: Those that are listed, by id.
    listed: dict[str, Component]
    #: Those that were listed once and are not any more, by id, the one that went last at the end.
    gone: dict[str, Component]
    #: Ids of those that did not work and that a whole list lacks for the first time.
    missing: tuple[str, ...] = ()
    #: Ids of those whose fall was reported and whose return was not yet.
    falls_reported: tuple[str, ...] = ()
    #: Whether something is missing that was not at the answer before.
    is_new: bool = False
    #: The events to report.
    changes: tuple[StatusChange, ...] = ()


def compared(provider: Provider, view: PageView, snapshot: Snapshot, *, seeded: bool) -> KnownComponents:
    """Compare the components of an answer with those that were known."""
    listed = known_components(view.components, snapshot)
    before, fallen = _inherited(view, snapshot, listed)
    is_suppressed = not seeded and provider.first_sight is FirstSight.SILENT
    reported = [
        change
        for change in _changed(provider, before, fallen, snapshot)
        if not (is_suppressed and change.component.id not in before)
    ]
    gone = {key: known for key, known in before.items() if key not in listed}
    missing = before.keys() & view.missing_components & gone.keys()
    is_new = False
    if lists_all_components(snapshot):
        lost = {key for key, known in gone.items() if key in view.components and known.status not in _FINE}
        over, missing, is_new = missing, lost - missing, bool(lost - missing)
        for key in sorted(over):
            left = replace(gone[key], status=ComponentStatus.OPERATIONAL)
            if wants_change(provider, left, gone[key].status, fall_was_reported=key in fallen):
                reported.append(StatusChange(component=left, before=gone[key].status, has_left=True))
            gone[key] = left
    fallen |= {change.component.id for change in reported}
    known = {**gone, **listed}
    return KnownComponents(
        listed=listed,
        gone=dict(list(gone.items())[-MOST_GONE:]),
        missing=tuple(sorted(missing)),
        falls_reported=tuple(
            key for key, one in known.items() if key in fallen and one.status is not ComponentStatus.OPERATIONAL
        ),
        is_new=is_new,
        changes=tuple(reported),
    )


def component_events(
    provider: Provider, components: KnownComponents, stamp: str, now: datetime
) -> Iterator[PendingEvent]:
    """Return the events of what changed; `stamp` distinguishes these changes from all others."""
    changed = {change.component.id: change.component for change in components.changes}
    called = labels((changed | components.listed).values())
    # Some platforms list components in another order each time.
    for change in sorted(
        components.changes, key=lambda each: (called[each.component.id].casefold(), each.component.id)
    ):
        component = change.component
        was = f"was {change.before.replace('_', ' ')}" if change.before else None
        event = Event(
            id=f"{provider.id}/component/{component.id}/{stamp}",
            event=EventKind.COMPONENT_STATUS_CHANGE,
            provider=provider.id,
            provider_name=provider.name,
            product=provider.product((called[component.id],)),
            status=component.status,
            message=f"no longer listed, {was}" if change.has_left else was,
            components=(component.name,),
            published_at=None if component.changed_at is msgspec.UNSET else component.changed_at,
            seen_at=now,
            regions=(component.region,) if component.region else (),
        )
        yield PendingEvent(event=event)


def _inherited(
    view: PageView, snapshot: Snapshot, listed: Mapping[str, Component]
) -> tuple[dict[str, Component], set[str]]:
    """Return all known components by the ids that they have now, the ones listed last at the end, and those that fell.

    An id that no whole list holds any more and an unknown one of the same name, group and region are one component, and
    so are two of one name and region where the group is another one by now.
    """
    known = {**view.gone_components, **view.components}
    if not lists_all_components(snapshot):
        return known, set(view.falls_reported)
    left = [one for one in known.values() if one.id not in listed]
    made = [one for one in snapshot.components if one.id not in known]
    renamed: dict[str, str] = {}
    for called in (_place, _name):
        found = _heirs(left, made, listed.values(), called)
        renamed |= found
        left = [one for one in left if one.id not in found]
        made = [one for one in made if one.id not in found.values()]
    before = {renamed.get(key, key): replace(one, id=renamed.get(key, key)) for key, one in known.items()}
    return before, {renamed.get(key, key) for key in view.falls_reported}


def _heirs(
    left: Collection[Component],
    made: Iterable[Component],
    listed: Iterable[Component],
    called: Callable[[Component], Hashable],
) -> dict[str, str]:
    """Return by the id of what has left that of what took its place, where it alone is called so, then and now."""
    shown, lost = Counter(map(called, listed)), Counter(map(called, left))
    heirs = {called(one): one.id for one in made if shown[called(one)] == lost[called(one)] == 1}
    return {one.id: heirs[called(one)] for one in left if called(one) in heirs}


def _place(component: Component) -> tuple[str, str | None, str | None]:
    return component.name, component.group, component.region


def _name(component: Component) -> tuple[str, str | None]:
    return component.name, component.region


def _changed(
    provider: Provider, before: Mapping[str, Component], fallen: set[str], snapshot: Snapshot
) -> Iterator[StatusChange]:
    """Yield the listed components whose change is reported."""
    for component in snapshot.components:
        known, fall_was_reported = before.get(component.id), component.id in fallen
        # A new component, or one of unknown status, is reported only if it does not work.
        expected = {known.status} if known else {ComponentStatus.UNKNOWN}
        if expected == _UNKNOWN and not fall_was_reported:
            expected.add(ComponentStatus.OPERATIONAL)
        was = known.status if known else None
        if component.status not in expected and wants_change(
            provider, component, was, fall_was_reported=fall_was_reported
        ):
            yield StatusChange(component=component, before=was)
