"""`tracker sinks` and `tracker providers` against a real data server."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import Result

from tests.contract.conftest import Run
from tests.outbox import DEAD_LETTER, committed, webhook
from tests.receiver import SECRET, Behaviour, Receiver, answers, close
from tracker.delivery.retry_policy import Accepted, FailureStreak, Postponed
from tracker.errors import ConfigError
from tracker.model.clock import utc_now
from tracker.model.page import Impact
from tracker.model.provider import Webhook
from tracker.store.catalogue import RedisCatalogue
from tracker.store.outbox import RedisOutbox
from tracker.store.sinks import RedisSinks

PROVIDER = '[[provider]]\nname = "A"\nurl = "https://a.example"\n'


@pytest.fixture
def sinks(valkey: "redis.Redis") -> RedisSinks:
    """One sink that took an update, refused one and then began to fail."""
    known = RedisSinks(valkey)
    known.sync([webhook(url="https://hooks.acme.example/hunter2")])
    committed(valkey, *"abc")
    outbox, now = RedisOutbox(valkey), utc_now()
    lease = outbox.begin("ops", now)
    assert lease is not None
    failing = FailureStreak(failures=2, failing_since=now)
    wait = Postponed(reason="answered 503", streak=failing, not_before=now + timedelta(minutes=5))
    for delivery, disposition in zip(outbox.take(lease, 3), (Accepted(), DEAD_LETTER, wait), strict=True):
        outbox.acknowledge(lease, delivery, disposition, now)
    outbox.end(lease)
    return known


@pytest.mark.usefixtures("sinks")
def test_the_list_reports_how_each_sink_does(run: Run) -> None:
    table, document = run("sinks", "list").stdout, run("sinks", "list", "--format", "json").stdout

    heads, row = table.splitlines()
    assert heads.split("  ")[0] == "SINK"
    for cell in ("ops", "failing", "hooks.acme.example", "0 s ago", "answered 503"):
        assert cell in row
    assert row.split()[3:6] == ["1", "1", "1"]
    (report,) = json.loads(document)
    known = {"sink": "ops", "state": "failing", "address": "hooks.acme.example", "waiting": 1, "dead": 1}
    known |= {"delivered": 1, "failures": 2, "last_error": "answered 503"}
    assert known.items() <= report.items()
    assert report["failing_since"] < report["not_before"]
    assert "hunter2" not in table + document


def test_without_sinks_the_list_is_a_head_alone(run: Run) -> None:
    assert len(run("sinks", "list").stdout.splitlines()) == 1


@pytest.mark.usefixtures("sinks")
def test_dead_letters_are_shown(run: Run) -> None:
    (letter,) = json.loads(run("sinks", "dead", "ops", "--format", "json").stdout)

    assert (letter["event"]["id"], letter["reason"]) == ("b", "answered 410")
    assert "answered 410" in run("sinks", "dead", "ops").stdout


def test_dead_letters_are_put_back(run: Run, sinks: RedisSinks) -> None:
    assert run("sinks", "retry", "ops").stdout == "1 updates are delivered to ops again\n"
    assert sinks.dead("ops") == []
    assert sinks.ready(utc_now()) == ("ops",)


def test_dead_letters_are_dropped(run: Run, sinks: RedisSinks) -> None:
    assert run("sinks", "drop", "ops").stdout == "1 dead letters of ops are forgotten\n"
    assert sinks.dead("ops") == []
    assert sinks.statuses()[0].undelivered == 0


@pytest.mark.usefixtures("sinks")
@pytest.mark.parametrize("command", ["dead", "retry", "drop", "test"])
def test_an_unknown_sink_is_named(run: Run, command: str) -> None:
    error = run("sinks", command, "pos").exception

    assert isinstance(error, ConfigError)
    assert str(error) == "there is no sink pos; `tracker sinks list` shows them all"


def sent_test(run: Run, valkey: "redis.Redis", receiver: Receiver, **fields: Any) -> Result:
    RedisSinks(valkey).sync([webhook(**{"url": receiver.url, "allow_private": True} | fields)])
    return run("sinks", "test", "ops", OPS_URL=receiver.url, OPS_SECRET=SECRET)


def test_a_test_is_signed_and_marked_and_its_answer_shown(run: Run, valkey: "redis.Redis") -> None:
    with Receiver(answers("200 OK", b"thanks")) as receiver:
        result = sent_test(run, valkey, receiver, url=None, url_env="OPS_URL", secret_env="OPS_SECRET")

    (delivery,) = receiver.deliveries
    assert result.exit_code == 0
    assert result.stdout.startswith("$OPS_URL answered 200 in ")
    assert result.stdout.endswith(" ms: thanks\n")
    assert delivery.is_signed_with(SECRET)
    assert delivery.id.startswith("tracker-test/ops/")
    assert (delivery.event["provider"], delivery.event["status"]) == ("tracker-test", "resolved")
    assert RedisSinks(valkey).statuses()[0].delivered == 0, "a test counts for nothing"


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (answers("401 Unauthorized"), " answered 401 in "),
        (close, "did not answer: the connection to 127.0.0.1 broke: closed without an answer"),
    ],
    ids=["refused", "without an answer"],
)
def test_a_test_that_fails_says_why(run: Run, valkey: "redis.Redis", behaviour: Behaviour, said: str) -> None:
    with Receiver(behaviour) as receiver:
        result = sent_test(run, valkey, receiver)

    assert result.exit_code == 1
    assert said in result.stdout
    assert "hunter2" not in result.output


def test_a_sync_brings_sinks_and_takes_them_away(run: Run, valkey: "redis.Redis", tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(PROVIDER + '[[sink]]\nname = "ops"\nurl_env = "OPS_URL"\n')
    first = run("providers", "sync", str(file))
    assert RedisSinks(valkey).webhooks() == (Webhook(name="ops", url_env="OPS_URL"),)
    file.write_text(PROVIDER)
    second = run("providers", "sync", str(file))

    assert first.stdout.splitlines()[1] == "1 sink: 1 added, 0 changed, 0 removed"
    assert second.stdout.splitlines()[1] == "0 sinks: 0 added, 0 changed, 1 removed"
    assert RedisSinks(valkey).webhooks() == ()
    assert len(run("providers", "sync", str(file)).stdout.splitlines()) == 1


def test_a_page_is_added_with_filters(run: Run, valkey: "redis.Redis") -> None:
    filters = ("--components", "API*", "--components", "!Beta", "--regions", "eu-*", "--min-impact", "major")

    added = run("providers", "add", "--no-check", "https://status.acme.example", *filters, "--events", "!update_edited")
    quiet = run("providers", "add", "--no-check", "https://quiet.example", "--no-maintenance")
    refused = run("providers", "add", "--no-check", "https://status.b.example", "--min-impact", "huge")

    assert (added.exit_code, quiet.exit_code) == (0, 0)
    acme, other = RedisCatalogue(valkey).providers()
    assert (acme.components, acme.regions, acme.min_impact) == (("API*", "!Beta"), ("eu-*",), Impact.MAJOR)
    assert (acme.events, acme.maintenance) == (("!update_edited",), True)
    assert (other.components, other.min_impact, other.maintenance) == ((), Impact.NONE, False)
    assert isinstance(refused.exception, ConfigError)
