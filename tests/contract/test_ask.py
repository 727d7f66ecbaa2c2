"""`tracker ask` against a real data server."""

import pytest
import redis

from tests.contract.conftest import Run
from tests.fakes import NOON, provider
from tracker.errors import ConfigError, StoreError
from tracker.store.asking import ask
from tracker.store.catalogue import RedisCatalogue


def test_an_answer_is_printed_a_line_a_value(run: Run, valkey: "redis.Redis") -> None:
    RedisCatalogue(valkey).put([provider()], NOON)
    valkey.hset("tracker:cursors", mapping={"record": "5-1", "console": "\x1b[31m5-2"})

    questions = ("ZCARD tracker:due", "hgetall tracker:cursors", "GET absent", "ZRANGE tracker:due 0 0")
    answers = [(result.exit_code, result.output) for result in (run("ask", *words.split()) for words in questions)]

    assert answers == [(0, "1\n"), (0, "record\n5-1\nconsole\n[31m5-2\n"), (0, "\n"), (0, "acme\n")]


@pytest.mark.parametrize("command", ["FLUSHALL", "set", "EVAL", "BLPOP", "CONFIG"])
def test_nothing_else_than_reading_is_sent(valkey: "redis.Redis", command: str) -> None:
    with pytest.raises(ConfigError, match=f"{command.upper()} is refused: it may write or block; allowed are"):
        ask(valkey, command, "a", "b")


def test_the_server_s_refusal_is_one_sentence(valkey: "redis.Redis") -> None:
    valkey.set("text", "a")

    with pytest.raises(StoreError, match=r"^the data server does not answer as it should \(ResponseError: WRONGTYPE"):
        ask(valkey, "LLEN", "text")
