"""The sources of the collector, as small protocols."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from tracker.assessment import KnownPage
from tracker.delivery.latency import Timing
from tracker.store.measures import AlertCount, Measures


class CurrentPages(Protocol):
    """The present state of all pages; it answers while the data server is away, too."""

    def __call__(self) -> Iterable[KnownPage]:
        """Return the pages."""
        ...


class Updated(Protocol):
    """Names the providers with new events."""

    def __call__(self) -> Iterable[str]:
        """Return the ids of providers with new events since the last call. Raises HistoryError."""
        ...


class Store(Protocol):
    """The data server in numbers. Every method raises StoreError."""

    def measure(self, provider_ids: Sequence[str], now: datetime) -> Measures:
        """Return the numbers of this moment."""
        ...

    def alerts(self) -> AlertCount:
        """Return the counts of open alerts and of given-up messages."""
        ...

    def timings(self, provider_ids: Sequence[str]) -> tuple[tuple[Timing, ...], ...]:
        """Return the delays of the newest updates of each of these pages, oldest first."""
        ...
