"""A data server that loses its data while all goes on: the pages are watched again, and nothing is told twice."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tests.data_server import DataServer
from tests.e2e.running import PATIENCE_S, RunningTracker, provider
from tests.receiver import Receiver, answers
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.connection import (
    CURSORS,
    DUE,
    GENERATION,
    PAGE_PREFIX,
    PROVIDERS,
    SCHEDULE,
    SEEN_PREFIX,
    SINKS,
    UPDATES,
    VERSION,
)

Loss = Callable[[DataServer, "redis.Redis"], object]


def emptied_twice(_: DataServer, client: "redis.Redis") -> None:
    for _ in range(2):
        client.flushall()
        until = time.monotonic() + PATIENCE_S
        while not client.hexists(CURSORS, "record") and time.monotonic() < until:
            time.sleep(0.05)


def restarted_without_its_data(server: DataServer, _: "redis.Redis") -> None:
    server.kill()
    server.forget()
    server.start()


def lost(*keys: str) -> Loss:
    return lambda _, client: client.delete(*keys)


LOSSES: dict[str, Loss] = {
    "emptied twice": emptied_twice,
    "restarted without its data": restarted_without_its_data,
    "the whole catalogue": lost(PROVIDERS, SCHEDULE, DUE, VERSION, GENERATION, SINKS),
    "providers": lost(PROVIDERS),
    "when they are due": lost(DUE, SCHEDULE),
    "a page": lost(f"{PAGE_PREFIX}acme"),
    "what was seen on a page": lost(f"{SEEN_PREFIX}acme"),
    "stream and cursors": lost(UPDATES, CURSORS),
}


@pytest.fixture
def server(tmp_path: Path, free_port: int) -> Iterator[DataServer]:
    directory = tmp_path / "server"
    directory.mkdir()
    with DataServer(directory, free_port) as running:
        yield running


def told(tracker: RunningTracker) -> Counter[tuple[str, str, str]]:
    """Return how often each update or status stands on record."""
    return Counter((line["provider"], line["incident"] or line["product"], line["status"]) for line in tracker.record)


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_new_is_told_once_and_what_is_on_record_not_again(
    name: str, server: DataServer, tmp_path: Path
) -> None:
    page, other = Page("acme", id="acme"), Page("added", id="added")
    past = page.open_incident("Long ago", body="We look into it.")
    page.resolve(past)
    known = page.open_incident("Known", body="We look into it.", components={"API": "major_outage"})
    page.post_update(known, "identified", "It is the database.")
    with SimulatedVendor([page, other]) as vendor, Receiver() as receiver:
        sink = f'[[sink]]\nname = "ops"\nurl = "{receiver.url}"\nallow_private = true\n'
        entries = provider("acme", vendor.url("acme"), first_sight="open", cadence="fixed")
        environ = {"REDIS_URL": server.url}
        with RunningTracker(entries + sink, tmp_path, "--format", "json", environ=environ) as tracker:
            tracker.wait_until_watching()
            added = tracker.command(
                "providers", "add", vendor.url("added"), "--name", "added", "--interval", "1", "--allow-private"
            )
            assert added.returncode == 0, added.stderr
            other.open_incident("Other", body="We look into it.")
            tracker.wait_for(lambda t: ("added", "Other", "investigating") in told(t))
            receiver.wait_for(lambda r: len(r.accepted) == len(tracker.record))
            receiver.then(answers("503 Service Unavailable"))
            other.open_incident("Waits", body="We look into it.")
            tracker.wait_for(lambda t: ("added", "Waits", "investigating") in told(t))
            before = told(tracker)
            time.sleep(2.5)  # until whoever keeps the catalogue has seen the page that was added: that is its promise
            with redis.Redis.from_url(server.url) as client:
                LOSSES[name](server, client)
            page.post_update(known, "monitoring", "It is mended.")
            page.resolve(known)
            short = page.open_incident("Short", body="We look into it.")
            page.resolve(short)
            page.open_incident("New", body="We look into it.")
            other.open_incident("Another", body="We look into it.")
            tracker.wait_for(
                lambda t: {("acme", "New", "investigating"), ("added", "Another", "investigating")} <= told(t).keys()
            )
            tracker.wait_for(lambda t: ("acme", "Known", "resolved") in told(t))
            receiver.wait_for(lambda r: {line["id"] for line in tracker.record} <= {d.event["id"] for d in r.accepted})
            page.open_incident("Last", body="We look into it.")
            tracker.wait_for(lambda t: ("acme", "Last", "investigating") in told(t))
            status = tracker.command("status", "--format", "json")

    after = told(tracker)
    expected = {
        **before,
        ("acme", "Known", "monitoring"): 1,
        ("acme", "Known", "resolved"): 1,
        ("acme", "Short", "investigating"): 1,
        ("acme", "Short", "resolved"): 1,
        ("acme", "New", "investigating"): 1,
        ("acme", "Last", "investigating"): 1,
        ("added", "Another", "investigating"): 1,
        ("acme", "acme - API", "operational"): 1,
    }
    if name == "a page":
        del expected["acme", "acme - API", "operational"]  # how its components were, nobody knows
    assert after == expected, tracker.log
    assert [line["incident"] for line in tracker.events] == [line["incident"] for line in tracker.record]
    assert '"acme"' in status.stdout
    assert '"added"' in status.stdout
    accepted = Counter(delivery.event["id"] for delivery in receiver.accepted)
    assert set(accepted) == {line["id"] for line in tracker.record}
    assert max(accepted.values()) == 1
    lines = [line for line in tracker.log if "has lost its data" in line]
    assert len(lines) <= (2 if name == "emptied twice" else 1)
