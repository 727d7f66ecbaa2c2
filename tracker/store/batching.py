"""Group commit: requests of one tick share a call, and later ones share the next.

A call costs ten times what one more page in it costs. So calls of a kind begin some milliseconds apart, unless a group
is full: under load, twenty pages share a call where three would have. After a pause the first call goes at once, or a
little later where its caller can wait and others may join it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from tracker.errors import StoreError

Q = TypeVar("Q")
A = TypeVar("A")


class Batcher(Generic[Q, A]):
    """Sends many requests with one call, one call at a time. Belongs to the loop that uses it first."""

    def __init__(
        self,
        call: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        most: int,
        apart_s: float = 0.0,
        gather_s: float = 0.0,
    ) -> None:
        """Call for at most `most` requests, `apart_s` after the last call or `gather_s` after the first request."""
        self._call = call
        self._most = most
        self._apart_s = apart_s
        self._gather_s = gather_s
        #: When the next call may begin, by the loop's clock.
        self._next_call_s = 0.0
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        #: Set while a request waits or a call is on its way.
        self._calling: asyncio.Task[None] | None = None

    def ask(self, request: Q) -> "asyncio.Future[A]":
        """Return a future of the answer; if a call fails, the futures of all its requests raise StoreError."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[A] = loop.create_future()
        self._waiting.append((request, answer))
        if self._calling is None:
            # A task begins with the next tick: all requests of this one go along.
            self._calling = loop.create_task(self._go_on())
        return answer

    async def _go_on(self) -> None:
        try:
            now = asyncio.get_running_loop().time
            left_s = self._next_call_s - now()
            await self._pause(left_s if left_s > 0 else self._gather_s)
            while group := self._next():
                self._next_call_s = now() + self._apart_s
                await self._ask(group)
                if self._waiting:
                    await self._pause(self._next_call_s - now())
        finally:
            self._calling = None
            for _, answer in self._waiting:  # only if this task was cancelled
                answer.cancel()
            self._waiting.clear()

    async def _pause(self, seconds: float) -> None:
        """Wait for more requests to join the next call, unless it is full."""
        if seconds > 0 and len(self._waiting) < self._most:
            await asyncio.sleep(seconds)

    def _next(self) -> list[tuple[Q, "asyncio.Future[A]"]]:
        """Return the group of the next call, without requests whose caller no longer waits."""
        group: list[tuple[Q, asyncio.Future[A]]] = []
        while self._waiting and len(group) < self._most:
            asked = self._waiting.popleft()
            if not asked[1].done():
                group.append(asked)
        return group

    async def _ask(self, group: list[tuple[Q, "asyncio.Future[A]"]]) -> None:
        try:
            answers = await self._call([request for request, _ in group])
            _expect(len(group), answers)
        except asyncio.CancelledError:
            for _, waiting in group:
                waiting.cancel()
            raise
        except Exception as error:  # noqa: BLE001  every caller gets the error
            _fail([waiting for _, waiting in group], error)
        else:
            for (_, waiting), answer in zip(group, answers, strict=True):
                if not waiting.done():
                    waiting.set_result(answer)


def _expect(count: int, answers: Sequence[object]) -> None:
    if len(answers) != count:
        raise StoreError(f"the data server gave {len(answers)} answers to {count} requests")


def _fail(all_waiting: "Iterable[asyncio.Future[A]]", error: Exception) -> None:
    for waiting in all_waiting:
        if waiting.done():
            continue
        own = error
        if isinstance(error, StoreError):
            # Each caller gets an exception of its own: raising one adds to its traceback.
            own = StoreError(*error.args)
            own.__cause__ = error
        waiting.set_exception(own)
