"""`tracker ask` against a real data server."""

from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from tests.fakes import NOON, provider
from tracker.cli import cli
from tracker.errors import ConfigError, StoreError
from tracker.store.asking import ask
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect


def test_an_answer_is_printed_a_line_a_value(valkey: "redis.Redis", valkey_url: str, tmp_path: Path) -> None:
    RedisCatalogue(valkey).put([provider()], NOON)
    valkey.hset("tracker:cursors", mapping={"record": "5-1", "console": "\x1b[31m5-2"})
    answers = []

    for words in ("ZCARD tracker:due", "hgetall tracker:cursors", "GET absent", "ZRANGE tracker:due 0 0"):
        command = ["ask", *words.split(), "--data-dir", str(tmp_path)]
        result = CliRunner().invoke(cli, command, env={"REDIS_URL": valkey_url})
        answers.append((result.exit_code, result.output))

    assert answers == [(0, "1\n"), (0, "record\n5-1\nconsole\n[31m5-2\n"), (0, "\n"), (0, "acme\n")]


@pytest.mark.parametrize("command", ["FLUSHALL", "set", "EVAL", "BLPOP", "CONFIG"])
def test_nothing_else_than_reading_is_sent(valkey: "redis.Redis", command: str) -> None:
    with pytest.raises(ConfigError, match=f"{command.upper()} is not asked: it may write or block; known are"):
        ask(valkey, command, "a", "b")


def test_the_server_s_refusal_is_one_sentence(valkey_url: str) -> None:
    client = connect(valkey_url)
    client.set("text", "a")

    with pytest.raises(StoreError, match=r"^the data server does not answer as it should \(ResponseError: WRONGTYPE"):
        ask(client, "LLEN", "text")
    client.close()
