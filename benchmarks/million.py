"""One data server with a million pages: what claiming, publishing, taking, beginning and committing cost it.

No page is requested; every poll is answered with "not modified". One process takes the part of beat and of
the workers, one step after the other and each for many pages: it claims and publishes as beat does, takes messages as
workers do, begins and commits in groups as their event loop does. What each step costs the data server is read from
the kernel to the nanosecond. A group is what happens to be ready at the same time; few are ready when the load is low.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import redis
import redis.asyncio

from benchmarks.demand import QUEUE
from benchmarks.embedded import Embedded, data_server
from benchmarks.origin.site import COMPONENTS, statuspage
from benchmarks.results import keep
from benchmarks.scheduler_drivers import rss_mb
from benchmarks.table import show
from benchmarks.throughput import numbers
from tracker.detection.snapshots import digest, known_components, projection
from tracker.model.clock import utc_now
from tracker.model.page_state import Activity, KnownAnswer, PageState, PageView, Source
from tracker.model.provider import Provider, Validators
from tracker.parse import read
from tracker.polling.page_store import Commit, GroupedPages, PollLease
from tracker.polling.poll_cost import PollCost, ResponseClass
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import page_key
from tracker.store.pages import RedisPages

INTERVAL_S: Final = 60
#: Pages that are put in together.
_FILLED_TOGETHER: Final = 5000
_WRITTEN_TOGETHER: Final = 200
#: Messages that a worker takes with one call, and pages that go through all steps before the next ones do.
_TAKEN_TOGETHER: Final = 64
_BATCH: Final = 4000
#: As beat's (`workers.scheduler`).
CLAIM_LIMIT: Final = 500
_STEPS: Final = ("claim and publish", "take", "begin", "commit")


@dataclass
class Spent:
    """What one step took."""

    pages: int = 0
    seconds: float = 0.0
    server_s: float = 0.0
    client_s: float = 0.0


@dataclass
class Costs:
    """What all steps took, by name."""

    server: int
    steps: dict[str, Spent] = field(default_factory=lambda: {name: Spent() for name in _STEPS})

    @contextmanager
    def of(self, name: str) -> Iterator[Spent]:
        """Count what happens within, but for its number of pages."""
        spent = self.steps[name]
        before = time.perf_counter(), run_s(self.server), time.process_time()
        yield spent
        spent.seconds += time.perf_counter() - before[0]
        spent.server_s += run_s(self.server) - before[1]
        spent.client_s += time.process_time() - before[2]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each step, and one for all of a check."""
        rows = [
            {
                "step": name,
                "data server, µs": round(1e6 * spent.server_s / spent.pages, 1),
                "client, µs": round(1e6 * spent.client_s / spent.pages, 1),
                "per second, one client": round(spent.pages / spent.seconds),
            }
            for name, spent in self.steps.items()
        ]
        whole = {
            "step": "a check",
            "data server, µs": round(self.server_us, 1),
            "client, µs": round(1e6 * sum(spent.client_s / spent.pages for spent in self.steps.values()), 1),
            "per second, one client": round(1 / sum(spent.seconds / spent.pages for spent in self.steps.values())),
        }
        return [*rows, whole]

    @property
    def server_us(self) -> float:
        """Return what a check costs the data server, in microseconds."""
        return 1e6 * sum(spent.server_s / spent.pages for spent in self.steps.values())


def main() -> None:
    options = _options()
    with data_server(keeps=not options.without_file) as server:
        os.environ.update(server.environ)  # before Celery's settings are read
        about = _filled(server, options.providers, options.components)
        print(json.dumps(about), file=sys.stderr)
        rows: list[dict[str, Any]] = []
        rounds = _Batches(server)
        for group in options.groups:
            costs = rounds.run(group, options.seconds)
            rows += [{"ready together": group, **row} for row in costs.rows()]
            about[f"checks/s that fill one of its cores, {group} together"] = round(1e6 / costs.server_us)
        about["refused"] = rounds.refused
    what = f"{options.providers:,} pages, {'without' if options.without_file else 'with'} its file"
    show(f"million/{what}", keep(f"million/{what}", vars(options), about))
    show(f"million/{what}, steps", keep(f"million/{what}, steps", vars(options), rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="million", description="Measure one data server with very many pages.")
    parser.add_argument("--providers", type=int, default=1_000_000)
    parser.add_argument("--components", type=int, default=COMPONENTS, help="of each page")
    parser.add_argument("--groups", type=numbers, default=(1, 64, 200), help="pages that are ready together")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each size of groups is measured")
    parser.add_argument("--without-file", action="store_true", help="without the append-only file")
    return parser.parse_args()


# --- what the data server holds ---


def _filled(server: Embedded, count: int, components: int) -> dict[str, Any]:
    """Put providers into the catalogue, and for each of them a page that was read."""
    began = time.monotonic()
    catalogue = RedisCatalogue(server.client)
    for at in range(0, count, _FILLED_TOGETHER):
        catalogue.put(map(_provider, range(at, min(count, at + _FILLED_TOGETHER))), utc_now())
    put_s = time.monotonic() - began
    fields = _page(server.client, components)
    for at in range(0, count, _WRITTEN_TOGETHER):
        with server.client.pipeline(transaction=False) as pipe:
            for number in range(at, min(count, at + _WRITTEN_TOGETHER)):
                pipe.hset(page_key(_provider(number).id), mapping=fields)
            pipe.execute()
    return {
        "pages": count,
        "put into the catalogue, s": round(put_s, 1),
        "pages written, s": round(time.monotonic() - began - put_s, 1),
        "bytes of a page's hash": server.client.memory_usage(page_key(_provider(0).id), samples=0),
        "RSS of the data server, GB": round(rss_mb(server.pid) / 1e3, 2),
    }


def _provider(number: int) -> Provider:
    url = f"https://status.vendor-{number}.example"
    return Provider(id=f"vendor-{number}", name=f"Vendor {number}", url=url, interval_s=INTERVAL_S)


def _page(client: "redis.Redis", components: int) -> Any:
    """Return the fields of a page that was read once, as a commit writes them."""
    pages, now = RedisPages(client), utc_now() - timedelta(hours=1)
    lease = pages.begin(_provider(0).id, now)
    assert isinstance(lease, PollLease)
    *_, summary = statuspage((), components=components).values()
    snapshot = read(summary, format="statuspage")
    primary = f"{lease.provider.url}/api/v2/summary.json"
    validators = Validators(etag='W/"0123456789abcdef0123456789abcdef"', last_modified="Thu, 01 Jan 2026 00:00:00 GMT")
    state = PageState(
        url=lease.provider.url,
        seeded=True,
        source=Source(format="statuspage", primary=primary),
        answers={primary: KnownAnswer(validators=validators, digest=digest(summary), stamp=snapshot.updated_at)},
        projection=projection(snapshot),
        activity=Activity(quiet_since=now),
    )
    cost = PollCost(ending=ResponseClass.CHANGED, received_bytes=len(summary) // 10, answer_bytes=len(summary) // 10)
    view = PageView(components=known_components({}, snapshot))
    pages.commit(lease, Commit(state=state, view=view, digests={}, checked_at=now, read_at=now, cost=cost))
    fields: Any = client.hgetall(page_key(lease.provider.id))
    del fields[b"slot"]  # which the catalogue has written for each page
    return fields


# --- rounds of polls ---


class _Batches:
    """Polls all pages again and again. Its clock goes on by an interval once nothing is due."""

    def __init__(self, server: Embedded) -> None:
        from workers.application import app  # noqa: PLC0415  it reads the environment
        from workers.publishing import FetchPublisher  # noqa: PLC0415  as above
        from workers.tasks import fetch_provider  # noqa: PLC0415  as above

        self._server = server
        self._catalogue = RedisCatalogue(server.client)
        self._publisher = FetchPublisher(fetch_provider)
        self._producer = app.amqp.Producer(app.connection_for_write(), auto_declare=False)
        self._now = utc_now() + timedelta(seconds=INTERVAL_S)
        self.refused = 0

    def run(self, group: int, seconds: float) -> Costs:
        """Return what polls cost of which so many are ready together."""
        return asyncio.run(self._run(group, seconds))

    async def _run(self, group: int, seconds: float) -> Costs:
        client = redis.asyncio.Redis.from_url(self._server.url)
        pages: GroupedPages = import_module("tracker.store.grouped").RedisGroupedPages(client)
        costs, ends_at = Costs(self._server.pid), time.monotonic() + seconds
        try:
            while time.monotonic() < ends_at:
                self._dispatch(costs)
                await self._poll(costs, pages, self._taken(costs), group)
        finally:
            await client.aclose()
        return costs

    def _dispatch(self, costs: Costs) -> None:
        (queue,) = self._publisher.queues
        with costs.of("claim and publish") as spent:
            claimed = 0
            while claimed < _BATCH:
                claims, _ = self._catalogue.claim(self._now, CLAIM_LIMIT)
                if claims:
                    self._publisher.publish(self._producer, queue, claims, utc_now())
                    claimed += len(claims)
                elif claimed:
                    break  # each page once a round
                else:
                    self._now += timedelta(seconds=INTERVAL_S)
            spent.pages += claimed

    def _taken(self, costs: Costs) -> list[str]:
        """Return the ids of what was published; taken as workers do, and read when the clock stands."""
        raw: list[bytes] = []
        with costs.of("take") as spent:
            while True:
                answer: Any = self._server.client.lmpop(1, QUEUE, direction="RIGHT", count=_TAKEN_TOGETHER)
                if not answer:
                    break
                raw += answer[1]
            spent.pages += len(raw)
        bodies = (json.loads(b64decode(json.loads(message)["body"])) for message in raw)
        return [arguments[0] for arguments, _, _ in bodies]

    async def _poll(self, costs: Costs, pages: GroupedPages, ids: Sequence[str], group: int) -> None:
        """Begin and commit all of these, so many together."""
        now, leases = self._now, []
        quiet = Commit(checked_at=now, cost=PollCost(ending=ResponseClass.NOT_MODIFIED))
        with costs.of("begin") as spent:
            for some in _groups(ids, group):
                leases += await asyncio.gather(*(pages.begin(provider_id, now) for provider_id in some))
            spent.pages += len(leases)
        begun = [lease for lease in leases if isinstance(lease, PollLease)]
        self.refused += len(leases) - len(begun)
        with costs.of("commit") as spent:
            for some_leases in _groups(begun, group):
                commits = (pages.commit(lease, quiet) for lease in some_leases)
                ended = await asyncio.gather(*commits, return_exceptions=True)
                self.refused += sum(each != 0 for each in ended)
            spent.pages += len(begun)


def _groups(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def run_s(pid: int) -> float:
    """Return for how long all threads of a process have run so far, in seconds, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


if __name__ == "__main__":
    main()
