"""What goes with one call, and what becomes of it."""

import asyncio
import selectors
from collections.abc import Sequence

import pytest

from tracker.errors import StoreError
from tracker.store.batching import Batcher


class Server:
    """Answers each call when the test says so."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def doubles(self, questions: Sequence[int]) -> list[int]:
        self.calls.append(list(questions))
        await self.may_answer.wait()
        error, self.error = self.error, None
        if error:
            raise error
        return [2 * question for question in questions]


async def _ticks() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_one_call_is_on_its_way_and_the_rest_waits_for_it() -> None:
    async def run() -> None:
        server = Server()
        together = Batcher(server.doubles, most=3)
        first = [together.ask(number) for number in range(2)]
        await _ticks()
        later = [together.ask(number) for number in range(2, 7)]
        await _ticks()
        assert server.calls == [[0, 1]]
        server.may_answer.set()

        assert await asyncio.gather(*first, *later) == [0, 2, 4, 6, 8, 10, 12]
        assert server.calls == [[0, 1], [2, 3, 4], [5, 6]]
        assert await together.ask(7) == 14

    asyncio.run(run())


def test_who_goes_away_before_the_call_asks_for_nothing() -> None:
    async def run() -> None:
        server = Server()
        server.may_answer.set()
        together = Batcher(server.doubles, most=3)
        gone, stays = together.ask(1), together.ask(2)
        gone.cancel()

        assert await stays == 4
        assert server.calls == [[2]]
        only = together.ask(3)
        only.cancel()
        await _ticks()
        assert server.calls == [[2]]
        assert await together.ask(4) == 8

    asyncio.run(run())


@pytest.mark.parametrize("error", [StoreError("the data server is gone"), ValueError("a mistake of ours")])
def test_a_call_that_fails_fails_for_all_that_went_with_it_and_for_no_other(error: Exception) -> None:
    async def run() -> None:
        server = Server()
        server.error = error
        together = Batcher(server.doubles, most=2)
        waiting = [together.ask(number) for number in range(2)]
        await _ticks()
        later = together.ask(2)
        server.may_answer.set()
        for answer in waiting:
            with pytest.raises(type(error), match=str(error)):
                await answer

        assert await later == 4

    asyncio.run(run())


def test_a_loop_that_ends_leaves_nobody_waiting() -> None:
    asked: list[asyncio.Future[int]] = []

    async def run() -> None:
        together = Batcher(Server().doubles, most=1)
        asked.extend(together.ask(number) for number in range(2))
        await _ticks()

    asyncio.run(run())

    assert all(answer.cancelled() for answer in asked)


class VirtualTime(selectors.SelectSelector):
    """A selector whose waits end at once, and of which the loop reads the time."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now_s += timeout or 0.0
        return super().select(0)


@pytest.mark.parametrize("gather_s", [0.0, 0.010])
def test_calls_begin_apart_and_the_first_one_waits_for_others(gather_s: float) -> None:
    time = VirtualTime()
    loop = asyncio.SelectorEventLoop(time)
    loop.time = lambda: time.now_s  # type: ignore[method-assign]
    calls: list[tuple[float, list[int]]] = []

    async def echoes(questions: Sequence[int]) -> Sequence[int]:
        calls.append((round(time.now_s, 3), list(questions)))
        return questions

    async def run() -> None:
        together = Batcher(echoes, most=3, apart_s=0.005, gather_s=gather_s)
        await together.ask(1)
        await together.ask(2)
        await asyncio.sleep(1)
        await asyncio.gather(*(together.ask(number) for number in range(3, 8)))

    loop.run_until_complete(run())
    loop.close()

    second_s, third_s = gather_s + 0.005, gather_s + 0.005 + 1
    # The third call is full, and does not wait.
    expected = [(gather_s, [1]), (second_s, [2]), (third_s, [3, 4, 5]), (third_s + 0.005, [6, 7])]
    assert calls == [(round(at_s, 3), numbers) for at_s, numbers in expected]
