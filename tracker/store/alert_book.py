"""The alerts that one run of the decider reads and writes."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import redis

from tracker.alerting.alert import Alert
from tracker.alerting.machine import Storm
from tracker.store.connection import ALERTS_PREFIX, ALERTS_STORMS, translated

ALERTS: Final = msgspec.json.Decoder(Alert)
_STORMS: Final = msgspec.json.Decoder(Storm)


class RedisBook:
    """The `Book` of one run: reads each alert once, and keeps changes to itself."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._providers: dict[str, dict[str, Alert]] = {}
        self._storms: dict[str, Storm] = {}
        self.written: dict[str, Alert] = {}
        self.written_storms: dict[str, Storm] = {}

    def of_provider(self, provider_id: str) -> Sequence[Alert]:
        """Return a provider's alerts."""
        return list(self._of(provider_id).values())

    def write(self, alert: Alert) -> None:
        """Keep an alert for the rest of the run."""
        self._of(alert.provider_id)[alert.id] = self.written[alert.id] = alert

    def storm(self, cause: str) -> Storm:
        """Return the alerts that opened recently with that cause."""
        if cause not in self._storms:
            with translated():
                value: Any = self._client.hget(ALERTS_STORMS, cause)
            self._storms[cause] = _STORMS.decode(value) if value else Storm()
        return self._storms[cause]

    def write_storm(self, cause: str, storm: Storm) -> None:
        """Keep a storm for the rest of the run."""
        self._storms[cause] = self.written_storms[cause] = storm

    def _of(self, provider_id: str) -> dict[str, Alert]:
        if provider_id not in self._providers:
            with translated():
                values: Any = self._client.hvals(ALERTS_PREFIX + provider_id)
            self._providers[provider_id] = {alert.id: alert for alert in map(ALERTS.decode, values)}
        return self._providers[provider_id]
