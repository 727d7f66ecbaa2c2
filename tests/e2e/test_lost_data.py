"""A data server that loses its data while all goes on: the pages are watched again, and nothing is reported twice."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.data_server import DataServer
from tests.e2e.running import RunningTracker, provider
from tests.patience import eventually
from tests.ports import unused_port
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
        eventually(lambda: client.hexists(CURSORS, "record"))


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


#: Losses with an open alert: with that of `GONE` as many as are no storm.
ALERTING = ("emptied twice", "restarted without its data", "the whole catalogue", "stream and cursors")
#: The loss with an alert of what the page no longer lists afterwards.
GONE = "emptied twice"


@dataclass
class Watching:
    """A tracker of two pages, one of them added by a command, with a receiver of all events."""

    server: DataServer
    tracker: RunningTracker
    receiver: Receiver
    #: What takes alerts of what is critical.
    oncall: Receiver
    page: Page
    other: Page

    def alerts_of(self, title: str) -> list[str]:
        """Return what was sent of an alert, each message once: a repetition has the id of the first."""
        sent = {each.id: each.event for each in self.oncall.accepted if each.event["data"]["title"] == title}
        return [event["type"].removeprefix("alert.") for event in sent.values()]

    def reported(self) -> Counter[tuple[str, str, str]]:
        """Return how often each update or status stands on record."""
        return Counter(
            (line["provider"], line["incident"] or line["product"], line["status"]) for line in self.tracker.record
        )

    def wait_for(self, *expected: tuple[str, str, str]) -> None:
        """Return once all of these stand on record."""
        self.tracker.wait_for(lambda _: set(expected) <= self.reported().keys())

    def wait_for_delivery(self) -> None:
        """Return once the receiver has accepted all that stands on record."""
        self.receiver.wait_for(lambda it: {line["id"] for line in self.tracker.record} <= set(it.accepted_ids))


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watching]:
    page, other = Page("acme", id="acme"), Page("added", id="added")
    page.resolve(page.open_incident("Long ago", body="We look into it."))
    with (
        DataServer(tmp_path_factory.mktemp("server"), unused_port()) as server,
        SimulatedVendor([page, other]) as vendor,
        Receiver() as receiver,
        Receiver() as oncall,
    ):
        sink = f'[[sink]]\nname = "ops"\nurl = "{receiver.url}"\nallow_private = true\n'
        sink += f'[[channel]]\nname = "oncall"\ntype = "webhook"\nurl = "{oncall.url}"\nallow_private = true\n'
        sink += '[[route]]\nto = ["oncall"]\nkinds = ["incident"]\nmin_impact = "critical"\n'
        entries = provider("acme", vendor.url("acme"), first_sight="open", cadence="fixed")
        directory, environ = tmp_path_factory.mktemp("tracker"), {"REDIS_URL": server.url}
        with RunningTracker(
            entries + sink, directory, "--workers", "2", "--format", "json", environ=environ
        ) as tracker:
            tracker.wait_until_watching()
            added = tracker.command(
                "providers", "add", vendor.url("added"), "--name", "added", "--interval", "1", "--allow-private"
            )
            assert added.returncode == 0, added.stderr
            time.sleep(2.5)  # until whoever keeps the catalogue has seen the page that was added: that is its promise
            yield Watching(server, tracker, receiver, oncall, page, other)


@pytest.mark.parametrize(
    "name", [name if number < 1 else pytest.param(name, marks=pytest.mark.faults) for number, name in enumerate(LOSSES)]
)
def test_what_is_new_is_reported_once_and_what_is_on_record_not_again(name: str, watching: Watching) -> None:
    tracker, receiver, page, other = watching.tracker, watching.receiver, watching.page, watching.other
    impact = "critical" if name in ALERTING else "minor"
    known = page.open_incident(
        f"Known: {name}", body="We look into it.", components={"API": "major_outage"}, impact=impact
    )
    page.post_update(known, "identified", "It is the database.")
    gone = page.open_incident(f"Gone: {name}", body="We look into it.", impact="critical" if name == GONE else "minor")
    other.open_incident(f"Other: {name}", body="We look into it.")
    watching.wait_for(
        ("acme", f"Gone: {name}", "investigating"),
        ("acme", f"Known: {name}", "identified"),
        ("acme", "acme - API", "major_outage"),
        ("added", f"Other: {name}", "investigating"),
    )
    watching.wait_for_delivery()
    receiver.then(answers("503 Service Unavailable"))
    other.open_incident(f"Waits: {name}", body="We look into it.")
    watching.wait_for(("added", f"Waits: {name}", "investigating"))
    before, lines_before = watching.reported(), len(tracker.log)
    with redis.Redis.from_url(watching.server.url) as client:
        LOSSES[name](watching.server, client)
    # Without a page's own key nobody knows what went on there.
    (page.resolve if name == "a page" else page.delete_incident)(gone)
    page.post_update(known, "monitoring", "It is mended.")
    page.resolve(known)
    page.resolve(page.open_incident(f"Short: {name}", body="We look into it."))
    page.open_incident(f"New: {name}", body="We look into it.")
    other.open_incident(f"Another: {name}", body="We look into it.")
    watching.wait_for(
        ("acme", f"New: {name}", "investigating"),
        ("acme", f"Known: {name}", "resolved"),
        ("added", f"Another: {name}", "investigating"),
    )
    watching.wait_for_delivery()
    watching.wait_for(("acme", f"Gone: {name}", "resolved"))
    page.open_incident(f"Last: {name}", body="We look into it.")
    watching.wait_for(("acme", f"Last: {name}", "investigating"))
    watching.wait_for_delivery()
    listed = tracker.command("providers", "list", "--format", "json")
    if name in ALERTING:
        watching.oncall.wait_for(lambda _: watching.alerts_of(f"Known: {name}")[-1:] == ["closed"])
    if name == GONE:
        watching.oncall.wait_for(lambda _: watching.alerts_of(f"Gone: {name}")[-1:] == ["closed"])

    expected = Counter(
        [
            ("acme", f"Known: {name}", "monitoring"),
            ("acme", f"Known: {name}", "resolved"),
            ("acme", f"Gone: {name}", "resolved"),
            ("acme", f"Short: {name}", "investigating"),
            ("acme", f"Short: {name}", "resolved"),
            ("acme", f"New: {name}", "investigating"),
            ("acme", f"Last: {name}", "investigating"),
            ("added", f"Another: {name}", "investigating"),
            ("acme", "acme - API", "operational"),
        ]
    )
    if name == "a page":
        del expected["acme", "acme - API", "operational"]  # how its components were, nobody knows
    assert watching.reported() - before == expected, tracker.log
    assert [line["incident"] for line in tracker.events] == [line["incident"] for line in tracker.record]
    assert {known["id"] for known in json.loads(listed.stdout)} == {"acme", "added"}
    accepted = Counter(receiver.accepted_ids)
    assert set(accepted) == {line["id"] for line in tracker.record}
    # What a webhook settled right before the loss comes again, under the same key.
    again = [line for line in tracker.record if accepted[line["id"]] > 1]
    assert all((line["provider"], line["incident"] or line["product"], line["status"]) in before for line in again)
    assert max(accepted.values()) <= 2
    for title, is_alerting in ((f"Known: {name}", name in ALERTING), (f"Gone: {name}", name == GONE)):
        sent = watching.alerts_of(title)
        assert (sent[:1] == ["opened"], sent.count("opened"), sent.count("closed")) == (is_alerting,) * 3
    lines = [line for line in tracker.log[lines_before:] if "has lost its data" in line]
    assert len(lines) <= (2 if name == "emptied twice" else 1)


@pytest.mark.faults
def test_a_start_on_an_emptied_data_server_reports_what_came_since_the_record(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    for folder in ("server", "tracker"):
        (tmp_path / folder).mkdir()
    with DataServer(tmp_path / "server", unused_port()) as server, SimulatedVendor([page]) as vendor:
        entry = provider("acme", vendor.url("acme"), first_sight="silent", cadence="fixed")
        tracker = RunningTracker(entry, tmp_path / "tracker", "--format", "json", environ={"REDIS_URL": server.url})
        with tracker:
            tracker.wait_until_watching()
            known = page.open_incident("Known", body="We look into it.")
            tracker.wait_for(lambda it: [line["status"] for line in it.record] == ["investigating"])
            tracker.stop()
            page.post_update(known, "identified", "It is the database.")
            page.resolve(known)
            with redis.Redis.from_url(server.url) as client:
                client.flushall()
            tracker.start()
            tracker.wait_for(lambda it: len(it.record) >= 3)

            assert [line["status"] for line in tracker.record] == ["investigating", "identified", "resolved"]
