"""The steps of a sync of the catalogue, and the summary of its changes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from tracker.model.page_state import PageState
from tracker.model.provider import Provider
from tracker.scheduling.schedule import first_due, phase_s
from tracker.store.codec import encode_provider, encode_slot
from tracker.store.hosts import slot_of

#: Providers that are put in or taken out in one step, during which the data server does nothing else (some 5 ms).
SYNC_STEP: Final = 500

T = TypeVar("T")


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of a sync."""

    added: int
    changed: int
    removed: int
    #: Due times and schedules of providers that were there without them.
    mended: int = 0
    #: Names of renamed entries, each with the id that it keeps.
    kept_ids: tuple[tuple[str, str], ...] = ()


def entries_of(providers: Iterable[Provider], joining: int, now: datetime) -> list[str | bytes]:
    """Return providers as the sync script takes them."""
    entries: list[str | bytes] = []
    for provider in providers:
        phase = phase_s(provider.id, provider.interval_s)
        first = first_due(now, provider.id, provider.interval_s, joining)
        entries += [
            provider.id,
            encode_provider(provider),
            f"{provider.interval_s} {phase:.6f}",
            f"{first.timestamp():.6f}",
            encode_slot(slot_of(provider, PageState())),
        ]
    return entries


def steps(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the parts of a step."""
    return (items[i : i + SYNC_STEP] for i in range(0, len(items), SYNC_STEP))


def total(done: Sequence[Synced]) -> Synced:
    """Return the total of several steps."""
    return Synced(
        added=sum(step.added for step in done),
        changed=sum(step.changed for step in done),
        removed=sum(step.removed for step in done),
        mended=sum(step.mended for step in done),
    )
