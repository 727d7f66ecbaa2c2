"""The demand of the measurements, in a real data server."""

import time

import pytest
import redis

from benchmarks import demand
from benchmarks.demand import QUEUE, Demand
from tracker.store.connection import DUE

PAGES = [f"p{number}" for number in range(10)]
#: Most steps of a hundredth of a second that this test lasts.
STEPS = 6
LATER = time.time() + 3600


def due(client: "redis.Redis") -> list[str]:
    return sorted(page.decode() for page in client.zrangebyscore(DUE, "-inf", LATER - 1))


def test_every_page_is_made_due_once(valkey: "redis.Redis") -> None:
    valkey.zadd(DUE, dict.fromkeys(PAGES, LATER))

    Demand(valkey, [*PAGES, "unknown"]).once()

    assert due(valkey) == PAGES


def test_no_more_is_made_due_than_is_taken(valkey: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand, "_WAITING", 4)
    valkey.zadd(DUE, dict.fromkeys(PAGES, LATER))
    valkey.lpush(QUEUE, "somebody else's")
    wanted = Demand(valkey, PAGES)

    wanted.last(0.05)

    # One with each step goes on falling due.
    assert 3 <= len(due(valkey)) <= 3 + STEPS
    wanted.end()
    assert not valkey.exists(QUEUE)
