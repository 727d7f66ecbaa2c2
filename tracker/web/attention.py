"""Notices whether anybody has the web pages open: while nobody does, the data server is read only occasionally."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

#: For this long after the last request, the pages are read often.
_LOOKED_FOR_S: Final = 5.0
#: A request waits for pages that were read no longer ago than this, but not for longer than `_PATIENCE_S`.
_FRESH_S: Final = 2.0
_PATIENCE_S: Final = 1.0


class Attention:
    """Connects requests for the pages with the task that reads them again. Belongs to one event loop."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._looked_s = self._read_s = float("-inf")
        #: Since when a request waits for fresh pages; None: none waits.
        self._waits_since_s: float | None = None
        self._wanted = asyncio.Event()
        self._read = asyncio.Event()

    async def look(self) -> None:
        """Return once the pages are fresh, or after a second: each answer says how old it is."""
        now_s = self._looked_s = self._monotonic()
        self._wanted.set()
        if now_s - self._read_s <= _FRESH_S:
            return
        if self._waits_since_s is None:
            self._waits_since_s = now_s
        self._read.clear()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._read.wait()
        except TimeoutError:
            return

    def done(self) -> None:
        """Note that the pages were read again, or could not be."""
        self._read_s, self._waits_since_s = self._monotonic(), None
        self._read.set()

    @property
    def waiting_s(self) -> float:
        """Return for how many seconds a request has waited for fresh pages, 0 if none waits."""
        since_s = self._waits_since_s
        return 0.0 if since_s is None else self._monotonic() - since_s

    def is_given(self, clients: int) -> bool:
        """Return whether there was a request within the last seconds, or a client listens."""
        return clients > 0 or self._monotonic() - self._looked_s <= _LOOKED_FOR_S

    async def rest(self, seconds: float, *, clients: int, idle_s: float) -> None:
        """Wait for `seconds` while somebody has a page open, else until somebody opens one, `idle_s` at most."""
        self._wanted.clear()
        await asyncio.sleep(seconds)
        if not self.is_given(clients):
            try:
                async with asyncio.timeout(max(0.0, idle_s - seconds)):
                    await self._wanted.wait()
            except TimeoutError:
                return
