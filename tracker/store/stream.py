"""The stream of events that commits write and outputs read, in the data server."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis

from tracker.errors import StoreError
from tracker.events import decode_event
from tracker.ports import StreamedEvent
from tracker.store.connection import CURSORS, UPDATES, translated


class RedisStream:
    """The `EventStream` of the distributed tracker."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    def read(self, after: str, count: int) -> Sequence[StreamedEvent]:
        """Return up to `count` entries after that stream id."""
        with translated():
            entries: Any = self._client.xrange(UPDATES, min=f"({after}", count=count)
        return [_read(stream_id.decode(), fields) for stream_id, fields in entries]

    def last_id(self) -> str:
        """Return the newest stream id ever given."""
        with translated():
            if not self._client.exists(UPDATES):
                return "0-0"
            info: Any = self._client.xinfo_stream(UPDATES)
        last_id = info["last-generated-id"]
        return last_id.decode() if isinstance(last_id, bytes) else str(last_id)

    def cursor(self, sink: str) -> str | None:
        """Return the stream id up to which that sink has delivered."""
        with translated():
            value: Any = self._client.hget(CURSORS, sink)
        return value.decode() if value else None

    def save_cursor(self, sink: str, stream_id: str) -> None:
        """Remember how far that sink has delivered."""
        with translated():
            self._client.hset(CURSORS, sink, stream_id)

    def trim(self, before: str) -> None:
        """Drop entries older than that stream id."""
        with translated():
            self._client.xtrim(UPDATES, minid=before)


def _read(stream_id: str, fields: Mapping[bytes, bytes]) -> StreamedEvent:
    try:
        return StreamedEvent(stream_id=stream_id, event=decode_event(fields[b"event"]))
    except (KeyError, ValueError) as error:
        raise StoreError(f"the data server holds an update {stream_id} that cannot be read ({error})") from error
