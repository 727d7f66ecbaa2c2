"""What a month of one busy page leaves behind: bounded, and nothing of it is ever reported again.

The data server is a real one; the clock and the network are not.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.fakes import FakeClock, RecordingSink
from tests.vendor import INCIDENTS, TIMEOUT, Stored, Vendor
from tracker.delivery.event_stream import CONSOLE, RECORD
from tracker.delivery.latency import MOST_TIMINGS
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.detection.edits import MOST_INCIDENTS
from tracker.model.provider import FirstSight
from tracker.store.codec import decode_digests
from tracker.store.connection import (
    CURSORS,
    DUE,
    GENERATION,
    POLLS,
    PREFIX,
    PROVIDERS,
    SCHEDULE,
    UPDATES,
    VERSION,
    latency_key,
    page_key,
    seen_before_key,
    seen_key,
)
from tracker.store.leases import MOST_SEEN

DAYS, UPDATES_A_DAY, WINDOW = 30, 334, 50
#: What one page takes in the data server however long it is watched, in bytes, as the server counts it.
MOST_BYTES = 1024 * 1024
#: Of the stream, whole nodes are dropped.
MOST_ENTRIES = 200


class Month(Stored):
    """A page on which much happens, polled every two hours and printed every day."""

    def __init__(
        self, client: "redis.Redis", directory: Path, window: int = WINDOW, most_seen: int = MOST_SEEN
    ) -> None:
        clock = FakeClock()
        self.vendor = Vendor(clock, window=window)
        super().__init__(client, clock, self.vendor.fetcher, most_seen=most_seen, first_sight=FirstSight.ALL)
        self.console = RecordingSink()
        self._record = UpdateRecord(directory / "updates.jsonl")
        self._printer = Printer(self.stream, self._record, self.console, clock)
        #: Keys of all updates in the order in which they were posted.
        self.posted: list[str] = []

    def posts(self, count: int) -> None:
        """Post so many updates, five to an incident."""
        for _ in range(count):
            is_new = len(self.posted) % 5 == 0
            incident_id = None if is_new else self.posted[-1].partition("/")[0]
            status = "resolved" if len(self.posted) % 5 == 4 else "investigating"
            self.posted.append(self.vendor.posts(incident_id, status))

    def passes_a_day(self) -> None:
        for hour in range(0, 24, 2):
            self.posts(UPDATES_A_DAY * (hour + 2) // 24 - UPDATES_A_DAY * hour // 24)
            self.polls()
            self.clock.passes(minutes=119)
        self.printed()

    def printed(self) -> list[str]:
        """Print what is to be printed; return the keys of all that is on record, in its order."""
        self._printer.drain()
        return [event_id.partition("/")[2] for event_id in self.console.ids]

    def bytes_in_the_server(self) -> dict[str, int]:
        """Return what the server needs for what is kept of the page, by key."""
        keys = (page_key("acme"), seen_key("acme"), seen_before_key("acme"), latency_key("acme"))
        return {key: self.client.memory_usage(key, samples=0) or 0 for key in keys}

    def ends(self) -> None:
        self._record.close()


@pytest.fixture
def begin(valkey: "redis.Redis", tmp_path: Path) -> Iterator[Callable[..., Month]]:
    """Begins a month."""
    begun: list[Month] = []

    def begin(**bounds: int) -> Month:
        begun.append(Month(valkey, tmp_path, **bounds))
        return begun[-1]

    yield begin
    for month in begun:
        month.ends()


@pytest.fixture
def month(begin: Callable[..., Month]) -> Month:
    """A month that has not begun yet."""
    return begin()


@pytest.mark.parametrize(("days", "most_seen"), [(10, 900), pytest.param(DAYS, MOST_SEEN, marks=pytest.mark.faults)])
def test_a_month_of_ten_thousand_updates_leaves_little_and_reports_each_once(
    begin: Callable[..., Month], valkey: "redis.Redis", record_property: Any, days: int, most_seen: int
) -> None:
    """Ten days with smaller bounds wrap around them as often as a month."""
    month, most = begin(most_seen=most_seen), dict[str, int]()
    for day in range(days):
        month.passes_a_day()
        # Incidents of last week come back for a day.
        for key in {key.partition("/")[0] for key in month.posted[-7 * UPDATES_A_DAY :: 500]} if day > 7 else ():
            month.vendor.shows_again(key)
        taken = month.bytes_in_the_server()
        most = {key: max(most.get(key, 0), size) for key, size in taken.items()}
        assert valkey.scard(seen_key("acme")) <= most_seen + 1000
        assert valkey.scard(seen_before_key("acme")) <= most_seen + 1000
        assert valkey.xlen(UPDATES) <= MOST_ENTRIES
        assert valkey.zcard(latency_key("acme")) <= MOST_TIMINGS

    # Both sets changed places several times; with them, what was known of the first days is gone.
    assert len(month.posted) > 2 * most_seen
    assert not valkey.sismember(seen_key("acme"), month.posted[0])
    assert not valkey.sismember(seen_before_key("acme"), month.posted[0])
    for incident_id in dict.fromkeys(key.partition("/")[0] for key in month.posted[:1000:20]):
        month.vendor.shows_again(incident_id)
        month.polls()

    assert month.printed() == month.posted
    digests = decode_digests(valkey.hget(page_key("acme"), "ledger"))
    assert len(digests) <= MOST_INCIDENTS
    assert set(valkey.hkeys(CURSORS)) == {RECORD.encode(), CONSOLE.encode()}
    keys = {key.decode() for key in valkey.scan_iter(f"{PREFIX}*", count=1000)}
    assert keys == {*(PROVIDERS, VERSION, GENERATION, SCHEDULE, DUE, POLLS, UPDATES, CURSORS), *most}
    record_property("bytes_of_a_page", sum(most.values()))
    assert sum(most.values()) < MOST_BYTES, most


def test_a_quiet_page_takes_next_to_nothing(month: Month) -> None:
    month.posts(10)
    for _ in range(20):
        month.polls()

    assert sum(month.bytes_in_the_server().values()) < 8 * 1024


def test_a_page_that_shows_more_than_is_kept_loses_nothing_that_comes_late(begin: Callable[..., Month]) -> None:
    """Its sets would change places with every poll, and what was published minutes ago would count as old."""
    month = begin(window=200, most_seen=100)
    for _ in range(10):
        month.posts(20)
        month.polls()
    month.posts(5)
    for _ in range(5):
        month.vendor.stamps()
        month.vendor.fetcher.raises(INCIDENTS, TIMEOUT)
        month.polls()
    month.vendor.answers()
    month.polls()

    assert month.client.scard(seen_key("acme")) > 100
    assert month.printed() == month.posted


def test_a_page_of_nothing_but_new_ids_takes_no_more_than_its_share(begin: Callable[..., Month]) -> None:
    """A page that makes up ids is bounded by size, if not by days."""
    month = begin(window=40, most_seen=20)
    for _ in range(30):
        month.posts(40)
        month.polls()

    assert month.client.scard(seen_key("acme")) < 10 * 20 + 100
    assert month.client.scard(seen_before_key("acme")) < 10 * 20 + 100
    assert month.printed() == month.posted


def test_a_month_without_a_printer_is_reported_when_it_comes(month: Month) -> None:
    for _ in range(48):
        month.posts(14)
        month.polls()
        month.clock.passes(hours=1)
    assert month.client.xlen(UPDATES) == len(month.posted)

    assert month.printed() == month.posted
    assert month.client.xlen(UPDATES) <= MOST_ENTRIES


def test_hours_of_failures_take_nothing(month: Month) -> None:
    month.polls()
    before = sum(month.bytes_in_the_server().values())
    month.vendor.fails()
    for _ in range(300):
        month.clock.passes(hours=1)
        month.polls()

    assert sum(month.bytes_in_the_server().values()) < before + 1024
