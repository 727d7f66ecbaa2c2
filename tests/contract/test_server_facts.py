"""What a real data server says of itself, to a user who may ask all of it and to one who may not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from tests.data_server import DataServer
from tests.fakes import event
from tracker.delivery.event_stream import RECORD, StreamedEvent
from tracker.delivery.sinks.jsonlines import RECORD_NAME, UpdateRecord
from tracker.diagnosis import Level, diagnose, gather
from tracker.diagnosis.facts import LOUD_EVENTS
from tracker.environment.settings import Settings
from tracker.store.connection import CURSORS, UPDATES, connect
from tracker.store.server_facts import server_facts

#: What the tracker needs at least, and neither INFO nor CONFIG.
POOR = "user poor on >pw ~* &* +@all -info -config\n"


def test_all_that_an_ordinary_server_says(tmp_path: Path, free_port: int) -> None:
    with DataServer(tmp_path, free_port, more="maxmemory 100mb\nmaxmemory-policy allkeys-lru\n") as server:
        client = connect(server.url)
        for text in ("one", "two", "three"):
            last = client.xadd(UPDATES, {"event": text})
        client.hset(CURSORS, RECORD, client.xrange(UPDATES, count=1)[0][0])
        client.rpush("fetch", "task")
        facts = server_facts(client, RECORD)
        client.hset(CURSORS, RECORD, last)
        settled = server_facts(client, RECORD)
        client.close()

    assert facts.version.startswith("valkey ")
    assert abs(facts.clock - datetime.now(UTC)) < timedelta(minutes=1)
    assert (facts.appends, facts.append_failed, facts.snapshots, facts.snapshot_failed) == (True, False, False, False)
    assert (facts.eviction_policy, facts.limit_bytes) == ("allkeys-lru", 100 << 20)
    assert facts.used_bytes is not None
    assert 0 < facts.used_bytes < facts.limit_bytes
    assert facts.queued == {"fetch": 1, "print": 0, "deliver": 0}
    assert facts.unrecorded == 2
    assert facts.unrecorded_since is not None
    assert (settled.unrecorded, settled.unrecorded_since) == (0, None)


def test_what_a_user_may_not_ask_is_left_out(tmp_path: Path, free_port: int) -> None:
    with DataServer(tmp_path, free_port, more=POOR) as server:
        client = redis.Redis.from_url(f"redis://poor:pw@127.0.0.1:{free_port}/0")
        facts = server_facts(client, RECORD)
        client.close()

    assert (facts.version, facts.appends, facts.eviction_policy, facts.used_bytes) == ("", None, None, None)
    assert server is not None


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{}/0", "redis://:secret@127.0.0.1:{}/0"])
def test_a_server_that_is_away_is_a_fact(tmp_path: Path, free_port: int, url: str) -> None:
    settings = Settings(redis_url=url.format(free_port), data_dir=tmp_path)

    diagnosis = diagnose(gather(settings, datetime.now(UTC)))

    assert diagnosis.level is Level.PROBLEM
    assert "nobody" in diagnosis.checks[0].finding or "refused" in diagnosis.checks[0].finding
    assert all("secret" not in check.finding for check in diagnosis.checks)


def test_a_page_that_changes_all_the_time_is_found_in_the_record(tmp_path: Path, free_port: int) -> None:
    now, folder = datetime.now(UTC), tmp_path / "data"
    folder.mkdir()
    ages = {"Loud": 1, "Loud before": 61}
    events = [
        event(f"{name}/{number}", provider_name=name, seen_at=now - timedelta(minutes=age))
        for name, age in ages.items()
        for number in range(LOUD_EVENTS)
    ]
    events.append(event("quiet/1", provider_name="Quiet", seen_at=now))
    record = UpdateRecord(folder / RECORD_NAME)
    record.deliver([StreamedEvent(stream_id=f"{place}-1", event=each) for place, each in enumerate(events, 1)])
    record.close()
    with DataServer(tmp_path, free_port) as server:
        facts = gather(Settings(redis_url=server.url, data_dir=folder), now)

    assert facts.loud == (("Loud", LOUD_EVENTS),)
