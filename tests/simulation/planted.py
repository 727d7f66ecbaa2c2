"""Faults that are planted in the tracker, to show that the simulation finds them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from tracker.delivery.deliverer import Deliverer
from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.outbox import DeliveryLease
from tracker.delivery.recorder import RECORD
from tracker.delivery.retry_policy import Accepted
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.store.stream import RedisStream

Plant = Callable[[], Any]


@contextmanager
def _script(name: str, right: str, wrong: str) -> Iterator[None]:
    """Change one place of a Lua script."""
    read = Path.read_text

    def changed(path: Path, *args: Any, **options: Any) -> str:
        text = read(path, *args, **options)
        if path.name != f"{name}.lua":
            return text
        assert text.count(right) == 1, f"{name}.lua says {right!r} {text.count(right)} times"
        return text.replace(right, wrong)

    with patch.object(Path, "read_text", changed):
        yield


@contextmanager
def _cursor_before_record() -> Iterator[None]:
    read = RedisStream.read

    def reads_and_saves(stream: RedisStream, after: str, count: int) -> Sequence[StreamedEvent]:
        found = read(stream, after, count)
        if found:
            stream.save_cursor(RECORD, found[-1].stream_id)
        return found

    with patch.object(RedisStream, "read", reads_and_saves):
        yield


def _forgetful_record() -> Any:
    return patch.object(UpdateRecord, "missing", lambda _, events: list(events))


def _greedy_trim() -> Any:
    def positions(_: RedisStream) -> Mapping[str, Any]:
        return {}

    return patch.object(RedisStream, "_positions", positions)


@contextmanager
def _acknowledged_before_sent() -> Iterator[None]:
    wanted = Deliverer._wanted

    def acknowledges(deliverer: Deliverer, lease: DeliveryLease) -> Iterator[Any]:
        for delivery, event in wanted(deliverer, lease):
            deliverer._outbox.acknowledge(lease, delivery, Accepted(), deliverer._clock())
            yield delivery, event

    with patch.object(Deliverer, "_wanted", acknowledges):
        yield


#: By what is wrong.
PLANTED: Final[Mapping[str, Plant]] = {
    "an overtaken poll may commit": lambda: _script(
        "commit_rules", "(page[2] or '0') ~= commit[REVISION] or tonumber(page[1] or '0') > number", "false"
    ),
    "an update is marked as seen and not written": lambda: _script(
        "commit", "if key == '' or not is_marked(key) then", "if key == '' then"
    ),
    "the cursor is saved before the record": _cursor_before_record,
    "the record writes what it holds already": _forgetful_record,
    "the stream is trimmed without regard to webhooks": _greedy_trim,
    "a delivery is acknowledged before it is sent": _acknowledged_before_sent,
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
}
