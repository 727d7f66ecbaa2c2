"""How long the history takes to answer with many updates in it: `python -m benchmarks history --updates 10000000`.

The rows are those that a projection of as many events writes: of 1,000 providers, ten updates an incident, two changes
of a component each, texts of 40 words. They are put in without the record, whose reading `--projected` measures apart.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.jsonlines import record_line
from tracker.history import FeedFilter, IncidentFilter, open_history
from tracker.history.answers import Phase, RecordedIncident
from tracker.history.opening import FILE_NAME
from tracker.history.projection import _COMPONENTS, _EVENTS, _INCIDENTS
from tracker.history.rows import event_row, incident_row, to_us
from tracker.history.schema import TABLES
from tracker.history.sqlite import SqliteDatabase
from tracker.model.event import Event, EventKind
from tracker.model.page import Impact

PROVIDERS: Final = 1000
PER_INCIDENT: Final = 10
NOW: Final = datetime(2026, 11, 27, 12, tzinfo=UTC)
STATUSES: Final = ("investigating", "identified", "monitoring", "resolved")
IMPACTS: Final = (Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=200_000)
    parser.add_argument("--projected", type=int, default=20_000, help="updates of which the record is read")
    parser.add_argument("--directory", type=Path, help="keeps the database there, and uses one that is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tracker-history-") as temporary:
        folder = given.directory or Path(temporary)
        projected(Path(temporary) / "projected", given.projected)
        if not (folder / FILE_NAME).exists():
            filled(folder, given.updates)
        asked(folder)


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


def filled(folder: Path, updates: int) -> None:
    """Put updates into a new history."""
    began = time.monotonic()
    open_history(folder).close()
    database = SqliteDatabase(folder / FILE_NAME)
    indexes = [line for line in TABLES[0] if line.startswith("CREATE INDEX events")]
    with database.writing() as session:
        for line in indexes:
            session.execute(f"DROP INDEX {line.split()[2]}")
    with database.reading() as session:
        session.execute("PRAGMA cache_size = -2000000")
    rows: list[dict[str, Any]] = []
    for seq, event in enumerate(events(updates), 1):
        rows.append(event_row(seq, StreamedEvent(stream_id=f"{seq}-0", event=event)))
        if len(rows) == 100_000 or seq == updates:
            with database.writing() as session:
                session.execute_many(_EVENTS, rows)
            rows = []
    print(f"events: {time.monotonic() - began:.0f} s", flush=True)
    with database.writing() as session:
        session.execute_many(_INCIDENTS, (incident_row(incident) for incident in incidents(updates)))
        session.execute_many(_COMPONENTS, spans(updates))
        session.execute_many(
            "INSERT INTO polls VALUES (:provider, :day, 1440, 3)",
            (
                {"provider": f"p{number}", "day": f"{NOW - timedelta(days=day):%Y-%m-%d}"}
                for number in range(PROVIDERS)
                for day in range(90)
            ),
        )
        for line in indexes:
            session.execute(line)
        session.execute("INSERT INTO events_text (events_text) VALUES ('rebuild')")
        session.execute("INSERT INTO notes (name, value) VALUES ('seq', :seq)", seq=str(updates))
    database.close()
    size = (folder / FILE_NAME).stat().st_size / 1e9
    print(f"filled with {updates} updates in {time.monotonic() - began:.0f} s: {size:.1f} GB", flush=True)


def asked(folder: Path) -> None:
    """Measure how long questions take: the median and the longest of 30, each of something else."""
    history = open_history(folder)
    chance = random.Random(7)
    some = [f"p{chance.randrange(PROVIDERS)}" for _ in range(30)]
    words = [word(chance) for _ in range(30)]
    questions: dict[str, Callable[[int], object]] = {
        "provider's page, 90 days": lambda n: history.provider(some[n], NOW),
        "open incidents of all": lambda _: history.incidents(IncidentFilter(is_open=True)),
        "incidents of a provider": lambda n: history.incidents(IncidentFilter(providers=(some[n],))),
        "newest updates": lambda _: history.feed(),
        "updates of a provider": lambda n: history.feed(FeedFilter(providers=(some[n],))),
        "updates of 50 providers": lambda n: history.feed(FeedFilter(providers=tuple(f"p{n + i}" for i in range(50)))),
        "search: a word": lambda n: history.feed(FeedFilter(text=words[n])),
        "search: two words": lambda n: history.feed(FeedFilter(text=f"{words[n]} {words[n - 1]}")),
        "search: the most common word": lambda _: history.feed(FeedFilter(text=spelled(1))),
        "search: the beginning of a word": lambda n: history.feed(FeedFilter(text=f"{words[n][:4]}*")),
        "search: a word nowhere": lambda n: history.feed(FeedFilter(text=f"nowhere{n}")),
        "search: a word, of one provider": lambda n: history.feed(FeedFilter(text=spelled(2), providers=(some[n],))),
        "an incident's ledger": lambda n: history.ledger("p7", f"i{7 + 1000 * n}", NOW),
    }
    for name, ask in questions.items():
        times = sorted(timed(ask, number) for number in range(30))
        print(f"{name:34} median {times[15]:7.1f} ms   longest {times[-1]:7.1f} ms", flush=True)
    history.close()


def timed(ask: Callable[[int], object], number: int) -> float:
    began = time.perf_counter()
    ask(number)
    return (time.perf_counter() - began) * 1000


def word(chance: random.Random) -> str:
    """Return a word as often as words are used: few all the time, most of them seldom (Zipf)."""
    return spelled(int(chance.paretovariate(0.6)) % 50_000)


def spelled(number: int) -> str:
    """Return a word of its own for each number; such as begin alike are not of one kind."""
    return f"{number * 2654435761 % 2**32:x}x"


def events(updates: int) -> Iterator[Event]:
    """Yield updates, oldest first, over 400 days."""
    chance = random.Random(42)
    texts = [" ".join(word(chance) for _ in range(40)) for _ in range(20_000)]
    for number in range(updates):
        incident = number // PER_INCIDENT
        provider, step = f"p{incident % PROVIDERS}", number % PER_INCIDENT
        at = moment(number, updates)
        yield Event(
            id=f"{provider}/i{incident}/u{number}",
            event=EventKind.NEW_INCIDENT if step == 0 else EventKind.INCIDENT_UPDATE,
            provider=provider,
            provider_name=provider.upper(),
            product=provider.upper(),
            incident_id=f"i{incident}",
            incident=texts[incident % len(texts)][:60],
            update_id=f"u{number}",
            status=STATUSES[min(step // 3, 3)],
            message=texts[number * 7 % len(texts)],
            impact=IMPACTS[incident % 3],
            published_at=at,
            seen_at=at,
        )


def moment(number: int, updates: int) -> datetime:
    return NOW - timedelta(days=400) * (1 - number / updates)


def incidents(updates: int) -> Iterator[RecordedIncident]:
    for incident in range(updates // PER_INCIDENT):
        began, ended = moment(incident * PER_INCIDENT, updates), moment((incident + 1) * PER_INCIDENT, updates)
        impact = IMPACTS[incident % 3]
        yield RecordedIncident(
            provider=f"p{incident % PROVIDERS}",
            provider_name="P",
            incident_id=f"i{incident}",
            title="Requests fail",
            status="resolved",
            impact=impact,
            worst_impact=impact,
            began_at=began,
            first_seen_at=began,
            updated_at=ended,
            ended_at=ended if incident + PROVIDERS < updates // PER_INCIDENT else None,
            phases=(Phase(since=began, impact=impact),),
            updates=PER_INCIDENT,
        )


def spans(updates: int) -> Iterator[dict[str, Any]]:
    for incident in range(updates // PER_INCIDENT):
        for number, status in enumerate(("partial_outage", "operational")):
            began = moment(incident * PER_INCIDENT + number, updates)
            yield {
                "provider": f"p{incident % PROVIDERS}",
                "component_id": f"c{incident % 7}",
                "began_us": to_us(began),
                "ended_us": to_us(began + timedelta(minutes=20)),
                "name": "API",
                "status": status,
            }


if __name__ == "__main__":
    main()
