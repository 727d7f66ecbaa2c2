"""A data server that lost its last second, or was put back from a backup: the record repeats and misses nothing."""

from pathlib import Path

import redis

from tests.fakes import FakeClock, FakeFetcher, RecordingSink, incident, page, provider, summary, update
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.store.catalogue import RedisCatalogue
from tracker.store.pages import RedisPages
from tracker.store.stream import RedisStream

URL = "https://status.acme.example/api/v2/summary.json"


def saved(client: "redis.Redis") -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.scan_iter()}


def put_back(client: "redis.Redis", backup: dict[bytes, bytes]) -> None:
    client.flushall()
    for key, value in backup.items():
        client.restore(key, 0, value)


def test_what_the_data_server_forgot_is_found_again_and_not_written_twice(
    valkey: "redis.Redis", tmp_path: Path
) -> None:
    clock, fetcher, console = FakeClock(), FakeFetcher(), RecordingSink()
    acme = provider(url=URL, first_sight="silent")
    RedisCatalogue(valkey).put([acme], clock())
    poller = Poller(RedisPages(valkey), Observer(fetcher), clock)
    record = UpdateRecord(tmp_path / "updates.jsonl")

    def polls_and_prints() -> None:
        clock.passes(seconds=60)
        poller.poll(acme.id)
        Printer(RedisStream(valkey), record, console, clock).drain()

    fetcher.answers(URL, summary(page()))
    polls_and_prints()
    backup = saved(valkey)
    fetcher.answers(URL, summary(page(incident("i1", update("u1")), minute=1)))
    polls_and_prints()
    put_back(valkey, backup)
    polls_and_prints()
    fetcher.answers(URL, summary(page(incident("i1", update("u1"), update("u2", 1)), minute=2)))
    polls_and_prints()

    assert console.ids == ["acme/i1/u1", "acme/i1/u2"]
    assert len((tmp_path / "updates.jsonl").read_text().splitlines()) == 2
    record.close()
