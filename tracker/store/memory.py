"""Pages remembered in memory: for `once`, `replay` and tests, with the same contract as the data server's."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from tracker.errors import Conflict
from tracker.model.event import Event
from tracker.model.page_state import LedgerEntry, PageState, PageView
from tracker.model.provider import Provider
from tracker.polling.ports import Commit, Known, Turn


class MemoryPages:
    """A `PageStore` of one process. Not safe for threads that poll the same page."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.id: provider for provider in providers}
        self._states: dict[str, PageState] = {}
        self._views: dict[str, PageView] = {}
        self._ledgers: dict[str, Mapping[str, Mapping[str, LedgerEntry]]] = {}
        self._seen: dict[str, set[str]] = {}
        self._revisions: dict[str, int] = {}
        self._turns: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        self._read_at: dict[str, datetime] = {}
        #: Every event that was committed, oldest first.
        self.events: list[Event] = []

    def begin(self, provider_id: str, now: datetime) -> Turn | None:
        """Take the page's turn."""
        provider = self._providers.get(provider_id)
        if provider is None:
            return None
        self._turns[provider_id] = self._turns.get(provider_id, 0) + 1
        return Turn(
            provider=provider,
            state=self.state(provider_id),
            revision=self._revisions.get(provider_id, 0),
            number=self._turns[provider_id],
            begun_at=now,
            read_at=self._read_at.get(provider_id),
        )

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        """Return the page's view and ledger, and which of the keys were seen."""
        return Known(
            view=self.view(provider_id),
            ledger=self._ledgers.get(provider_id, {}),
            seen=frozenset(self._seen.get(provider_id, set()).intersection(keys)),
        )

    def commit(self, turn: Turn, commit: Commit) -> int:
        """Write the commit. Raises Conflict."""
        provider_id = turn.provider.id
        if self._revisions.get(provider_id, 0) != turn.revision or self._committed.get(provider_id, 0) > turn.number:
            raise Conflict(f"{provider_id}: another worker committed first")
        seen = self._seen.setdefault(provider_id, set())
        seen.update(commit.seen)
        new = 0
        for news in commit.news:
            if news.key is not None and news.key in seen:
                continue
            if news.key is not None:
                seen.add(news.key)
            self.events.append(news.event)
            new += 1
        if commit.ledger is not None:
            self._ledgers[provider_id] = commit.ledger
        if commit.state or commit.view or commit.ledger is not None or commit.news or commit.seen:
            self._revisions[provider_id] = turn.revision + 1
        self._committed[provider_id] = turn.number
        if commit.read_at is not None:
            self._read_at[provider_id] = commit.read_at
        self._states[provider_id] = commit.state or self.state(provider_id)
        self._views[provider_id] = commit.view or self.view(provider_id)
        return new

    def state(self, provider_id: str) -> PageState:
        """Return what a poll of the page would remember."""
        return self._states.get(provider_id, PageState())

    def view(self, provider_id: str) -> PageView:
        """Return what is known of the page."""
        return self._views.get(provider_id, PageView())
