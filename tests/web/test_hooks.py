"""Pushes of vendors: each has the page polled at once, forged ones no more often than is polite, and nothing else."""

from datetime import timedelta

import redis

from tests.web.running import RunningWeb, provider, utc, well
from tracker.environment.web import WebSettings
from tracker.store.board import RedisBoard
from tracker.store.connection import DUE
from tracker.web.routes.acts import hook_of, hooked

KEY = "k" * 32


def test_an_address_names_one_provider_and_cannot_be_guessed() -> None:
    address = hook_of(KEY, "acme.eu")
    assert hooked(KEY, address) == "acme.eu"
    for other in (
        address[:-1],
        address + "0",
        hook_of("x" * 32, "acme.eu"),
        "acme." + address.rpartition(".")[2],
        "",
        "é.",
    ):
        assert hooked(KEY, other) is None
    assert hooked(None, address) is None


def test_a_push_makes_its_page_due_and_needs_no_token(valkey: "redis.Redis", tmp_path) -> None:
    settings = WebSettings(token="t" * 20, hook_key=KEY, hosts=frozenset({"status.example"}))
    with RunningWeb(valkey, tmp_path, settings, bound="0.0.0.0") as web:
        web.watch((provider(), well()), (provider("zeta"), well()))
        valkey.zadd(DUE, {"acme": 9e9, "zeta": 9e9})
        headers = {"Host": "status.example", "Origin": "https://acme.example", "Content-Type": "application/json"}
        pushed = web.post(f"/hooks/{hook_of(KEY, 'acme')}", data=b"{not even JSON", headers=headers)
        assert (pushed.status_code, pushed.json()) == (200, {"provider": "acme", "done": "due"})
        assert valkey.zscore(DUE, "acme") <= utc().timestamp()
        assert valkey.zscore(DUE, "zeta") == 9e9
        assert web.post("/hooks/acme.0123", headers=headers).status_code == 404
        assert web.post(f"/hooks/{hook_of(KEY, 'nobody')}", headers=headers).status_code == 404
        assert valkey.zscore(DUE, "nobody") is None


def test_many_pushes_cost_a_fetch_now_and_one_later_and_none_is_lost(valkey: "redis.Redis") -> None:
    board, now, pause = RedisBoard(valkey), utc(), timedelta(seconds=5)
    board.add(provider(), now)
    valkey.zadd(DUE, {"acme": 9e9})
    assert board.push("acme", now, pause)
    assert valkey.zscore(DUE, "acme") <= now.timestamp() + 0.01
    valkey.zadd(DUE, {"acme": 9e9})  # it was asked
    for _ in range(50):
        assert board.push("acme", now, pause)
    later = valkey.zscore(DUE, "acme") - now.timestamp()
    assert 4 < later <= 5
    valkey.zadd(DUE, {"acme": 9e9})  # asked once more, before its time
    assert board.push("acme", now, pause)
    assert valkey.zscore(DUE, "acme") == 9e9
    assert not board.push("nobody", now, pause)


def test_a_page_that_is_due_earlier_stays_so(valkey: "redis.Redis") -> None:
    board, now = RedisBoard(valkey), utc()
    board.add(provider(), now)
    valkey.zadd(DUE, {"acme": 5.0})
    assert board.push("acme", now, timedelta(seconds=5))
    assert valkey.zscore(DUE, "acme") == 5.0
