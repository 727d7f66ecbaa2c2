"""One owner at a time: of the record, and of the providers of a file."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from tests.fakes import FakeClock, RecordingSink, event, provider
from tests.outbox import webhook
from tracker.delivery.event_stream import RECORD as CURSOR
from tracker.delivery.event_stream import Reported
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import ConfigError, Conflict, OwnedElsewhere
from tracker.model.channel import AlertmanagerConfig
from tracker.model.event import encode_event
from tracker.model.route import Alerting
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import ALERTING, OWNER_PREFIX, PROVIDERS, SINKS, UPDATES, VERSION, page_key, seen_key
from tracker.store.ownership import FILE, LEASE_S, RECORD, Ownership, Unowned, holder, kept_id
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


def lease(client: "redis.Redis", owner: str) -> Ownership:
    return Ownership(client, RECORD, owner, f"/data-{owner}/updates.jsonl")


def test_a_second_one_is_refused_with_who_and_since_when(client: "redis.Redis") -> None:
    lease(client, "a").hold(NOW)

    with pytest.raises(OwnedElsewhere, match=r"^/data-a/updates\.jsonl on .+, since 2026-11-27 10:00:00Z$"):
        lease(client, "b").hold(NOW)

    held = holder(client, RECORD)
    assert held is not None
    assert 0 < held.left_s <= LEASE_S
    assert holder(client, FILE) is None


def test_a_lease_ends_by_itself_and_by_its_owner_alone(client: "redis.Redis") -> None:
    first, second = lease(client, "a"), lease(client, "b")
    assert first.hold(NOW)
    assert not first.hold(NOW)
    second.release()
    with pytest.raises(OwnedElsewhere):
        second.hold(NOW)

    first.release()

    assert second.hold(NOW)
    first.release()
    assert not second.hold(NOW)
    assert 0 < client.pttl(f"{OWNER_PREFIX}{RECORD}") <= LEASE_S * 1000


def test_a_restarted_owner_takes_over_at_once_and_fences_the_one_before(client: "redis.Redis") -> None:
    before, restarted = lease(client, "a"), lease(client, "a")
    before.hold(NOW)
    restarted.hold(NOW)

    with pytest.raises(OwnedElsewhere):
        before.hold(NOW)

    assert int(restarted.token) > int(before.token)


def test_after_a_loss_of_everything_no_token_comes_again(client: "redis.Redis") -> None:
    first = lease(client, "a")
    first.hold(NOW)
    before = first.token
    client.flushall()
    assert lease(client, "a").hold(NOW)

    with pytest.raises(OwnedElsewhere):
        first.hold(NOW)
    held = client.hget(f"{OWNER_PREFIX}{RECORD}", "token")
    assert held is not None
    assert int(held) > int(before)


def test_nothing_is_written_down_without_the_lease(client: "redis.Redis") -> None:
    mine = lease(client, "a")
    mine.hold(NOW)
    stream = RedisStream(client, mine)
    first = client.xadd(UPDATES, {"event": encode_event(event())}).decode()
    stream.save_cursor(CURSOR, "0-0")
    RedisCatalogue(client).put([provider()], NOW)
    client.delete(f"{OWNER_PREFIX}{RECORD}")
    lease(client, "b").hold(NOW)

    for write in (
        lambda: stream.save_cursor(CURSOR, first),
        lambda: stream.save_timings(CURSOR, first, {}),
        lambda: stream.trim(before="9999999999999-0"),
        lambda: stream.redeliver({}, ()),
        lambda: stream.remind({"acme": Reported(keys=frozenset({"i/1"}))}, NOW, NOW),
    ):
        with pytest.raises(Conflict):
            write()

    assert stream.cursor(CURSOR) == "0-0"
    assert client.xlen(UPDATES) == 1
    assert not client.hexists(page_key("acme"), "state")
    assert not client.exists(seen_key("acme"))


def test_whoever_lost_the_catalogue_changes_nothing_in_it(client: "redis.Redis") -> None:
    page, other, channel = (
        provider(id="a"),
        provider(id="b"),
        AlertmanagerConfig(name="am", api_url="https://am.example"),
    )
    mine, theirs = Ownership(client, FILE, "a", "/a/providers.toml"), Ownership(client, FILE, "b", "/b/providers.toml")
    assert theirs.hold(NOW)
    RedisCatalogue(client, theirs).put([other], NOW, replacing="file")
    RedisSinks(client, theirs).sync([webhook("ops")])
    RedisAlerts(client, fence=theirs).sync(Alerting(channels=(channel,)))
    theirs.release()
    assert mine.hold(NOW)
    RedisCatalogue(client, mine).put([page], NOW, replacing="file")
    kept = {key: client.dump(key) for key in (PROVIDERS, SINKS, ALERTING, VERSION)}

    for fence in (theirs, Unowned()):
        for write in (
            lambda fence=fence: RedisCatalogue(client, fence).put([other], NOW, replacing="file"),
            lambda fence=fence: RedisCatalogue(client, fence).put([], NOW, replacing="file"),
            lambda fence=fence: RedisCatalogue(client, fence).restore([other], NOW, was_emptied=False),
            lambda fence=fence: RedisSinks(client, fence).sync([]),
            lambda fence=fence: RedisSinks(client, fence).restore([webhook("more")]),
            lambda fence=fence: RedisAlerts(client, fence=fence).sync(Alerting()),
        ):
            with pytest.raises(Conflict, match="has taken over the catalogue; nothing more was changed"):
                write()

    assert {key: client.dump(key) for key in kept} == kept
    assert RedisCatalogue(client, holder(client, FILE)).put([page, other], NOW, replacing="file").added == 1


def test_a_second_printer_warns_once_and_goes_on_where_the_first_stopped(
    client: "redis.Redis", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    RedisCatalogue(client).put([provider()], NOW, replacing="file")
    leases, printers, records = {}, {}, {}
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        leases[name] = lease(client, name)
        records[name] = tmp_path / name / "updates.jsonl"
        printers[name] = Printer(
            RedisStream(client, leases[name]),
            UpdateRecord(records[name]),
            RecordingSink(),
            FakeClock(NOW),
            leases[name],
        )
    client.xadd(UPDATES, {"event": encode_event(event("one"))})
    assert printers["a"].drain() == 1

    with caplog.at_level(logging.WARNING):
        client.xadd(UPDATES, {"event": encode_event(event("two"))})
        assert [printers["b"].drain() for _ in range(3)] == [0, 0, 0]

    assert len([line for line in caplog.messages if line.startswith("another printer writes")]) == 1
    leases["a"].release()
    assert printers["b"].drain() == 1
    client.xadd(UPDATES, {"event": encode_event(event("three"))})
    assert printers["a"].drain() == 0
    leases["b"].release()
    assert printers["a"].drain() == 1
    assert [records[name].read_text().count("\n") for name in ("a", "b")] == [2, 1]


def test_an_id_is_kept_and_a_file_that_holds_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "data" / "owner"

    assert kept_id(file) == kept_id(file) != kept_id(tmp_path / "owner")
    file.write_bytes(b"\xff\xff")
    with pytest.raises(ConfigError, match=r"cannot keep the owner's id in .*owner: it holds no id"):
        kept_id(file)
