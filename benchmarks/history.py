"""How long the history takes to answer with many updates in it: `python -m benchmarks.history --updates 10000000`.

The rows are those that a projection of as many events writes: of 1,000 providers, ten updates an incident, two changes
of a component each, texts of 40 words of 50,000, few of them all the time. They are put in past the record, whose
reading `--projected` measures apart. With 10,000,000 updates SQLite takes 14 GB and 10 to 20 minutes to fill,
PostgreSQL (`--postgres` starts one of its own, `--database-url` uses an empty one) 22 GB and 30 to 50 minutes.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import psycopg

from benchmarks.history_filled import fill_postgres, fill_sqlite
from benchmarks.history_rows import NOW, PER_INCIDENT, PROVIDERS, events, spelled, word
from tests.history.postgres_server import running_postgres
from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.jsonlines import record_line
from tracker.history import FeedFilter, IncidentFilter, open_history
from tracker.history.opening import FILE_NAME

TIMES = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=200_000)
    parser.add_argument("--projected", type=int, default=20_000, help="updates of which the record is read")
    parser.add_argument("--directory", type=Path, help="keeps the database there, and uses one that is there")
    parser.add_argument("--postgres", action="store_true", help="in a PostgreSQL server that is started for it")
    parser.add_argument("--database-url", help="in the database at this address, which is filled if it is empty")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tracker-history-") as temporary:
        folder = given.directory or Path(temporary)
        folder.mkdir(exist_ok=True, parents=True)
        # The server's user has to reach it.
        Path(temporary).chmod(0o755)
        own = (
            running_postgres(folder, "shared_buffers=1GB", "max_wal_size=8GB") if given.postgres else nullcontext(None)
        )
        with own as own_url:
            url = own_url or given.database_url
            if given.projected:
                projected(Path(temporary) / "projected", given.projected)
            filled(folder, url, given.updates)
            asked(folder, url, given.updates)


def projected(folder: Path, updates: int) -> None:
    """Measure how fast the record is read."""
    folder.mkdir()
    record = folder / "updates.jsonl"
    with record.open("w") as stream:
        for seq, event in enumerate(events(updates), 1):
            stream.write(record_line(StreamedEvent(stream_id=f"{seq}-0", event=event)) + "\n")
    history = open_history(folder)
    began = time.monotonic()
    history.follow(record)
    print(f"read {updates} updates of the record: {updates / (time.monotonic() - began):.0f} a second", flush=True)
    history.close()


def filled(folder: Path, url: str | None, updates: int) -> None:
    """Put updates into a new history; leave one alone that is there."""
    if is_there(folder, url):
        return
    began = time.monotonic()
    size = fill_sqlite(folder, updates) if url is None else fill_postgres(url, updates)
    print(f"filled with {updates} updates in {time.monotonic() - began:.0f} s: {size:.1f} GB", flush=True)


def is_there(folder: Path, url: str | None) -> bool:
    if url is None:
        return (folder / FILE_NAME).exists()
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT to_regclass('events')").fetchone() != (None,)


def asked(folder: Path, url: str | None, updates: int) -> None:
    """Measure how long questions take: the median and the longest of 30, each of something else."""
    history = open_history(folder, url)
    chance = random.Random(7)
    some = [f"p{chance.randrange(PROVIDERS)}" for _ in range(TIMES)]
    words = [word(chance) for _ in range(TIMES)]
    # Of those 30 of the end, each has a ledger that is on record.
    incident = updates // PER_INCIDENT - PROVIDERS * 2
    hour = NOW - timedelta(hours=1)
    questions: dict[str, Callable[[int], object]] = {
        "provider's page, 90 days": lambda n: history.provider(some[n], NOW),
        "open incidents of all": lambda _: history.incidents(IncidentFilter(is_open=True)),
        "incidents of a provider": lambda n: history.incidents(IncidentFilter(providers=(some[n],))),
        "first and last event": lambda _: history.bounds(),
        "newest updates": lambda _: history.feed(),
        "updates of a provider": lambda n: history.feed(FeedFilter(providers=(some[n],))),
        "updates of 50 providers": lambda n: history.feed(FeedFilter(providers=tuple(f"p{n + i}" for i in range(50)))),
        "updates of the last hour": lambda _: history.feed(FeedFilter(since=hour), limit=500),
        "search: a word": lambda n: history.feed(FeedFilter(text=words[n])),
        "search: two words": lambda n: history.feed(FeedFilter(text=f"{words[n]} {words[n - 1]}")),
        "search: the most common word": lambda _: history.feed(FeedFilter(text=spelled(1))),
        "search: a rare word": lambda n: history.feed(FeedFilter(text=spelled(20_000 + n))),
        "search: four letters that begin one": lambda n: history.feed(FeedFilter(text=f"{words[n][:4]}*")),
        "search: two letters of common words": lambda n: history.feed(FeedFilter(text=f"{words[n][:2]}*")),
        "search: two letters of rare words": lambda n: history.feed(FeedFilter(text=f"{spelled(20_000 + n)[:2]}*")),
        "search: a word nowhere": lambda n: history.feed(FeedFilter(text=f"nowhere{n}")),
        "search: a word, of one provider": lambda n: history.feed(FeedFilter(text=spelled(2), providers=(some[n],))),
        "search: a word, of the last hour": lambda n: history.feed(FeedFilter(text=words[n], since=hour)),
        "an incident's ledger": lambda n: history.ledger(f"p{(incident + n) % PROVIDERS}", f"i{incident + n}", NOW),
    }
    for name, ask in questions.items():
        times = sorted(timed(ask, number) for number in range(TIMES))
        print(f"{name:36} median {times[TIMES // 2]:7.1f} ms   longest {times[-1]:7.1f} ms", flush=True)
    history.close()


def timed(ask: Callable[[int], object], number: int) -> float:
    began = time.perf_counter()
    ask(number)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
