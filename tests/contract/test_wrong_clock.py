"""A pause that a wrong clock wrote ends with the clock that is right."""

from datetime import timedelta

import pytest
import redis

from tests.fakes import NOON, event
from tests.outbox import webhook
from tracker.delivery.retry_policy import LONGEST_DELAY_S
from tracker.model.event import encode_event
from tracker.store.connection import SINK_PREFIX, UPDATES
from tracker.store.outbox import RedisOutbox
from tracker.store.sinks import RedisSinks


@pytest.mark.parametrize(
    ("ahead", "is_served"),
    [
        (timedelta(seconds=LONGEST_DELAY_S), False),
        (timedelta(hours=5), True),
        (timedelta(days=3650), True),
    ],
)
def test_a_sink_that_is_put_off_for_years_is_served(client: "redis.Redis", ahead: timedelta, is_served: bool) -> None:
    sinks = RedisSinks(client)
    sinks.sync([webhook("ops")])
    client.xadd(UPDATES, {"event": encode_event(event())})
    client.hset(f"{SINK_PREFIX}ops", "not_before", (NOON + ahead).timestamp())

    assert (sinks.ready(NOON) == ("ops",)) is is_served
    assert (RedisOutbox(client).begin("ops", NOON) is not None) is is_served
