"""The stream of events that commits write and outputs read, in the data server."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import redis

from tracker.delivery.event_stream import Reported, StreamedEvent, Watched, order
from tracker.delivery.latency import MOST_TIMINGS, Timing
from tracker.detection.readability import read_until
from tracker.errors import Conflict, StoreError
from tracker.model.event import Event, decode_event, encode_event
from tracker.model.keys import KEYS_VERSION
from tracker.model.page import ComponentStatus
from tracker.model.page_state import PageState, PageView, Readability
from tracker.store.catalogue import ASKED_AFTER
from tracker.store.codec import decode_provider, encode_state, encode_timing, encode_view
from tracker.store.connection import (
    AGAIN_PREFIX,
    ALERTS_GROUP,
    CURSORS,
    GENERATION,
    POLLS,
    PROVIDERS,
    SINKS,
    UPDATES,
    load_script,
    moment,
    page_key,
    seen_key,
    translated,
)
from tracker.store.ownership import Ownership
from tracker.store.scripts.stream import (
    RECORD_OWNER,
    CursorArguments,
    CursorKeys,
    GroupArguments,
    GroupKeys,
    RemindArguments,
    RemindKeys,
    TimingArguments,
    TimingKeys,
    TrimArguments,
    TrimKeys,
)

log = logging.getLogger(__name__)

#: The most entries that an idle webhook can hold back: some 100 MB, months of events of some hundred pages.
MOST_ENTRIES: Final = 100_000
#: The position of a group that has read nothing.
NOWHERE: Final = "0-0"
#: How many pages one call restores from the record.
_REMINDED_TOGETHER: Final = 100
#: Entries that are read to drop those beyond the limit; the rest goes next time.
_LOOKED_AT: Final = 1000


class _Position(NamedTuple):
    """The position of a group in the stream."""

    #: Before it the group needs nothing.
    first: str
    #: Whether it needs that entry itself.
    is_pending: bool


class RedisStream:
    """The `EventStream` of the distributed tracker.

    With a lease, it writes nothing once another printer has the lease: those calls raise Conflict.
    """

    def __init__(self, client: "redis.Redis", lease: Ownership | None = None) -> None:
        self._client = client
        self._lease = lease
        self._save_cursor = load_script(client, "cursor")
        self._restore_groups = load_script(client, "groups")
        self._trim = load_script(client, "trim")
        self._save_timings = load_script(client, "timings")
        self._remind = load_script(client, "remind")

    def read(self, after: str, count: int) -> Sequence[StreamedEvent]:
        """Return up to `count` entries after that stream id."""
        with translated():
            entries: Any = self._client.xrange(UPDATES, min=f"({after}", count=count)
        return [
            StreamedEvent(stream_id=stream_id.decode(), event=read_event(stream_id, fields))
            for stream_id, fields in entries
        ]

    def cursor(self, sink: str) -> str | None:
        """Return the stream id up to which that sink has delivered."""
        with translated():
            value: Any = self._client.hget(CURSORS, sink)
        return value.decode() if value else None

    def save_cursor(self, sink: str, stream_id: str) -> None:
        """Store the cursor of that sink."""
        arguments = CursorArguments(output=sink, stream_id=stream_id, token=self._token)
        with translated():
            _checked(self._save_cursor(keys=CursorKeys().values, args=arguments.values) == 1)

    def save_timings(self, sink: str, stream_id: str, timings: Mapping[str, Sequence[Timing]]) -> None:
        """Store the cursor of that sink, and the timings of updates."""
        arguments = TimingArguments(output=sink, stream_id=stream_id, most_timings=MOST_TIMINGS, token=self._token)
        measured = [
            part
            for provider_id, known in timings.items()
            for timing in known
            for part in (provider_id, order(timing.stream_id)[0], encode_timing(timing))
        ]
        with translated():
            _checked(self._save_timings(keys=TimingKeys().values, args=(*arguments.values, *measured)) == 1)

    def generation(self) -> str | None:
        """Return the name that the catalogue was given when it was put in."""
        with translated():
            value: Any = self._client.get(GENERATION)
        return value.decode() if value else None

    def polled_at(self) -> datetime | None:
        """Return when a poll was committed last."""
        with translated():
            value: Any = self._client.hget(POLLS, "at")
        return moment(value)

    def watched(self) -> Watched | None:
        """Return the time for which a process saw the catalogue whole before it restored it, None without a loss."""
        with translated():
            answer: Any = self._client.hmget(POLLS, "watched_since", "watched_until")
        since, until = map(moment, answer)
        return Watched(since=since, until=until) if since and until else None

    def remind(
        self,
        reported: Mapping[str, Reported],
        known_until: datetime,
        now: datetime,
        *,
        begun_at: datetime | None = None,
    ) -> bool:
        """Restore the states of pages that were never read from the record; return whether there are pages."""
        with translated():
            entries: Any = self._client.hvals(PROVIDERS)
        for start in range(0, len(entries), _REMINDED_TOGETHER):
            with translated(), self._client.pipeline(transaction=False) as pipe:
                for provider in map(decode_provider, entries[start : start + _REMINDED_TOGETHER]):
                    known = reported.get(provider.id, Reported())
                    until = read_until(provider, known_until, known.unreadable_at, begun_at)
                    state = PageState(
                        url=provider.url,
                        keys_version=KEYS_VERSION,
                        known_until=until,
                        # So that it is reported once it can be read again.
                        readability=Readability(unreadable_since=known.unreadable_at),
                    )
                    keys = RemindKeys(page_key=page_key(provider.id), seen_key=seen_key(provider.id))
                    arguments = RemindArguments(
                        token=self._token,
                        provider_id=provider.id,
                        now_s=now.timestamp(),
                        waited_s=ASKED_AFTER.total_seconds(),
                        state=encode_state(state),
                        view=encode_view(_view(known)),
                    )
                    self._remind(keys=keys.values, args=(*arguments.values, *sorted(known.keys)), client=pipe)
                answers: Any = pipe.execute()
            _checked(min(answers) >= 0)
        return bool(entries)

    def redeliver(
        self, events: Mapping[str, Sequence[Event]], otherwise: Sequence[Event]
    ) -> Mapping[str, Sequence[Event]]:
        """Add events to the redriven letters, which each sink gets before new events."""
        with translated(), self._client.pipeline(transaction=True) as pipe:
            pipe.watch(RECORD_OWNER)  # type: ignore[no-untyped-call]
            held: Any = pipe.hget(RECORD_OWNER, "token")
            _checked(self._token in ("", (held or b"").decode()))
            sinks: Any = pipe.hkeys(SINKS)
            pipe.multi()
            given = {name.decode(): events.get(name.decode(), otherwise) for name in sinks}
            for sink, letters in given.items():
                for event in letters:
                    pipe.xadd(AGAIN_PREFIX + sink, {"event": encode_event(event)})
            pipe.execute()
        return given

    def given_again(self, sinks: Collection[str]) -> Collection[str]:
        """Return the sinks for which such letters are left."""
        ordered = list(sinks)
        with translated(), self._client.pipeline(transaction=False) as pipe:
            for sink in ordered:
                pipe.xlen(AGAIN_PREFIX + sink)
            return [sink for sink, left in zip(ordered, pipe.execute(), strict=True) if left]

    def trim(self, before: str) -> Mapping[str, str]:
        """Drop entries older than that stream id, but none that a webhook still waits for unless they are too many."""
        with translated():
            if not self._restore_groups(keys=GroupKeys().values, args=GroupArguments().values):
                return {}
            # A webhook's position only ever grows, so that it need not be read and used in one step.
            positions = self._positions()
            waiting = {sink: position.first for sink, position in positions.items()}
            self._dropped(min([before, *waiting.values()], key=order), "~")
            excess = self._client.xlen(UPDATES) - MOST_ENTRIES
            if excess > 0 and waiting:
                self._drop(excess, before, waiting)
        return {
            sink: preceding(position.first) if position.is_pending else position.first
            for sink, position in positions.items()
            if sink != ALERTS_GROUP
        }

    @property
    def _token(self) -> str:
        return self._lease.token if self._lease else ""

    def _dropped(self, first_kept: str, exactness: str) -> int:
        arguments = TrimArguments(first_kept=first_kept, exactness=exactness, token=self._token)
        dropped = int(self._trim(keys=TrimKeys().values, args=arguments.values))
        _checked(dropped >= 0)
        return dropped

    def _positions(self) -> dict[str, _Position]:
        """Return the position of each group of the stream."""
        groups: Any = self._client.xinfo_groups(UPDATES)
        return {group["name"].decode(): self._position(group) for group in groups}

    def _position(self, group: dict[str, Any]) -> _Position:
        pending: Any = self._client.xpending(UPDATES, group["name"])
        if pending["pending"]:
            return _Position(first=pending["min"].decode(), is_pending=True)
        position = group["last-delivered-id"].decode()
        if position == NOWHERE:
            # It has read nothing yet, so that nothing of this stream was dropped.
            entries: Any = self._client.xrange(UPDATES, count=1)
            if entries:
                return _Position(first=entries[0][0].decode(), is_pending=True)
        return _Position(first=position, is_pending=False)

    def _drop(self, excess: int, before: str, waiting: Mapping[str, str]) -> None:
        """Drop the oldest entries, and none from `before` on: those are not printed yet."""
        entries: Any = self._client.xrange(UPDATES, count=min(excess, _LOOKED_AT) + 1)
        end = min(entries[-1][0].decode(), before, key=order)
        dropped = self._dropped(end, "=")
        if dropped:
            behind = ", ".join(name for name, first in waiting.items() if order(first) < order(end))
            log.warning("the event stream is full; dropped %d events not taken by these sinks: %s", dropped, behind)


def _checked(has_lease: bool) -> None:
    if not has_lease:
        raise Conflict("another printer now writes the record")


def _view(reported: Reported) -> PageView:
    """Return the view of a page according to its reported events."""
    fallen = [known.id for known in reported.components.values() if known.status is not ComponentStatus.OPERATIONAL]
    return PageView(
        components=dict(reported.components),
        falls_reported=tuple(fallen),
        open_incidents=reported.incidents,
        open_maintenances=tuple(known for known in reported.maintenances if known.status != "scheduled"),
        planned_maintenances=tuple(known for known in reported.maintenances if known.status == "scheduled"),
    )


def read_event(stream_id: bytes, fields: Mapping[bytes, bytes]) -> Event:
    """Return the event of an entry. Raises StoreError."""
    try:
        return decode_event(fields[b"event"])
    except (KeyError, ValueError) as error:
        raise StoreError(
            f"the data server holds an update {stream_id.decode()} that cannot be read ({error})"
        ) from error


def preceding(stream_id: str) -> str:
    """Return an id that lies between this entry and the one before it."""
    milliseconds, sequence = order(stream_id)
    return f"{milliseconds}-{sequence - 1}" if sequence else f"{milliseconds - 1}-{2**64 - 1}"


def entered_at(stream_id: bytes) -> datetime:
    """Return when an entry came into its stream."""
    return datetime.fromtimestamp(order(stream_id)[0] / 1000, UTC)
