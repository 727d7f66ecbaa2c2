"""The use case: poll several pages with as few calls as one. An experiment (docs/performance.md).

    begin all turns | ask all pages at once | `tracker.poll` for each, on the answer it has | commit what is quiet

One call of each kind serves the whole batch; what a poll decides is the same as for a page alone. A page that answers
slowly holds back the quiet commits of the others, and whoever dies in the middle leaves all of their leases.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from tracker.errors import Conflict, FetchError, TrackerError
from tracker.observe import Observer, first_request
from tracker.poll import Poll, Poller, postponed, remembered_of
from tracker.ports import (
    BatchFetcher,
    BatchStore,
    Clock,
    Commit,
    Fetched,
    Fetcher,
    FetchRequest,
    HostBusy,
    Known,
    NotModified,
    Turn,
)

#: What became of one page: a poll, None where there was no turn to take, or why it was not committed.
Outcome = Poll | TrackerError | None


class BatchPoller:
    """Polls pages together. What a page needs beyond its first answer comes from `otherwise`."""

    def __init__(self, store: BatchStore, fetcher: BatchFetcher, otherwise: Fetcher, clock: Clock) -> None:
        self._store = store
        self._fetcher = fetcher
        self._otherwise = otherwise
        self._clock = clock

    def poll(self, provider_ids: Sequence[str]) -> dict[str, Outcome]:
        """Poll each page once. Raises StoreError when no turn could be taken."""
        turns = dict(zip(provider_ids, self._store.begin_many(provider_ids, self._clock()), strict=True))
        held = _HeldCommits(self._store)
        ahead = _AskedAhead(self._fetcher, self._otherwise, [turn for turn in turns.values() if isinstance(turn, Turn)])
        poller = Poller(held, Observer(ahead), self._clock)
        outcomes = {name: self._carry_out(poller, name, turn) for name, turn in turns.items()}
        return outcomes | held.write()

    def _carry_out(self, poller: Poller, provider_id: str, turn: Turn | HostBusy | None) -> Outcome:
        if turn is None:
            return None
        if isinstance(turn, HostBusy):
            return postponed(provider_id, turn)
        try:
            return poller.carry_out(turn)
        except TrackerError as error:
            return error


class _AskedAhead:
    """A `Fetcher` that has asked what each of these turns asks first, all at once."""

    def __init__(self, fetcher: BatchFetcher, otherwise: Fetcher, turns: Sequence[Turn]) -> None:
        first = (first_request(turn.provider, remembered_of(turn)) for turn in turns)
        asked = [request for request in first if request is not None]
        self._outcomes: dict[FetchRequest, list[Fetched | NotModified | FetchError]] = {}
        for request, outcome in zip(asked, fetcher.fetch_many(asked), strict=True):
            self._outcomes.setdefault(request, []).append(outcome)
        self._otherwise = otherwise

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer that is there, once, or ask. Raises FetchError."""
        there = self._outcomes.get(request)
        outcome = there.pop() if there else self._otherwise.fetch(request)
        if isinstance(outcome, FetchError):
            raise outcome
        return outcome


class _HeldCommits:
    """A `PageStore` that writes what tells something at once, and keeps the rest to write it together."""

    def __init__(self, store: BatchStore) -> None:
        self._store = store
        self._held: list[tuple[Turn, Commit]] = []

    def begin(self, provider_id: str, now: datetime) -> Turn | HostBusy | None:
        """Take the page's turn."""
        return self._store.begin(provider_id, now)

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        """Return what is remembered of the page."""
        return self._store.recall(provider_id, keys)

    def commit(self, turn: Turn, commit: Commit) -> int:
        """Write a commit that holds news, keep any other. Raises Conflict."""
        if commit.news:
            return self._store.commit(turn, commit)
        self._held.append((turn, commit))
        return 0

    def write(self) -> dict[str, Conflict]:
        """Write what was kept; return which of it was refused, by provider id. Raises StoreError."""
        results = self._store.commit_many(self._held)
        named = zip((turn.provider.id for turn, _ in self._held), results, strict=True)
        return {name: result for name, result in named if isinstance(result, Conflict)}
