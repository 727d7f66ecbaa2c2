"""A data server that lost its last second, or was put back from a backup: the record repeats and misses nothing."""

from pathlib import Path

import redis

from tests.fakes import RecordingSink, incident, page, update
from tests.vendor import SUMMARY, Stored
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import UpdateRecord


def test_what_the_data_server_forgot_is_found_again_and_not_written_twice(
    valkey: "redis.Redis", tmp_path: Path
) -> None:
    watch, console = Stored(valkey, url=SUMMARY, first_sight="silent"), RecordingSink()
    record = UpdateRecord(tmp_path / "updates.jsonl")

    def polls_and_prints(*updates: str) -> None:
        shown = [incident("i1", *(update(each, minute) for minute, each in enumerate(updates)))] if updates else []
        watch.shows(page(*shown, minute=len(updates)))
        watch.polls()
        Printer(watch.stream, record, console, watch.clock).drain()

    polls_and_prints()
    backup = {key: valkey.dump(key) for key in valkey.scan_iter()}
    polls_and_prints("u1")
    valkey.flushall()
    for key, value in backup.items():
        valkey.restore(key, 0, value)
    polls_and_prints("u1")
    polls_and_prints("u1", "u2")

    assert console.ids == ["acme/i1/u1", "acme/i1/u2"]
    assert len((tmp_path / "updates.jsonl").read_text().splitlines()) == 2
    record.close()
