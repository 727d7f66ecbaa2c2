"""Pages remembered in memory: for `once`, `replay` and tests, with the same contract as the data server's."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from tracker.errors import Conflict
from tracker.model.event import Event
from tracker.model.page_state import PageState, PageView, UpdateDigest
from tracker.model.provider import Provider
from tracker.polling.page_store import Commit, DecodedPage, Known, PollLease


class MemoryPages:
    """A `PageStore` of one process. Not safe for threads that poll the same page."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.id: provider for provider in providers}
        self._states: dict[str, PageState] = {}
        self._views: dict[str, PageView] = {}
        self._digests: dict[str, Mapping[str, Mapping[str, UpdateDigest]]] = {}
        self._seen: dict[str, set[str]] = {}
        self._revisions: dict[str, int] = {}
        self._turns: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        self._read_at: dict[str, datetime] = {}
        #: Every event that was committed, oldest first.
        self.events: list[Event] = []

    def begin(self, provider_id: str, now: datetime) -> PollLease | None:
        """Lease the page."""
        provider = self._providers.get(provider_id)
        if provider is None:
            return None
        self._turns[provider_id] = self._turns.get(provider_id, 0) + 1
        return PollLease(
            DecodedPage(provider, self.state(provider_id)),
            revision=self._revisions.get(provider_id, 0),
            fencing_token=self._turns[provider_id],
            begun_at=now,
            read_at=self._read_at.get(provider_id),
        )

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        """Return the page's view and digests, and which of the keys were seen."""
        return Known(
            view=self.view(provider_id),
            digests=self._digests.get(provider_id, {}),
            seen=frozenset(self._seen.get(provider_id, set()).intersection(keys)),
        )

    def commit(self, lease: PollLease, commit: Commit) -> int:
        """Write the commit. Raises Conflict."""
        provider_id = lease.provider.id
        if (
            self._revisions.get(provider_id, 0) != lease.revision
            or self._committed.get(provider_id, 0) > lease.fencing_token
        ):
            raise Conflict(f"{provider_id}: another worker committed first")
        seen = self._seen.setdefault(provider_id, set())
        seen.update(commit.seen)
        new = 0
        for pending in commit.pending:
            if pending.key is not None and pending.key in seen:
                continue
            if pending.key is not None:
                seen.add(pending.key)
            self.events.append(pending.event)
            new += 1
        if commit.digests is not None:
            self._digests[provider_id] = commit.digests
        if commit.state or commit.view or commit.digests is not None or commit.pending or commit.seen:
            self._revisions[provider_id] = lease.revision + 1
        self._committed[provider_id] = lease.fencing_token
        if commit.read_at is not None:
            self._read_at[provider_id] = commit.read_at
        self._states[provider_id] = commit.state or self.state(provider_id)
        self._views[provider_id] = commit.view or self.view(provider_id)
        return new

    def state(self, provider_id: str) -> PageState:
        """Return the state that a poll of the page would begin with."""
        return self._states.get(provider_id, PageState())

    def view(self, provider_id: str) -> PageView:
        """Return the view of the page."""
        return self._views.get(provider_id, PageView())
