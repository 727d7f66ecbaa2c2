"""Alerts, and how far the event stream was read for them, in the data server."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import msgspec
import redis

from tracker.alerting.alert import Alert
from tracker.alerting.machine import Storm
from tracker.alerting.stores import ChannelState, Decided, ReadEvent
from tracker.alerting.targets import looked_at_again
from tracker.delivery.retry_policy import is_put_off
from tracker.errors import Conflict, StoreError
from tracker.model.provider import Provider
from tracker.model.route import Alerting, Silence
from tracker.store.alert_scripts import AlertCommitArguments, AlertCommitKeys, SettingsArguments, SettingsKeys
from tracker.store.codec import decode_provider
from tracker.store.connection import (
    ALERTING,
    ALERTS_DUE,
    ALERTS_GROUP,
    ALERTS_INDEX,
    ALERTS_LEASE,
    ALERTS_PREFIX,
    ALERTS_STORMS,
    CHANNEL_PREFIX,
    CHANNEL_READY_PREFIX,
    DRILLS,
    PROVIDERS,
    UPDATES,
    VERSION,
    load_script,
    moment,
    translated,
)
from tracker.store.stream import read_event

#: A dead decider loses its lease after this long; one run takes milliseconds.
LEASE_S: Final = 15.0
_CONSUMER: Final = "decide"
_READ_TOGETHER: Final = 500
_ENCODER: Final = msgspec.json.Encoder()
_ALERTS: Final = msgspec.json.Decoder(Alert)
_STORMS: Final = msgspec.json.Decoder(Storm)
_CONFIGS: Final = msgspec.json.Decoder(Alerting)
_SILENCES: Final = msgspec.json.Decoder(Silence)
_SILENCE_FIELD: Final = "silence:"


class RedisBook:
    """The `Book` of one run: each entry is read once, and changes stay here."""

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
        """Return which alerts opened recently with that cause."""
        if cause not in self._storms:
            with translated():
                value: Any = self._client.hget(ALERTS_STORMS, cause)
            self._storms[cause] = _STORMS.decode(value) if value else Storm()
        return self._storms[cause]

    def write_storm(self, cause: str, storm: Storm) -> None:
        """Keep the openings for the rest of the run."""
        self._storms[cause] = self.written_storms[cause] = storm

    def _of(self, provider_id: str) -> dict[str, Alert]:
        if provider_id not in self._providers:
            with translated():
                values: Any = self._client.hvals(ALERTS_PREFIX + provider_id)
            self._providers[provider_id] = {alert.id: alert for alert in map(_ALERTS.decode, values)}
        return self._providers[provider_id]


class RedisAlerts:
    """The `AlertStore` of the distributed tracker, and what commands ask of it."""

    def __init__(self, client: "redis.Redis", lease_s: float = LEASE_S) -> None:
        self._client = client
        self._lease_ms = int(lease_s * 1000)
        self._commit = load_script(client, "alert_commit")
        self._settings = load_script(client, "alert_settings")
        self._release = load_script(client, "release")

    def begin(self) -> str | None:
        """Take the right to decide."""
        owner = uuid4().hex
        with translated():
            taken: Any = self._client.set(ALERTS_LEASE, owner, nx=True, px=self._lease_ms)
        return owner if taken else None

    def end(self, owner: str) -> None:
        """Give the right back."""
        with translated():
            self._release(keys=[ALERTS_LEASE], args=[owner])

    def version(self) -> bytes:
        """Return what differs after every change of the catalogue or the configuration."""
        with translated():
            version: Any = self._client.get(VERSION)
        return version or b""

    def sync(self, config: Alerting) -> bool:
        """Replace channels and routes by these; return whether that changes anything."""
        return self._put(config, "sync")

    def restore(self, config: Alerting) -> bool:
        """Put them back where the data server has lost them."""
        return self._put(config, "restore")

    def config(self) -> Alerting:
        """Return what the configuration says of alerts."""
        with translated():
            value: Any = self._client.hget(ALERTING, "config")
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
        """Forget a silence; what it held is looked at again at once."""
        self._silences_changed(lambda pipe: pipe.hdel(ALERTING, _SILENCE_FIELD + silence_id))

    def events(self, count: int) -> Sequence[ReadEvent]:
        """Return the events that are not decided about."""
        with translated():
            try:
                pending = self._read("0", count) or (self._read(">", count) and self._read("0", count))
            except redis.ResponseError as error:
                if "NOGROUP" not in str(error):
                    raise
                # The stream was lost: what it holds now was never decided about.
                self._client.xgroup_create(UPDATES, ALERTS_GROUP, id="0", mkstream=True)
                return ()
        return [
            ReadEvent(stream_id=stream_id.decode(), event=_event(stream_id, fields)) for stream_id, fields in pending
        ]

    def book(self) -> RedisBook:
        """Return the alerts as they are kept."""
        return RedisBook(self._client)

    def due(self, now: datetime, count: int) -> Sequence[Alert]:
        """Return alerts that are to be looked at again by now."""
        with translated():
            ids: Any = self._client.zrange(ALERTS_DUE, "-inf", now.timestamp(), byscore=True, offset=0, num=count)
        return self.named([alert_id.decode() for alert_id in ids])

    def open_alerts(self) -> Sequence[Alert]:
        """Return all alerts that are not over, the oldest first."""
        return [alert for alert in self.all_alerts() if not alert.is_over]

    def all_alerts(self) -> Sequence[Alert]:
        """Return all alerts that are kept, the oldest first."""
        with translated():
            ids: Any = self._client.zrange(ALERTS_INDEX, 0, -1)
        return self.named([alert_id.decode() for alert_id in ids])

    def named(self, ids: Sequence[str]) -> Sequence[Alert]:
        """Return the alerts of these ids that exist."""
        found: list[Alert] = []
        for start in range(0, len(ids), _READ_TOGETHER):
            with translated(), self._client.pipeline(transaction=False) as pipe:
                for alert_id in ids[start : start + _READ_TOGETHER]:
                    pipe.hget(ALERTS_PREFIX + provider_of(alert_id), alert_id)
                found += [_ALERTS.decode(value) for value in pipe.execute() if value]
        return found

    def channel_states(self, names: Collection[str]) -> Sequence[ChannelState]:
        """Return the record of each channel, by name."""
        ordered = sorted(names)
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for name in ordered:
                pipe.hgetall(CHANNEL_PREFIX + name)
                pipe.zcard(CHANNEL_READY_PREFIX + name)
            answers = pipe.execute()
        return [_state(name, answers[2 * i], answers[2 * i + 1]) for i, name in enumerate(ordered)]

    def good_drills(self) -> Mapping[str, datetime]:
        """Return when the last drill of each channel came through, by name."""
        with translated():
            values: Any = self._client.hgetall(DRILLS)
        return {name.decode(): found for name, value in values.items() if (found := moment(value))}

    def channels_ready(self, names: Collection[str], now: datetime) -> Sequence[str]:
        """Return the channels that have something to send now and are in no pause."""
        ordered = sorted(names)
        if not ordered:
            return ()
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for name in ordered:
                pipe.zcount(CHANNEL_READY_PREFIX + name, "-inf", now.timestamp())
                pipe.hget(CHANNEL_PREFIX + name, "not_before")
            answers = pipe.execute()
        return [
            name for i, name in enumerate(ordered) if answers[2 * i] and not is_put_off(moment(answers[2 * i + 1]), now)
        ]

    def note_drill(self, names: Collection[str], now: datetime) -> None:
        """Write down that a drill of these channels came through."""
        with translated():
            self._client.hset(DRILLS, mapping=dict.fromkeys(names, now.timestamp()))

    def has_channels(self) -> bool:
        """Return whether there are channels."""
        return bool(self.config().channels)

    def keep(self, owner: str, decided: Decided, now: datetime) -> None:
        """Write what was decided in one step. Raises Conflict."""
        payload = {
            "acks": decided.stream_ids,
            "alerts": [
                (
                    alert.provider_id,
                    alert.id,
                    _ENCODER.encode(alert).decode(),
                    due.timestamp() if (due := looked_at_again(alert)) else "",
                    alert.opened_at.timestamp(),
                )
                for alert in decided.alerts
            ],
            "gone": [(alert.provider_id, alert.id, list(alert.targets)) for alert in decided.gone],
            "ready": sorted({(each.channel, each.alert_id) for each in decided.deliveries}),
            "storms": [(cause, _ENCODER.encode(storm).decode()) for cause, storm in decided.storms],
        }
        arguments = AlertCommitArguments(
            owner=owner, lease_ms=self._lease_ms, now_s=now.timestamp(), payload=_ENCODER.encode(payload)
        )
        with translated():
            kept = self._commit(keys=AlertCommitKeys().values, args=arguments.values)
        if not kept:
            raise Conflict("another worker decides about alerts by now")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _put(self, config: Alerting, mode: str) -> bool:
        group = ALERTS_GROUP if config.channels else ""
        arguments = SettingsArguments(settings=_ENCODER.encode(config), wanted_group=group, mode=mode)
        with translated():
            return bool(self._settings(keys=SettingsKeys().values, args=arguments.values))

    def _silences_changed(self, change: Any) -> None:
        with translated():
            ids: Any = self._client.zrange(ALERTS_INDEX, 0, -1)
            with self._client.pipeline(transaction=True) as pipe:
                change(pipe)
                pipe.incr(VERSION)
                if ids:
                    pipe.zadd(ALERTS_DUE, dict.fromkeys(ids, 0.0))
                pipe.execute()

    def _read(self, after: str, count: int) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
        answer: Any = self._client.xreadgroup(ALERTS_GROUP, _CONSUMER, {UPDATES: after}, count=count)
        return answer[0][1] if answer else ()


def provider_of(alert_id: str) -> str:
    """Return the provider of an alert's id."""
    return alert_id.split("/", 1)[0]


def _event(stream_id: bytes, fields: dict[bytes, bytes]) -> Any:
    try:
        return read_event(stream_id, fields) if fields else None
    except StoreError:
        return None


def _state(name: str, state: dict[bytes, bytes], ready: int) -> ChannelState:
    error = state.get(b"last_error")
    return ChannelState(
        name=name,
        failures=int(state.get(b"failures", 0)),
        failing_since=moment(state.get(b"failing_since")),
        not_before=moment(state.get(b"not_before")),
        last_error=error.decode() if error else None,
        last_error_at=moment(state.get(b"last_error_at")),
        delivered=int(state.get(b"delivered", 0)),
        last_delivered_at=moment(state.get(b"last_delivered_at")),
        ready=ready,
    )
