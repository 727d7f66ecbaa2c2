"""Matches the entries of a file with the providers of a running tracker. Pure.

The id of an entry without one is made from its name, and the state of a page is kept by id. So a renamed entry is
recognised by its address, and keeps its id.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from tracker.catalogue.names import LONGEST_ID
from tracker.model.plain import visible
from tracker.model.provider import Provider
from tracker.model.urls import canonical

#: How many entries one sentence names.
_SHOWN: Final = 5


def with_known_ids(
    given: Sequence[Provider], known: Iterable[Provider], taken: Collection[str] = ()
) -> tuple[Provider, ...]:
    """Return the entries of a file with the ids that they have in the catalogue.

    `known` are the entries of the former file, `taken` the ids of all other providers. An id that the file gives stays;
    any other belongs to the address that had it, whatever the name. Of several entries of one address the one of the
    same name comes first, then those with the same settings, then the rest in the order of the file.
    """
    ids = {place: entry.id for place, entry in enumerate(given) if entry.id_given}
    free = sorted(known, key=lambda provider: provider.id, reverse=True)
    for key in _KEYS:
        used = {*ids.values()}
        free = [provider for provider in free if provider.id not in used]
        _pair(given, free, key, ids)
    used = {*ids.values()}
    others = {*used, *taken, *(provider.id for provider in free), *(entry.id for entry in given)}
    for place, entry in enumerate(given):
        if place not in ids:
            ids[place] = entry.id if entry.id not in used else _another(entry.id, others)
            others.add(ids[place])
    return tuple(replace(entry, id=ids[place]) for place, entry in enumerate(given))


def kept_ids_line(kept: Sequence[tuple[str, str]]) -> str:
    """Return the sentence that says which entries, by name, keep an id that another name has given them."""
    shown = ", ".join(f"{visible(name)} ({provider_id})" for name, provider_id in kept[:_SHOWN])
    more = f" and {len(kept) - _SHOWN} more" if len(kept) > _SHOWN else ""
    return (
        f"known by address, with another name than before: {shown}{more}; their updates are not reported again. "
        f'Their ids stay; write id = "{kept[0][1]}" below the entry to keep one in the file, too'
    )


def _page(provider: Provider) -> str:
    return canonical(provider.url)


def _settings(provider: Provider) -> bytes:
    return msgspec.json.encode(replace(provider, id="", name="", url="", id_given=False))


#: The fields that an entry and a known provider have to share to be the same page, the surest first.
_KEYS: Final[tuple[Callable[[Provider], Hashable], ...]] = (
    lambda provider: (_page(provider), provider.id),
    lambda provider: (_page(provider), _settings(provider)),
    _page,
)


def _pair(
    given: Sequence[Provider], free: Iterable[Provider], key: Callable[[Provider], Hashable], ids: dict[int, str]
) -> None:
    """Give each entry without an id the id of a free provider with the same key, each id once."""
    alike: dict[Hashable, list[Provider]] = {}
    for provider in free:
        alike.setdefault(key(provider), []).append(provider)
    for place, entry in enumerate(given):
        if place not in ids and (same := alike.get(key(entry))):
            ids[place] = same.pop().id


def _another(provider_id: str, taken: Collection[str]) -> str:
    """Return an id that is like this one and free."""
    number = 2
    while (proposal := f"{provider_id[: LONGEST_ID - len(str(number)) - 1]}-{number}") in taken:
        number += 1
    return proposal
