"""Entries of the event stream, as they arrive."""

from typing import TYPE_CHECKING, Any, Final

from tracker.store.connection import UPDATES, close_async, translated

if TYPE_CHECKING:
    from redis.asyncio import Redis

#: The most entries of one answer; a waiter wants the newest id.
_TOGETHER: Final = 1000


class RedisArrivals:
    """Waits for entries of the event stream. Belongs to the loop that uses it first."""

    def __init__(self, client: "Redis") -> None:
        self._client = client
        #: The stream id of the last entry that came.
        self._last: str | bytes = "$"

    async def wait(self, seconds: float) -> bool:
        """Wait until something enters the stream; return whether it did. Raises StoreError.

        Only a hint: after a loss of data, it may miss the first entries of the new stream.
        """
        with translated():
            found: Any = await self._client.xread(
                {UPDATES: self._last}, count=_TOGETHER, block=max(1, round(seconds * 1000))
            )
        if found:
            self._last = found[0][1][-1][0]
        return bool(found)

    async def aclose(self) -> None:
        """Close the connection."""
        await close_async(self._client)
