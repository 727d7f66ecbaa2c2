"""Every platform, both sides: a simulated page plays one story, and the product polls it after each step of it.

`golden/simulator/<format>.json` holds what was reviewed: for each step the requests, the events that were reported,
and what is known of the page afterwards. Some platforms show less than others: the files say what.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.fakes import FakeClock
from tests.goldens import FOLDER, check, plain
from tests.played import PAGE_ID, PLAYED, address
from tests.vendor import Watch
from tracker.errors import HttpStatusError
from tracker.model.event import Event
from tracker.model.provider import FirstSight
from tracker.polling.fetcher import Fetched
from tracker.polling.poller import Outcome
from tracker.simulator import Page
from tracker.simulator.render import render

BEGAN = datetime(2026, 8, 20, 9, 5, 7, 250000, tzinfo=UTC)
FIELDS = ("event", "status", "message", "incident", "components", "regions", "impact")


class Simulated(Watch):
    """A page of a platform and somebody who polls it every minute, without a server between them."""

    def __init__(self, format: str) -> None:
        platform, url = address(format)
        super().__init__(FakeClock(BEGAN), self, url=url, first_sight=FirstSight.SILENT)
        self.page = Page("Acme", id=PAGE_ID, platform=platform, clock=self.clock, now=BEGAN - timedelta(days=3))
        self.asked: list[str] = []
        #: Paths that answer with a failure.
        self.failing: set[str] = set()
        #: Bodies that a path answers instead of the page's.
        self.replaced: dict[str, bytes] = {}

    def fetch(self, request):
        address = urlsplit(request.url)
        self.asked.append(address.path or "/")
        site = f"https://{address.netloc}"
        document = render(self.page.revision, address.path or "/", site, len(self.asked))
        if document is None or address.path in self.failing:
            status = 404 if document is None else 500
            raise HttpStatusError(f"the page answers with status {status}", None, status)
        body = self.replaced.get(address.path, document.body)
        return Fetched(body=body, url=request.url, content_type=document.content_type)

    def step(self):
        """Poll once; return what was asked and reported, and what is then known."""
        self.asked.clear()
        self.reported()
        poll = self.polls()
        assert poll.failure is None, self.asked
        view = self.view
        return {
            "asked": list(self.asked),
            "reported": [said(event) for event in self.reported()],
            "open": [known.name for known in (*view.open_incidents, *view.open_maintenances)],
            "planned": [known.name for known in view.planned_maintenances],
            "ailing": {part.name: part.status for part in view.components.values() if part.status != "operational"},
        }


def said(event: Event) -> dict[str, object]:
    known = plain(event)
    return {name: known[name] for name in FIELDS if known.get(name)}


def story(watch: Simulated) -> dict[str, object]:
    page, steps = watch.page, {}
    steps["quiet"] = watch.step()
    assert watch.polls().outcome is Outcome.QUIET
    incident_id = page.open_incident("Errors & more", "major", body="We look.", components={"API": "major_outage"})
    steps["opened"] = watch.step()
    page.post_update(incident_id, "identified", "Found it.")
    steps["updated"] = watch.step()
    page.edit_update(incident_id, page.incident(incident_id).updates[-1].id, "We look, harder.")
    steps["edited"] = watch.step()
    page.post_update(incident_id, "monitoring", "It works.")
    page.set_component("Dashboard", "degraded_performance")
    steps["updated and a component changed"] = watch.step()
    page.set_component("Dashboard", "operational")
    page.resolve(incident_id, "Over.")
    steps["resolved"] = watch.step()
    steps["a minute later"] = watch.step()
    steps["two minutes later"] = watch.step()
    begins = watch.clock.now + timedelta(minutes=4)
    work = page.schedule_maintenance("Disks", begins, begins + timedelta(hours=2), "We plan.", ["API"])
    steps["maintenance announced"] = watch.step()
    for name in ("begun", "being verified", "completed"):
        page.advance_maintenance(work, f"It is {name}.")
        steps[f"maintenance {name}"] = watch.step()
    steps["a minute after the maintenance"] = watch.step()
    steps["two minutes after the maintenance"] = watch.step()
    page.set_component("Webhooks", "major_outage")
    steps["component failed"] = watch.step()
    page.set_component("Webhooks", "operational")
    steps["component recovered"] = watch.step()
    assert watch.step()["reported"] == []
    assert watch.polls().outcome is Outcome.QUIET
    return steps


@pytest.mark.parametrize("format", PLAYED)
def test_what_is_reported_of_a_page_is_what_was_reviewed(format):
    watch = Simulated(format)
    reported = story(watch)

    assert watch.state.source.format == format
    check(FOLDER / "simulator" / f"{format}.json", reported)


def test_planned_maintenances_of_cachet_are_read_with_the_next_change_of_an_incident():
    watch = Simulated("cachet")
    watch.step()
    begins = watch.clock.now + timedelta(days=1)
    watch.page.schedule_maintenance("Disks", begins, begins + timedelta(days=1))
    assert watch.step()["reported"] == []
    watch.page.open_incident("Queues")

    assert sorted(event["status"] for event in watch.step()["reported"]) == ["investigating", "scheduled"]


def test_measurements_that_cannot_be_had_fail_the_poll_and_say_nothing_of_the_monitors():
    watch = Simulated("uptimekuma")
    watch.step()
    watch.failing.add(f"/api/status-page/heartbeat/{PAGE_ID}")

    assert watch.polls().outcome is Outcome.FAILED
    assert watch.pages.events == []


def test_monitors_that_were_not_measured_at_first_are_followed_once_they_are():
    watch = Simulated("uptimekuma")
    watch.page.set_component("API", "major_outage")
    heartbeat = f"/api/status-page/heartbeat/{PAGE_ID}"
    watch.replaced[heartbeat] = b'{"heartbeatList": {}, "uptimeList": {}}'
    assert [watch.step()["reported"] for _ in range(2)] == [[], []]
    watch.replaced.clear()

    assert [(event["components"], event["status"]) for event in watch.step()["reported"]] == [(["API"], "major_outage")]
