"""The providers with new events since the last scrape, by the history."""

from tracker.history import History

#: Events that are read together.
_BATCH = 500


class UpdatedByHistory:
    """Remembers its position in the record; begins at the end. Raises HistoryError."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._seq: int | None = None

    def __call__(self) -> frozenset[str]:
        """Return the ids of providers with new events since the last call."""
        if self._seq is None:
            bounds = self._history.bounds()
            self._seq = bounds[1] if bounds else 0
            return frozenset()
        found: set[str] = set()
        while items := self._history.newer(self._seq, limit=_BATCH):
            self._seq = items[-1].seq
            found.update(item.event.provider for item in items)
        return frozenset(found)
