"""A page whose ids hold whatever a vendor may write, through an upgrade and the loss of the data server's data."""

import json
from collections import Counter
from pathlib import Path

import msgspec
import redis

from tests.fakes import FakeClock, FakeFetcher, RecordingSink, incident, page, summary, update
from tests.vendor import SUMMARY, Stored
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.history import open_history
from tracker.model.event import Event, EventKind
from tracker.model.keys import former_key
from tracker.model.page import Incident, Snapshot
from tracker.store.codec import decode_state, encode_state
from tracker.store.connection import page_key, seen_before_key, seen_key

#: `a` with `b/u1` and `a/b` with `u1` shared a key before.
INCIDENTS = [
    "a", "a/b", "a%2Fb", "50 % slow", "line\nbreak", "n\0ul", "東京/🜚", "component", "page", "..", "/a/", "L" * 1000,
]  # fmt: skip


def shown(updates: int) -> Snapshot:
    """Return a page with so many updates of each incident, every other one of which is over."""

    def of(number: int, incident_id: str) -> Incident:
        before, status = "b/" if incident_id == "a" else "", "resolved" if number % 2 else "investigating"
        return incident(incident_id, *(update(f"{before}u{n}", n, status, body=f"{n}") for n in range(updates)))

    return page(*(of(*each) for each in enumerate(INCIDENTS)), minute=updates)


class Site:
    """A tracker with its data server, its record and its history."""

    def __init__(self, client: "redis.Redis", folder: Path) -> None:
        self.client, self.record = client, folder / "updates.jsonl"
        self.clock, self.fetcher, self.console = FakeClock(), FakeFetcher(), RecordingSink()

    def polls(self) -> list[Event]:
        """Poll and print once, as processes that have just begun; return the events that are new on record."""
        before = len(self.console.delivered)
        watch = Stored(self.client, self.clock, self.fetcher, url=SUMMARY, first_sight="all")
        record = UpdateRecord(self.record)
        printer = Printer(watch.stream, record, self.console, self.clock)
        printer.drain()
        poll = watch.polls()
        printer.drain()
        record.close()
        new = [streamed.event for streamed in self.console.delivered[before:]]
        # The record keeps out what it has; nothing of that is in the stream, which webhooks read.
        assert poll.events == len(new)
        return new

    def is_of_a_version_before(self) -> None:
        """Have all that is kept as those versions kept it, half of the keys among those that will be forgotten.

        Texts are kept of so many incidents only; of these they are not any more.
        """
        seen, page = seen_key("acme"), page_key("acme")
        members = sorted(self.client.smembers(seen))
        self.client.delete(seen)
        for number, member in enumerate(members):
            self.client.sadd((seen_key, seen_before_key)[number % 2]("acme"), former_key(member.decode()))
        state = decode_state(self.client.hget(page, "state") or b"")
        assert state.keys_version
        kept = encode_state(msgspec.structs.replace(state, keys_version=0))
        assert b"keys_version" not in kept
        self.client.hset(page, mapping={"state": kept, "state_at": "1"})
        self.client.hdel(page, "ledger")
        lines = [json.loads(line) for line in self.record.read_text("ascii").splitlines()]
        for line in lines:
            line["id"] = f"{line['provider']}/{line['incident_id']}/{line['update_id']}"
        self.record.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "ascii")


def test_every_update_is_reported_once(client: "redis.Redis", tmp_path: Path) -> None:
    site = Site(client, tmp_path)
    site.fetcher.answers(SUMMARY, summary(shown(2)))
    updates = [places(site.polls(), "u0", "u1")]

    site.is_of_a_version_before()
    site.fetcher.answers(SUMMARY, summary(shown(3)))
    after = site.polls()
    updates.append(places(after, "u2"))
    assert {event.event for event in after} == {EventKind.INCIDENT_UPDATE}

    client.flushall()
    site.fetcher.answers(SUMMARY, summary(shown(4)))
    updates.append(places(site.polls(), "u3"))

    history = open_history(tmp_path)
    history.follow(site.record)
    followed = Counter((item.event.incident_id, item.event.update_id) for item in history.newer(0))
    assert followed == dict.fromkeys((place for each in updates for place in each), 1)
    assert history.rebuild(site.record) == len(followed)
    history.close()


def places(events: list[Event], *updates: str) -> set[tuple[str | None, str | None]]:
    """Return the incident and update ids of events, which are these updates of each incident, and no others."""
    found = [(event.incident_id, event.update_id) for event in events]
    assert len(found) == len(set(found)) == len(INCIDENTS) * len(updates)
    assert all(update_id.removeprefix("b/") in updates for _, update_id in found)
    return set(found)
