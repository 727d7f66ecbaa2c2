"""Who looks at the pages has them fresh; while nobody does, they are hardly read."""

import asyncio

from tracker.web.attention import Attention


class _Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_look_waits_until_the_pages_are_fresh() -> None:
    async def scene() -> None:
        clock = _Clock()
        attention = Attention(clock)
        looking = asyncio.create_task(attention.look())
        await asyncio.sleep(0)
        assert not looking.done()
        clock.now_s += 20
        assert attention.waiting_s == 20
        attention.done()
        await looking
        assert attention.waiting_s == 0
        clock.now_s += 1
        looking = asyncio.create_task(attention.look())  # they were read a second ago
        await asyncio.sleep(0)
        assert looking.done()

    asyncio.run(scene())


def test_an_idle_reader_rests_until_somebody_looks() -> None:
    async def scene() -> None:
        clock = _Clock()
        attention = Attention(clock)
        attention.done()
        resting = asyncio.create_task(attention.rest(0, clients=0, idle_s=3600))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not resting.done()
        assert not attention.is_given(0)
        clock.now_s += 60
        looking = asyncio.create_task(attention.look())
        await resting
        attention.done()
        await looking
        assert attention.is_given(0)
        clock.now_s += 60
        assert not attention.is_given(0)

    asyncio.run(scene())


def test_somebody_who_listens_keeps_the_reader_going() -> None:
    asyncio.run(asyncio.wait_for(Attention(_Clock()).rest(0, clients=1, idle_s=3600), 5))
