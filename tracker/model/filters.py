"""The filters of a provider: which events of its page are reported. Pure.

A filter decides what is reported, never what is read or remembered. `components`, `regions` and `events` list what
passes and, behind a `!`, what does not: an exclusion wins, order does not matter, and a list of exclusions alone lets
all others pass.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from tracker.model.component_names import (
    Listing,
    alike,
    component_spellings,
    mention_spellings,
    mentions,
    name_spellings,
)
from tracker.model.event import EventKind
from tracker.model.page import (
    SEVERITIES,
    Component,
    ComponentStatus,
    Impact,
    Incident,
    IncidentUpdate,
    Mention,
    Snapshot,
)
from tracker.model.page_state import COMPONENT_IMPACT, PageView
from tracker.model.plain import printable_line
from tracker.model.provider import Provider

#: The prefix of an exclusion.
EXCLUDES: Final = "!"
#: Kinds of events about the page itself, which only an exclusion leaves out.
_OF_THE_PAGE: Final = "page_"
#: The most names in a sentence, and the most characters of each.
_NAMED, _LONGEST_NAME = 5, 40


def passes(patterns: Collection[str], matches: Callable[[str], bool]) -> bool:
    """Return whether a list of includes and exclusions lets something pass; `matches` compares it with one pattern."""
    includes = [pattern for pattern in patterns if not pattern.startswith(EXCLUDES)]
    if any(matches(pattern[len(EXCLUDES) :]) for pattern in patterns if pattern.startswith(EXCLUDES)):
        return False
    return not includes or any(map(matches, includes))


def left_out_by(
    provider: Provider,
    incident: Incident,
    update: IncidentUpdate,
    listing: Listing,
    *,
    maintenance: bool,
    followed: bool = False,
) -> str | None:
    """Return the key of the filter that leaves an update of an incident or a maintenance out, None if it passes.

    An incident that passed once is `followed` to its end, even if its vendor changes its impact and its components.
    """
    if maintenance or incident.impact is Impact.MAINTENANCE:
        if not provider.maintenance:
            return "maintenance"
    elif not followed and not _is_bad_enough(provider, incident.impact):
        return "min_impact"
    if followed:
        return None
    named = {*mentions(incident), *mentions(update)}
    if named and not any(_wants_mention(provider, mention, listing) for mention in named):
        return "components"
    regions = {*incident.regions, *update.regions}
    if regions and not any(_wants_region(provider, region) for region in regions):
        return "regions"
    return None


def wants_kind(provider: Provider, kind: EventKind) -> bool:
    """Return whether events of this kind are reported; those about the page itself are unless they are excluded."""
    only_excludes = kind.startswith(_OF_THE_PAGE)
    patterns = [pattern for pattern in provider.events if pattern.startswith(EXCLUDES) or not only_excludes]
    return passes(patterns, lambda named: named == kind)


def wants_change(
    provider: Provider, component: Component, before: ComponentStatus | None, *, fall_was_reported: bool
) -> bool:
    """Return whether a change of a component from the status `before` (None: it is new) is reported.

    After a reported failure, every status is reported until the component works again.
    """
    if not _wants_component(provider, component):
        return False
    if component.region is not None and not _wants_region(provider, component.region):
        return False
    if component.status is ComponentStatus.OPERATIONAL:
        return fall_was_reported or (before is not None and _wants_status(provider, before))
    if component.status is ComponentStatus.UNDER_MAINTENANCE:
        return provider.maintenance
    return fall_was_reported or _wants_status(provider, component.status)


def is_named(provider: Provider, component: Component) -> bool:
    """Return whether the filter on components names this one: a list without includes names none."""
    has_includes = any(not pattern.startswith(EXCLUDES) for pattern in provider.components)
    return has_includes and _wants_component(provider, component)


def unmatched(provider: Provider, page: Snapshot | PageView) -> tuple[str, ...]:
    """Return a sentence for each glob on components or regions that matches nothing of the page.

    Components that only an incident names count as existing. A page with an empty or cut list gives no sentence, since
    absence from it proves nothing.
    """
    if not page.components_complete:
        return ()
    components = tuple(page.components.values() if isinstance(page, PageView) else page.components)
    regions = {component.region for component in components if component.region is not None}
    sentences: list[str] = []
    if components:
        spellings = [*map(component_spellings, components), *map(name_spellings, sorted(_unlisted(page)))]
        names = dict.fromkeys(component.name for component in components)
        sentences += _unmatched("component", provider.components, spellings, [*names])
    if regions:
        known = sorted({*regions, *region_names(page)})
        sentences += _unmatched("region", provider.regions, [(region,) for region in known], known)
    return tuple(sentences)


def component_names(page: Snapshot, listing: Listing) -> set[str]:
    """Return the components that incidents of the page name and that it does not list."""
    incidents = page.entries
    named = {mention for incident in incidents for mention in mentions(incident)}
    named |= {mention for incident in incidents for update in incident.updates for mention in mentions(update)}
    return {mention.name for mention in named if not listing.meant(mention)}


def region_names(page: Snapshot | PageView) -> set[str]:
    """Return the regions that incidents of the page name."""
    if isinstance(page, PageView):
        return {*page.named_regions}
    incidents = page.entries
    of_incidents = {region for incident in incidents for region in incident.regions}
    return of_incidents | {region for incident in incidents for update in incident.updates for region in update.regions}


def _unmatched(
    noun: str, patterns: Iterable[str], known: Sequence[Sequence[str]], names: Sequence[str]
) -> Iterator[str]:
    shown = ", ".join(map(_printable, names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
    for pattern in patterns:
        glob = pattern.removeprefix(EXCLUDES)
        if not any(_matches_any(glob, spellings) for spellings in known):
            yield f"{noun}s: no {noun} of the page matches '{_printable(glob)}'; it has {shown}"


def _unlisted(page: Snapshot | PageView) -> Collection[str]:
    if isinstance(page, PageView):
        return page.named_components
    return component_names(page, Listing(page.components))


def _printable(name: str) -> str:
    return printable_line(name, _LONGEST_NAME)


def _wants_mention(provider: Provider, mention: Mention, listing: Listing) -> bool:
    """Return whether a component that an incident names is wanted; where several may be meant, whether any is."""
    candidates = listing.meant(mention) if provider.components else ()
    if not candidates:
        return passes(provider.components, lambda glob: _matches_any(glob, mention_spellings(mention)))
    return any(_wants_component(provider, component) for component in candidates)


def _wants_component(provider: Provider, component: Component) -> bool:
    spellings = component_spellings(component)
    return passes(provider.components, lambda glob: _matches_any(glob, spellings))


def _wants_region(provider: Provider, region: str) -> bool:
    return passes(provider.regions, lambda glob: _matches_any(glob, (region,)))


def _matches_any(glob: str, spellings: Iterable[str]) -> bool:
    """Return whether a glob is one of the spellings, letter by letter, or matches one as a pattern."""
    pattern = alike(glob)
    return any(pattern == spelling or fnmatchcase(spelling, pattern) for spelling in map(alike, spellings))


def _wants_status(provider: Provider, status: ComponentStatus) -> bool:
    if status is ComponentStatus.UNDER_MAINTENANCE:
        return provider.maintenance
    return _is_bad_enough(provider, COMPONENT_IMPACT.get(status))


def _is_bad_enough(provider: Provider, impact: Impact | None) -> bool:
    """Return whether an impact reaches `min_impact`. An unknown one does: it may be severe."""
    return impact is None or SEVERITIES.index(impact) >= SEVERITIES.index(provider.min_impact)
