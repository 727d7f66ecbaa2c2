"""Drills that somebody began, in the data server."""

from typing import Any, Final

import msgspec
import redis

from tracker.model.drill import DrillRun
from tracker.store.connection import DRILL_RUNS, translated

_MOST_RUNS: Final = 50
_RUNS: Final = msgspec.json.Decoder(DrillRun)


class RedisDrills:
    """The last drills. Every method raises StoreError."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def put(self, run: DrillRun) -> None:
        """Write a drill or its result; the oldest drills are dropped."""
        with translated():
            self._client.hset(DRILL_RUNS, run.id, msgspec.json.encode(run))
            for old in self.all()[_MOST_RUNS:]:
                self._client.hdel(DRILL_RUNS, old.id)

    def all(self) -> tuple[DrillRun, ...]:
        """Return the drills that are kept, the newest first."""
        with translated():
            values: Any = self._client.hvals(DRILL_RUNS)
        return tuple(sorted(map(_RUNS.decode, values), key=lambda run: run.began_at, reverse=True))
