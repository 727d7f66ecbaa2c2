"""How long a scrape of /metrics takes: `python -m benchmarks.scrape --providers 1000,10000`.

A real data server holds a catalogue with the counters that polling leaves behind; pages are in memory as in the web
server, all else is asked at each scrape, and the text is made each time.
"""

import argparse
import resource
import statistics
import time
from datetime import UTC, datetime
from typing import Any, Final

import redis
from prometheus_client import CollectorRegistry

from benchmarks.embedded import data_server
from tracker.delivery.event_stream import RECORD
from tracker.metrics.collector import TrackerCollector
from tracker.metrics.exposition import exposition
from tracker.model.clock import utc_now
from tracker.model.page import Component, ComponentStatus, Impact
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider
from tracker.polling.poll_cost import ENDINGS
from tracker.store.board import RedisBoard
from tracker.store.catalogue import RedisCatalogue
from tracker.store.codec import encode_state, encode_view
from tracker.store.connection import page_key
from tracker.store.measures import RedisMeasures
from tracker.web.now import NowBoard

COMPONENTS: Final = 10
#: Endings that a page has had after some days.
_ENDED: Final = ENDINGS[:2] + ENDINGS[4:5]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--providers", default="1000,10000")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for count in map(int, given.providers.split(",")):
        with data_server(keeps=False) as server:
            fill(server.client, count)
            measure(server.client, count, given.rounds)


def fill(client: "redis.Redis", count: int) -> None:
    """Have the data server hold so many pages that are fine, but for one in a hundred."""
    now = datetime.now(UTC)
    providers = [Provider(id=f"p{n:05}", name=f"P{n}", url=f"https://p{n}.example") for n in range(count)]
    RedisCatalogue(client).put(providers, now)
    fine = {str(n): Component(id=str(n), name=f"C{n}", status=ComponentStatus.OPERATIONAL) for n in range(COMPONENTS)}
    views = {bad: encode_view(PageView(components=fine, indicator=bad)) for bad in (Impact.NONE, Impact.MAJOR)}
    with client.pipeline(transaction=False) as pipe:
        for number, provider in enumerate(providers):
            fields: Any = {
                "state": encode_state(PageState(url=provider.url, seeded=True)),
                "view": views[Impact.MAJOR if number % 100 == 0 else Impact.NONE],
                "revision": 1,
                "checked": now.timestamp(),
                "received_bytes": 12_345_678,
                **{f"polls_{ending}": 1000 + number for ending in _ENDED},
            }
            pipe.hset(page_key(provider.id), mapping=fields)
        pipe.execute()


class _NothingNew:
    def __call__(self) -> frozenset[str]:
        return frozenset()


def measure(client: "redis.Redis", count: int, rounds: int) -> None:
    """Print how long scrapes took and how much each said."""
    board = NowBoard(RedisBoard(client), utc_now)
    board.refresh()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        TrackerCollector(lambda: list(board.now.pages.values()), RedisMeasures(client, RECORD), _NothingNew(), utc_now)
    )
    taken: list[float] = []
    worked: list[float] = []
    text = b""
    for _ in range(rounds):
        began, busy = time.perf_counter(), time.process_time()
        text = exposition(registry.collect(), is_open=True)
        taken.append(time.perf_counter() - began)
        worked.append(time.process_time() - busy)
    series = sum(not line.startswith(b"#") for line in text.splitlines())
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    scrape = f"scrape {statistics.median(taken):.2f} s, of which {statistics.median(worked):.2f} s of CPU"
    size = f"{series:,} series, {len(text) / 1e6:.1f} MB"
    print(f"{count:,} providers: {size}; {scrape}, longest {max(taken):.2f} s; {memory_mb:.0f} MB of memory in all")


if __name__ == "__main__":
    main()
