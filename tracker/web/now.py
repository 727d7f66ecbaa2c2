"""The present state of all pages, kept in memory and read again where the data server reports a change."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from tracker.assessment import Assessment, Reason, State, assess
from tracker.model.clock import Clock
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider
from tracker.store.board import Pulse
from tracker.store.pages import PageStatus

#: States are assessed again after this time, since a page that was not read meanwhile may count as unknown.
_ASSESSED_FOR: Final = timedelta(seconds=5)


class PageSource(Protocol):
    """The source of pages. Every method raises StoreError."""

    def version(self) -> bytes:
        """Return a value that every change of the catalogue changes."""
        ...

    def providers(self) -> tuple[Provider, ...]:
        """Return the catalogue, sorted by name."""
        ...

    def pulses(self, provider_ids: Sequence[str]) -> Sequence[Pulse]:
        """Return the pulse of each of these pages."""
        ...

    def pages(self, providers: Sequence[Provider]) -> Iterable[PageStatus]:
        """Yield the knowledge of these pages."""
        ...


class PageNow(msgspec.Struct, frozen=True, kw_only=True):
    """One page as it is known now."""

    provider: Provider
    state: PageState
    view: PageView
    #: When it was polled last, with or without success.
    checked_at: datetime | None
    assessment: Assessment
    #: When this process noticed the last change of its state; it never goes back.
    changed_at: datetime
    #: Differs after every change of the page's state.
    revision: bytes = b""


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """All pages at one moment."""

    #: When the data server was read last; None: never.
    at: datetime | None = None
    #: By id, sorted by name.
    pages: Mapping[str, PageNow] = {}
    #: Differs after every change of the catalogue.
    version: bytes = b""

    def in_group(self, group: str) -> tuple[PageNow, ...]:
        """Return the pages of a group."""
        return tuple(page for page in self.pages.values() if page.provider.group == group)

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the names of the groups, sorted."""
        return tuple(sorted({page.provider.group for page in self.pages.values() if page.provider.group is not None}))

    def counted(self) -> Mapping[State, int]:
        """Return the number of pages in each state."""
        counts = dict.fromkeys(State, 0)
        for page in self.pages.values():
            counts[page.assessment.state] += 1
        return counts


class NowBoard:
    """Keeps `Now`. One thread refreshes it; any thread reads it."""

    def __init__(self, source: PageSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._refreshing = threading.Lock()
        self._now = Now()
        self._assessed_at: datetime | None = None

    @property
    def now(self) -> Now:
        """Return the pages; their states age even while the data server cannot be read."""
        known, moment = self._now, self._clock()
        if self._assessed_at is not None and moment - self._assessed_at > _ASSESSED_FOR:
            aged = {id_: _assessed(page, moment) for id_, page in known.pages.items()}
            known = msgspec.structs.replace(known, pages=aged)
            self._now, self._assessed_at = known, moment
        return known

    def refresh(self) -> tuple[str, ...]:
        """Read changes and return the ids of pages whose state or knowledge changed. Raises StoreError."""
        with self._refreshing:
            before = self._now
            version = self._source.version()
            same = before.at is not None and before.version == version
            providers = [page.provider for page in before.pages.values()] if same else self._source.providers()
            pulses = self._source.pulses([provider.id for provider in providers])
            moment = self._clock()
            pages = self._pages(before, list(zip(providers, pulses, strict=True)), moment)
            self._now, self._assessed_at = Now(at=moment, pages=pages, version=version), moment
            return tuple(
                id_ for id_ in before.pages.keys() | pages.keys() if _is_other(before.pages.get(id_), pages.get(id_))
            )

    def _pages(self, before: Now, asked: Sequence[tuple[Provider, Pulse]], now: datetime) -> dict[str, PageNow]:
        stale = [
            provider
            for provider, pulse in asked
            if (known := before.pages.get(provider.id)) is None
            or known.revision != pulse.revision
            or known.provider != provider
        ]
        read = {status.provider.id: status for status in self._source.pages(stale)}
        pages = {}
        for provider, pulse in asked:
            known, status = before.pages.get(provider.id), read.get(provider.id)
            # The pulse was read first: a page that changed in between is read once more next time.
            page = PageNow(
                provider=provider,
                state=status.state if status else known.state if known else PageState(),
                view=status.view if status else known.view if known else PageView(),
                checked_at=status.checked_at if status else pulse.checked_at,
                assessment=known.assessment if known else _UNASKED,
                changed_at=known.changed_at if known else now,
                revision=pulse.revision,
            )
            is_other = known is None or known.revision != page.revision
            pages[provider.id] = _assessed(msgspec.structs.replace(page, changed_at=now) if is_other else page, now)
        return pages


_UNASKED: Final = Assessment(state=State.NOT_ASKED, reason=Reason.NEVER_ASKED)


def _assessed(page: PageNow, now: datetime) -> PageNow:
    found = assess(page.provider, page.state, page.view, page.checked_at, now)
    changed_at = page.changed_at if found.state is page.assessment.state else now
    return msgspec.structs.replace(page, assessment=found, changed_at=changed_at)


def _is_other(before: PageNow | None, after: PageNow | None) -> bool:
    if before is None or after is None:
        return before is not after
    return before.revision != after.revision or before.assessment.state is not after.assessment.state
