"""The sinks of the catalogue in the data server, each with its state and its dead letters."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import redis

from tracker.delivery.event_stream import order
from tracker.delivery.retry_policy import FailureStreak, is_put_off
from tracker.model.event import Event
from tracker.model.provider import Webhook
from tracker.store.codec import decode_webhook, encode_webhook
from tracker.store.connection import (
    AGAIN_PREFIX,
    DEAD_PREFIX,
    SINK_PREFIX,
    SINKS,
    UPDATES,
    load_script,
    moment,
    translated,
)
from tracker.store.ownership import Fence, require_catalogue, token_of
from tracker.store.scripts.catalogue import SinksArguments, SinksKeys
from tracker.store.scripts.delivery import RedriveKeys
from tracker.store.stream import entered_at, read_event
from tracker.store.sync import Synced


class SinkStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one sink."""

    webhook: Webhook
    streak: FailureStreak
    #: Events that are not settled yet; those that its filters leave out count until it is their turn.
    waiting: int = 0
    dead: int = 0
    #: Redriven dead letters that wait for their delivery; `waiting` counts them, too.
    redriven: int = 0
    delivered: int = 0
    #: While its receiver fails: when it is tried again.
    not_before: datetime | None = None
    last_delivered_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None

    @property
    def undelivered(self) -> int:
        """Return the number of updates that were given up, including redriven ones that wait."""
        return self.dead + self.redriven


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was given up, and why."""

    event: Event
    reason: str
    died_at: datetime


class RedisSinks:
    """Workers see a change of the sinks with their next call.

    With a fence, `sync` and `restore` raise Conflict once another tracker has the catalogue.
    """

    def __init__(self, client: "redis.Redis", fence: Fence | None = None) -> None:
        self._client = client
        self._fence = fence
        self._sync = load_script(client, "sinks")
        self._redrive = load_script(client, "redrive")

    def sync(self, webhooks: Iterable[Webhook]) -> Synced:
        """Replace the sinks by these; forget the deliveries that wait for removed ones."""
        return self._run_sync("sync", webhooks)

    def restore(self, webhooks: Iterable[Webhook], fence: Fence | None = None) -> Synced:
        """Restore missing sinks; each begins with all events in the stream, none of which was delivered to it."""
        return self._run_sync("restore", webhooks, fence)

    def webhooks(self) -> tuple[Webhook, ...]:
        """Return the sinks, sorted by name."""
        with translated():
            entries: Any = self._client.hvals(SINKS)
        return tuple(sorted(map(decode_webhook, entries), key=lambda webhook: webhook.name))

    def ready(self, now: datetime) -> tuple[str, ...]:
        """Return the names of the sinks that have pending events and are in no pause."""
        return tuple(
            status.webhook.name
            for status in self.statuses()
            if status.waiting and not is_put_off(status.not_before, now)
        )

    def statuses(self) -> tuple[SinkStatus, ...]:
        """Return the state of every sink, sorted by name."""
        webhooks = self.webhooks()
        if not webhooks:
            return ()
        unread = self._unread()
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for webhook in webhooks:
                pipe.hgetall(SINK_PREFIX + webhook.name)
                pipe.xlen(AGAIN_PREFIX + webhook.name)
                pipe.xlen(DEAD_PREFIX + webhook.name)
            answers: list[Any] = pipe.execute()
        return tuple(
            # A sink without a group has lost it with the stream: its next delivery makes one.
            _status(webhook, *answers[3 * i : 3 * i + 3], unread=unread.get(webhook.name, 1))
            for i, webhook in enumerate(webhooks)
        )

    def dead(self, sink: str) -> Sequence[DeadLetter]:
        """Return a sink's dead letters, oldest first."""
        with translated():
            entries: Any = self._client.xrange(DEAD_PREFIX + sink)
        return [
            DeadLetter(
                event=read_event(stream_id, fields),
                reason=fields[b"reason"].decode(),
                died_at=entered_at(stream_id),
            )
            for stream_id, fields in entries
        ]

    def redrive(self, sink: str) -> int:
        """Redrive a sink's dead letters; return how many there were."""
        keys = RedriveKeys(dead_key=DEAD_PREFIX + sink, again_key=AGAIN_PREFIX + sink, state_key=SINK_PREFIX + sink)
        with translated():
            return int(self._redrive(keys=keys.values))

    def _run_sync(self, mode: str, webhooks: Iterable[Webhook], fence: Fence | None = None) -> Synced:
        pairs = [part for webhook in webhooks for part in (webhook.name, encode_webhook(webhook))]
        arguments = SinksArguments(mode=mode, token=token_of(fence or self._fence))
        with translated():
            answer = self._sync(keys=SinksKeys().values, args=(*arguments.values, *pairs))
        require_catalogue(bool(answer))
        added, changed, removed = answer
        return Synced(added=added, changed=changed, removed=removed)

    def drop(self, sink: str) -> int:
        """Forget a sink's dead letters; return how many there were."""
        with translated(), self._client.pipeline(transaction=True) as pipe:
            pipe.xlen(DEAD_PREFIX + sink)
            pipe.delete(DEAD_PREFIX + sink)
            dropped, _ = pipe.execute()
        return int(dropped)

    def _unread(self) -> dict[str, int]:
        """Return for each group of the stream how many entries it has not acknowledged."""
        with translated():
            if not self._client.exists(UPDATES):
                return {}
            groups: Any = self._client.xinfo_groups(UPDATES)
            stream: Any = self._client.xinfo_stream(UPDATES)
        newest = stream["last-entry"][0] if stream["last-entry"] else b"0-0"
        return {group["name"].decode(): group["pending"] + _lag(group, newest, stream["length"]) for group in groups}


def _lag(group: dict[str, Any], newest: bytes, length: int) -> int:
    """Return the number of entries that a group has not read. The server's count is off after entries were dropped."""
    if order(group["last-delivered-id"]) >= order(newest):
        return 0
    known = group["lag"]
    return max(1, min(length if known is None else known, length))


def _status(webhook: Webhook, state: dict[bytes, bytes], again: int, dead: int, *, unread: int) -> SinkStatus:
    error = state.get(b"last_error")
    return SinkStatus(
        webhook=webhook,
        streak=FailureStreak(
            failures=int(state.get(b"failures", 0)), failing_since=moment(state.get(b"failing_since"))
        ),
        waiting=unread + again,
        dead=dead,
        redriven=again,
        delivered=int(state.get(b"delivered", 0)),
        not_before=moment(state.get(b"not_before")),
        last_delivered_at=moment(state.get(b"last_delivered_at")),
        last_error=error.decode() if error else None,
        last_error_at=moment(state.get(b"last_error_at")),
    )
