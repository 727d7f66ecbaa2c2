"""The components that a page lists, and which of them an incident names. Pure.

Pages name a component in several ways: by id, by its name, or as `Group - Name`. Reports and filters find the meant
component here, so that it is the same everywhere.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

from tracker.model.page import Component, Incident, IncidentUpdate, Mention

#: The separator that Statuspage writes between the names of a group and of a component in it.
_IN_GROUP: Final = " - "
#: The most separators of a name that are considered; a group's name has one at most.
_MOST_PARTS: Final = 4


def alike(text: str) -> str:
    """Return a form that is equal for all texts that read the same: neither case nor the form of accents counts.

    This is a canonical caseless match (Unicode Standard, section 3.13), composed so that a letter is one character.
    """
    if text.isascii():
        return text.casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


class Listing:
    """The known components of one page."""

    def __init__(self, components: Iterable[Component] = ()) -> None:
        self.components: Sequence[Component] = tuple(components)

    def meant(self, mention: Mention) -> Sequence[Component]:
        """Return the listed component of a mention, or all with its name if several fit; () for none."""
        component = self._by_id.get(mention.id) if mention.id else None
        if component is not None:
            return (component,)
        if mention.group:
            return self._by_place.get((alike(mention.group), alike(mention.name)), ())
        if named := self._by_name.get(alike(mention.name)):
            return named
        places = ((alike(group), alike(name)) for group, name in _split(mention.name))
        return next(filter(None, map(self._by_place.get, places)), ())

    def names(self, mentioned: Iterable[Mention]) -> tuple[str, ...]:
        """Return the names of the mentioned components, each once, as the page lists them."""
        return tuple(dict.fromkeys(self._name(mention, self.meant(mention)) for mention in mentioned))

    def labels(self, mentioned: Iterable[Mention]) -> tuple[str, ...]:
        """Return labels that distinguish mentioned components of one name, where their ids are known."""
        found = ((mention, self.meant(mention)) for mention in mentioned)
        return tuple(
            dict.fromkeys(
                self.label(parts[0].id) if len(parts) == 1 else self._name(mention, parts) for mention, parts in found
            )
        )

    def label(self, component_id: str) -> str:
        """Return the label of the listed component with that id."""
        return self._labels[component_id]

    def _name(self, mention: Mention, meant: Sequence[Component]) -> str:
        return meant[0].name if meant else mention.name

    @cached_property
    def _by_id(self) -> dict[str, Component]:
        return {component.id: component for component in self.components}

    @cached_property
    def _by_name(self) -> dict[str, list[Component]]:
        found: dict[str, list[Component]] = {}
        for component in self.components:
            found.setdefault(alike(component.name), []).append(component)
        return found

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[Component]]:
        found: dict[tuple[str, str], list[Component]] = {}
        for component in self.components:
            if component.group:
                found.setdefault((alike(component.group), alike(component.name)), []).append(component)
        return found

    @cached_property
    def _labels(self) -> dict[str, str]:
        return labels(self.components)


def mentions(of: Incident | IncidentUpdate) -> tuple[Mention, ...]:
    """Return the components that an incident or an update names."""
    return of.mentions or tuple(Mention(id="", name=name) for name in of.components)


def labels(components: Iterable[Component]) -> dict[str, str]:
    """Return the label of each component by its id: its name, with an addition where several share the name.

    The addition is the group or the region if no other of the name shares it, else the id: `Login (Platform)`.
    """
    by_name: dict[str, list[Component]] = {}
    for component in components:
        by_name.setdefault(component.name, []).append(component)
    called: dict[str, str] = {}
    for name, same in by_name.items():
        if len(same) == 1:
            called[same[0].id] = name
            continue
        groups, regions = (Counter(other.group for other in same), Counter(other.region for other in same))
        for component in same:
            group, region = component.group, component.region
            distinction = group if groups[group] == 1 else region if regions[region] == 1 else None
            called[component.id] = f"{name} ({distinction or component.id})"
    return called


def component_spellings(component: Component) -> tuple[str, ...]:
    """Return the spellings of a listed component: its name, its name beside its group's, its id."""
    return (*_spelled(component.name, component.group), component.id)


def mention_spellings(mention: Mention) -> tuple[str, ...]:
    """Return the spellings of a component that the page does not list, or no longer lists.

    Pages that give ids write the group's name in front.
    """
    if mention.group:
        return (*_spelled(mention.name, mention.group), mention.id)
    return (*name_spellings(mention.name), mention.id) if mention.id else (mention.name,)


def name_spellings(name: str) -> tuple[str, ...]:
    """Return the spellings of a component, with its group's name in front and without."""
    split = (spelling for group, own in _split(name) for spelling in _spelled(own, group))
    return tuple(dict.fromkeys((name, *split)))


def _spelled(name: str, group: str | None) -> tuple[str, ...]:
    return (name, f"{group}/{name}", f"{group}{_IN_GROUP}{name}") if group else (name,)


def _split(name: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to read a text as `Group - Name`."""
    parts = name.split(_IN_GROUP, _MOST_PARTS)
    for end in range(1, len(parts)):
        yield _IN_GROUP.join(parts[:end]), _IN_GROUP.join(parts[end:])
