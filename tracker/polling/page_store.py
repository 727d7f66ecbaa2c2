"""The port of polling to the data server: leases, knowledge of a page, commits. Implemented in `store`."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from tracker.model.event import PendingEvent
from tracker.model.page_state import PageState, PageView, UpdateDigest
from tracker.model.provider import Provider
from tracker.polling.poll_cost import PollCost


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One of the polls of a host that may run at the same time."""

    #: Name and, where it is not the usual one, port.
    host: str
    #: How many slots the host has.
    limit: int


class HostBusy(msgspec.Struct, frozen=True, kw_only=True):
    """No lease for now: the page's host has no free slot. The page becomes due when one is handed to it."""

    slot: Slot
    #: How many pages wait for a slot of this host, this one among them.
    waiting: int
    #: For how long this one has, in seconds.
    waited_s: float
    #: Whether it waits longer than its interval, and no warning about the host was logged for some minutes.
    is_new: bool


class RememberedPage(Protocol):
    """A page as a store remembers it between two polls."""

    @property
    def provider_id(self) -> str:
        """Return the provider's id."""
        ...

    #: What a poller derived from provider and state alone; None until it does, and again once one of them changes.
    derived: object

    def read(self) -> tuple[Provider, PageState]:
        """Return the provider and the state."""
        ...


class DecodedPage(msgspec.Struct):
    """A page for one poll."""

    provider: Provider
    state: PageState
    derived: object = None

    @property
    def provider_id(self) -> str:
        """Return the provider's id."""
        return self.provider.id

    def read(self) -> tuple[Provider, PageState]:
        """Return the provider and the state."""
        return self.provider, self.state


class PollLease:
    """The right to poll one page now, with the provider and state of that page.

    Provider and state are read when they are first needed: nearly all polls end without them.
    """

    __slots__ = ("_known", "begun_at", "fencing_token", "page", "read_at", "revision", "slot")

    def __init__(
        self,
        page: RememberedPage,
        *,
        revision: int,
        fencing_token: int,
        begun_at: datetime,
        read_at: datetime | None = None,
        slot: Slot | None = None,
        known: tuple[Provider, PageState] | None = None,
    ) -> None:
        """Take `known`, provider and state of `page`, if the caller has read them already."""
        self.page = page
        #: Counts the commits of this page; a commit on another revision is refused.
        self.revision = revision
        #: Grows with each lease of this page; a commit is refused once that of a later lease was accepted.
        self.fencing_token = fencing_token
        #: When the lease was taken, before the first request.
        self.begun_at = begun_at
        #: When the last poll that read all of the page took its lease; None if there was none.
        self.read_at = read_at
        #: The slot that it holds until its commit; None where the host has no limit.
        self.slot = slot
        self._known = known

    @property
    def provider_id(self) -> str:
        """Return the provider's id."""
        return self.page.provider_id

    @property
    def provider(self) -> Provider:
        """Return the provider."""
        return self._read()[0]

    @property
    def state(self) -> PageState:
        """Return the state."""
        return self._read()[1]

    def _read(self) -> tuple[Provider, PageState]:
        if self._known is None:
            self._known = self.page.read()
        return self._known


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """All that one poll changes, written in one step or not at all."""

    #: None: as it was.
    state: PageState | None = None
    #: None: as it was.
    view: PageView | None = None
    #: None: as it was.
    digests: Mapping[str, Mapping[str, UpdateDigest]] | None = None
    pending: tuple[PendingEvent, ...] = ()
    #: Keys that count as seen without being reported (first sight, filtered out).
    seen: tuple[str, ...] = ()
    #: None: as the scheduler set it.
    due_at: datetime | None = None
    checked_at: datetime
    #: When the lease was taken, if the poll read all of the page. None: as it was.
    read_at: datetime | None = None
    #: The additions to the page's counters; None: nothing.
    cost: PollCost | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the knowledge of a page, beyond its state, that one answer needs."""

    view: PageView = PageView()
    #: The digests of updates: by incident id, then by update id (`tracker.detection.edits`).
    digests: Mapping[str, Mapping[str, UpdateDigest]] = {}
    #: The requested keys that were seen.
    seen: frozenset[str] = frozenset()
    #: Those of the seen keys that will be forgotten unless a commit names them again.
    expiring: frozenset[str] = frozenset()
    #: Updates published before this are old even if nothing is known of them any more. None: nothing was forgotten.
    watermark: datetime | None = None


class PageStore(Protocol):
    """Remembers pages between polls. Every method raises StoreError when the store fails."""

    def begin(self, provider_id: str, now: datetime) -> PollLease | HostBusy | None:
        """Lease the page; None when it is unknown, being polled by another worker, or was polled just now."""
        ...

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        """Return the page's view and digests, and which of the keys were seen."""
        ...

    def commit(self, lease: PollLease, commit: Commit) -> int:
        """Write the commit and give the lease back; return how many events were new. Raises Conflict.

        The slot is given back by a commit that is refused, too.
        """
        ...


class GroupedPages(Protocol):
    """A `PageStore` for an event loop: polls that are ready together share one call.

    Each page is judged by itself. Two leases that found a page unchanged mostly hold the very same `page`.
    """

    async def begin(self, provider_id: str, now: datetime) -> PollLease | HostBusy | None:
        """Lease the page, as `PageStore.begin` does."""
        ...

    async def commit(self, lease: PollLease, commit: Commit) -> int:
        """Write the commit and give the lease back, as `PageStore.commit` does. Raises Conflict."""
        ...
