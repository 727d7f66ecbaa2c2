"""Faults that are planted in the tracker, to show that the simulation finds them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from msgspec.structs import replace

from tracker.alerting import row as rows
from tracker.alerting import sender as senders
from tracker.alerting.alert import Alert, AlertTarget, Phase
from tracker.alerting.channel import Operation
from tracker.alerting.row import PlannedMessage, SentRow
from tracker.alerting.sender import Sender
from tracker.alerting.stores import Decided, ReadEvent
from tracker.delivery.deliverer import Deliverer
from tracker.delivery.event_stream import RECORD, StreamedEvent
from tracker.delivery.outbox import DeliveryLease
from tracker.delivery.retry_policy import Accepted
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.connection import ALERTS_GROUP, UPDATES, script_text
from tracker.store.stream import RedisStream

Plant = Callable[[], Any]


@contextmanager
def _script(name: str, right: str, wrong: str) -> Iterator[None]:
    """Change one place of a Lua script."""

    def changed(read: Callable[..., str], path: Path, *args: Any, **options: Any) -> str:
        text = read(path, *args, **options)
        if path.name != f"{name}.lua":
            return text
        assert text.count(right) == 1, f"{name}.lua says {right!r} {text.count(right)} times"
        return text.replace(right, wrong)

    script_text.cache_clear()
    try:
        with _around(Path, "read_text", changed):
            yield
    finally:
        script_text.cache_clear()


@contextmanager
def _around(owner: Any, name: str, wrong: Callable[..., Any]) -> Iterator[None]:
    """Have `wrong` called in place of a function, with that function before its arguments."""
    right = getattr(owner, name)

    def call(*args: Any, **options: Any) -> Any:
        return wrong(right, *args, **options)

    with patch.object(owner, name, call):
        yield


def _saves_cursor(read: Callable[..., Sequence[StreamedEvent]], stream: RedisStream, *args: Any) -> Any:
    found = read(stream, *args)
    if found:
        stream.save_cursor(RECORD, found[-1].stream_id)
    return found


def _acknowledges_first(wanted: Callable[..., Any], deliverer: Deliverer, lease: DeliveryLease) -> Iterator[Any]:
    for delivery, event in wanted(deliverer, lease):
        deliverer._outbox.acknowledge(lease, delivery, Accepted(), deliverer._clock())
        yield delivery, event


def _takes_events(events: Callable[..., Sequence[ReadEvent]], store: RedisAlerts, count: int) -> Sequence[ReadEvent]:
    found = events(store, count)
    if found:
        store._client.xack(UPDATES, ALERTS_GROUP, *(each.stream_id for each in found))
    return found


def _keeps_alerts_alone(keep: Callable[..., None], store: RedisAlerts, owner: str, decided: Decided, now: Any) -> None:
    keep(store, owner, replace(decided, stream_ids=()), now)


@contextmanager
def _events_before_alerts() -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(_around(RedisAlerts, "events", _takes_events))
        stack.enter_context(_around(RedisAlerts, "keep", _keeps_alerts_alone))
        yield


def _forgets_handle(settle: Callable[..., None], *args: Any, **more: Any) -> None:
    store, lease, ready, row, now = args
    settle(store, lease, ready, replace(row, handle=None), now, **more)


def _skips_close(
    going_on: Callable[..., PlannedMessage | None], target: AlertTarget, row: SentRow
) -> PlannedMessage | None:
    plan = going_on(target, row)
    return None if plan is not None and plan.act is Operation.CLOSE and plan.version > row.version + 1 else plan


def _forgets_close(
    planned: Callable[..., PlannedMessage | None], alert: Alert, target: AlertTarget, row: SentRow, **more: Any
) -> PlannedMessage | None:
    return planned(alert, target, row, **more) if target.phase in (Phase.OPEN, Phase.CLOSED) else None


def _forgets_doubt(failed: Callable[..., Any], *args: Any) -> Any:
    sender, lease, ready, row, before, error = args
    return failed(sender, lease, ready, row, replace(before, intent=None), error)


#: By what is wrong.
PLANTED: Final[Mapping[str, Plant]] = {
    "an overtaken poll may commit": lambda: _script(
        "commit_rules", "(page[2] or '0') ~= commit[REVISION] or tonumber(page[1] or '0') > number", "false"
    ),
    "an update is marked as seen and not written": lambda: _script(
        "commit", "if key == '' or not is_marked(key) then", "if key == '' then"
    ),
    "the cursor is saved before the record": lambda: _around(RedisStream, "read", _saves_cursor),
    "the record writes what it holds already": lambda: patch.object(
        UpdateRecord, "missing", lambda _, events: list(events)
    ),
    "the stream is trimmed without regard to webhooks": lambda: patch.object(RedisStream, "_positions", lambda _: {}),
    "a delivery is acknowledged before it is sent": lambda: _around(Deliverer, "_wanted", _acknowledges_first),
    "a claimed page has no next time": lambda: _script(
        "claim", "redis.call('ZADD', due_key, unpack(times))", "redis.call('ZREM', due_key, unpack(ids))"
    ),
    "the lease of a dead worker does not end": lambda: _script(
        "begin", "if left > 0 and left < lease + 1 then", "if page[1] and page[1] ~= '0' then"
    ),
    "the lease of a dead deliverer does not end": lambda: _script("delivery_lease", ", 'PX', lease_ms)", ")"),
    "two deliverers have one sink": lambda: _script(
        "delivery_lease", "if holder and holder ~= owner then", "if false then"
    ),
    "events are acknowledged before their alerts are kept": _events_before_alerts,
    "the handle of an alert is not written": lambda: _around(RedisRows, "settle", _forgets_handle),
    "what is about to be sent is not written": lambda: patch.object(RedisRows, "intend", lambda *_: None),
    "a close is skipped with the versions before it": lambda: _around(rows, "_going_on", _skips_close),
    "a close that waits is forgotten when the alert reopens": lambda: _around(senders, "planned", _forgets_close),
    "a failure ends the doubt about an earlier call": lambda: _around(Sender, "_failed", _forgets_doubt),
    "a row is written without the lease": lambda: _script("alert_row", "holder ~= owner", "false"),
    "what is decided during a call does not stay ready": lambda: _script(
        "alert_row", "alert and redis.sha1hex(alert) ~= alert_digest", "false"
    ),
    "two senders have one channel": lambda: _script("alert_lease", "holder and holder ~= owner", "false"),
    "the lease of a dead sender does not end": lambda: _script("alert_lease", ", 'PX', lease_ms)", ")"),
    "a channel that asks for a pause gets none": lambda: patch.object(senders, "pause_s", lambda *_: 1.0),
}
