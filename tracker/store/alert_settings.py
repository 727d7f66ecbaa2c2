"""The configuration of alerts and the silences, in the data server."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import redis

from tracker.model.provider import Provider
from tracker.model.route import Alerting, Silence
from tracker.store.codec import decode_provider
from tracker.store.connection import (
    ALERTING,
    ALERTS_DUE,
    ALERTS_GROUP,
    ALERTS_INDEX,
    PROVIDERS,
    VERSION,
    load_script,
    translated,
)
from tracker.store.ownership import Fence, require_catalogue, token_of
from tracker.store.scripts.alerts import SettingsArguments, SettingsKeys

#: On a data server that was empty, decisions wait this long for the printer to restore the alerts of the journal.
AWAITED_S: Final = 60.0
_ENCODER: Final = msgspec.json.Encoder()
_CONFIGS: Final = msgspec.json.Decoder(Alerting)
_SILENCES: Final = msgspec.json.Decoder(Silence)
#: The field of the settings that holds the channels and routes.
CONFIG_FIELD: Final = "config"
_SILENCE_FIELD: Final = "silence:"


class RedisAlertSettings:
    """Channels, routes and silences. Every method raises StoreError.

    With a fence, `sync` and `restore` raise Conflict once another tracker has the catalogue.
    """

    def __init__(self, client: "redis.Redis", fence: Fence | None = None) -> None:
        self._client = client
        self._fence = fence
        self._settings = load_script(client, "alert_settings")

    def version(self) -> bytes:
        """Return a value that every change of the catalogue or the configuration changes."""
        with translated():
            version: Any = self._client.get(VERSION)
        return version or b""

    def sync(self, config: Alerting, *, awaits_journal: bool = False) -> bool:
        """Replace the channels and routes by these; return whether that changes anything.

        With `awaits_journal`, decisions on an empty data server wait until the printer has read the journal.
        """
        return self._put(config, "sync", AWAITED_S if awaits_journal else 0.0)

    def restore(self, config: Alerting, silences: Sequence[Silence] = (), fence: Fence | None = None) -> bool:
        """Restore channels and routes that the data server has lost, and silences with them."""
        if not self._put(config, "restore", AWAITED_S, fence):
            return False
        for silence in silences:
            self.silence(silence)
        return True

    def config(self) -> Alerting:
        """Return the alerting part of the configuration."""
        with translated():
            value: Any = self._client.hget(ALERTING, CONFIG_FIELD)
        return _CONFIGS.decode(value) if value else Alerting()

    def providers(self) -> Sequence[Provider]:
        """Return the catalogue."""
        with translated():
            entries: Any = self._client.hvals(PROVIDERS)
        return list(map(decode_provider, entries))

    def silences(self) -> Sequence[Silence]:
        """Return the silences, the newest last."""
        with translated():
            values: Any = self._client.hgetall(ALERTING)
        found = [
            _SILENCES.decode(value) for field, value in values.items() if field.startswith(_SILENCE_FIELD.encode())
        ]
        return sorted(found, key=lambda silence: silence.created_at)

    def silence(self, silence: Silence) -> None:
        """Add a silence."""
        self._silences_changed(lambda pipe: pipe.hset(ALERTING, _SILENCE_FIELD + silence.id, _ENCODER.encode(silence)))

    def end_silence(self, silence_id: str) -> None:
        """Forget a silence; the alerts that it held are evaluated again at once."""
        self._silences_changed(lambda pipe: pipe.hdel(ALERTING, _SILENCE_FIELD + silence_id))

    def has_channels(self) -> bool:
        """Return whether there are channels."""
        return bool(self.config().channels)

    def _put(self, config: Alerting, mode: str, awaited_s: float, fence: Fence | None = None) -> bool:
        group = ALERTS_GROUP if config.channels else ""
        arguments = SettingsArguments(
            settings=_ENCODER.encode(config),
            wanted_group=group,
            mode=mode,
            awaited_ms=int(awaited_s * 1000),
            token=token_of(fence or self._fence),
        )
        with translated():
            changed = int(self._settings(keys=SettingsKeys().values, args=arguments.values))
        require_catalogue(changed >= 0)
        return bool(changed)

    def _silences_changed(self, change: Any) -> None:
        with translated():
            ids: Any = self._client.zrange(ALERTS_INDEX, 0, -1)
            with self._client.pipeline(transaction=True) as pipe:
                change(pipe)
                pipe.incr(VERSION)
                if ids:
                    pipe.zadd(ALERTS_DUE, dict.fromkeys(ids, 0.0))
                pipe.execute()
