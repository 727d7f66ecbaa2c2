"""A story on pages of platforms that few vendors share, watched through their own answers: what is told of it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.fakes import FakeClock, provider
from tracker.errors import HttpStatusError
from tracker.model.event import EventKind
from tracker.model.page import ComponentStatus, Impact
from tracker.parse import FORMATS, detect, read
from tracker.polling.observer import Observer
from tracker.polling.poller import Outcome, Poller
from tracker.polling.ports import Fetched
from tracker.simulator import Page
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.render import render
from tracker.store.memory import MemoryPages

BEGAN = datetime(2026, 8, 20, 9, 5, 7, 250000, tzinfo=UTC)
SITE = "https://status.acme.example"
PAGE_ID = "5f0c0ffee0ddba11ca11ab1e"
#: Where a page of each platform answers: the primary endpoint, then the details.
PATHS = {
    "statusio": (f"/1.0/status/{PAGE_ID}",),
    "vultr": ("/alerts.json",),
    "yandex": ("/api/incidents",),
    "cachet": ("/api/v1/incidents", "/api/v1/schedules", "/api/v1/components"),
    "sorry": ("/api/v1/notices", "/api/v1/components"),
    "statuspal": (f"/api/v2/status_pages/{PAGE_ID}/summary",),
    "cstate": ("/index.json", "/issues/index.json"),
}
UPDATES = {EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE}
ALL = ["investigating", "identified", "monitoring", "resolved"]
#: The statuses told of an incident that goes through all of them; some platforms never show the end.
TOLD = {
    "statusio": ALL[:3],
    "vultr": ["ongoing", "ongoing", "ongoing", "resolved"],
    "yandex": ["investigating", "investigating", "investigating", "resolved"],
    "cachet": ALL,
    "sorry": ALL,
    "statuspal": ALL[:3],
    "cstate": ["unresolved", "unresolved", "unresolved", "resolved"],
}
#: The same of a maintenance.
MAINTAINED = {
    "statusio": ["scheduled", "in_progress", "in_progress"],
    "vultr": ["scheduled", "in_progress", "in_progress", "completed"],
    "sorry": ["scheduled", "in_progress", "in_progress", "completed"],
    "statuspal": ["scheduled", "in_progress", "in_progress"],
}


class Rendered:
    """A fetcher that asks a simulated page."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.asked = []

    def fetch(self, request):
        path = urlsplit(request.url).path or "/"
        self.asked.append(path)
        document = render(self._page.revision, path, SITE)
        if document is None:
            raise HttpStatusError("404 Not Found", status=404)
        return Fetched(body=document.body, url=request.url, content_type=document.content_type)


class Watch:
    """A page of a platform and somebody who polls it after everything that happens."""

    def __init__(self, platform: str) -> None:
        self.clock = FakeClock(BEGAN)
        self.page = Page("Acme", id=PAGE_ID, platform=platform, clock=self.clock, now=BEGAN - timedelta(days=3))
        self.fetcher = Rendered(self.page)
        known = FORMATS[platform].endpoints
        self.watched = provider(url=SITE if known else SITE + PATHS[platform][0], format=platform)
        self.store = MemoryPages([self.watched])
        self._poller = Poller(self.store, Observer(self.fetcher), self.clock)
        self.polls()

    def polls(self):
        self.clock.passes(minutes=1)
        poll = self._poller.poll(self.watched.id)
        assert poll is not None
        assert poll.failure is None
        return poll

    def reported(self):
        events = [event for event in self.store.events if event.event in UPDATES]
        self.store.events.clear()
        return events

    def after(self, action, *of: object, **fields: object):
        """Return what is told of something that is done to the page, and what that returned."""
        self.clock.passes(minutes=1)
        done = action(*of, **fields)
        self.polls()
        return self.reported(), done


@pytest.fixture(params=PATHS)
def watch(request):
    return Watch(request.param)


def platform_of(watch):
    return watch.page.revision.platform


def test_a_page_is_recognised_by_each_of_its_answers(watch):
    watch.page.open_incident("Queues", components={"API": "partial_outage"})

    for path in PATHS[platform_of(watch)]:
        document = render(watch.page.revision, path, SITE)
        assert detect(document.body, document.content_type).name == platform_of(watch)


#: Platforms that list nothing that ended: the end is told when it was missing twice.
ENDS_BY_ABSENCE = {"statusio", "statuspal"}
GONE = "No longer listed on the page."


def test_an_incident_is_told_update_by_update_and_an_edit_is_not(watch):
    platform = platform_of(watch)
    first, incident_id = watch.after(
        watch.page.open_incident, "Queues", "major", body="We look.", components={"API": "partial_outage"}
    )
    second, _ = watch.after(watch.page.post_update, incident_id, "identified", "Found it.")
    edited = []
    if platform != "cstate":  # It knows no update from an edit: it shows when an issue was last changed.
        oldest = watch.page.incident(incident_id).updates[-1].id
        edited, _ = watch.after(
            watch.page.edit_update, incident_id, oldest, "We looked.", display_at=BEGAN + timedelta(minutes=2)
        )
    third, _ = watch.after(watch.page.post_update, incident_id, "monitoring", "It works.")
    last, _ = watch.after(watch.page.resolve, incident_id, "Over.")

    pending = [*first, *second, *edited, *third, *last]
    assert [event.status for event in pending] == TOLD[platform]
    assert edited == []
    assert {event.event for event in first} == {EventKind.NEW_INCIDENT}
    if platform != "cstate":
        assert [event.message for event in pending] == ["We look.", "Found it.", "It works.", "Over."][: len(pending)]
    if platform in ENDS_BY_ABSENCE:
        watch.polls()
        assert [(event.status, event.message) for event in watch.reported()] == [("resolved", GONE)]
    assert watch.polls().outcome is Outcome.QUIET
    assert watch.reported() == []


def test_what_goes_on_is_open_and_what_ended_is_not(watch):
    _, incident_id = watch.after(watch.page.open_incident, "Queues", components={"API": "partial_outage"})
    assert [known.name for known in watch.store.view("acme").open_incidents] == ["Queues"]

    watch.after(watch.page.resolve, incident_id)
    if platform_of(watch) in ENDS_BY_ABSENCE:
        watch.polls()

    assert watch.store.view("acme").open_incidents == ()


@pytest.mark.parametrize("platform", MAINTAINED)
def test_a_maintenance_is_told_from_its_announcement_on(platform):
    watch = Watch(platform)
    begins = BEGAN + timedelta(minutes=4)
    window = (begins, begins + timedelta(hours=2))

    pending, maintenance_id = watch.after(watch.page.schedule_maintenance, "Disks", *window, "We plan.", ["API"])
    (scheduled,) = read(
        render(watch.page.revision, PATHS[platform][0], SITE).body, format=platform, url=SITE
    ).maintenances
    for _ in range(3):
        watch.clock.passes(minutes=1)
        more, _ = watch.after(watch.page.advance_maintenance, maintenance_id)
        pending += more

    assert [event.status for event in pending] == MAINTAINED[platform]
    assert {event.event for event in pending} == {EventKind.MAINTENANCE_UPDATE}
    assert not scheduled.is_open
    assert [moment.replace(microsecond=0) for moment in (scheduled.scheduled_for, scheduled.scheduled_until)] == [
        moment.replace(microsecond=0) for moment in window
    ]


def test_planned_maintenances_of_cachet_are_read_with_the_next_change_of_an_incident():
    watch = Watch("cachet")
    planned, _ = watch.after(
        watch.page.schedule_maintenance, "Disks", BEGAN + timedelta(days=1), BEGAN + timedelta(days=2)
    )
    opened, _ = watch.after(watch.page.open_incident, "Queues")

    assert planned == []
    assert sorted(event.status for event in opened) == ["investigating", "scheduled"]


@pytest.mark.parametrize("platform", ["statusio", "statuspal", "cstate"])
def test_a_component_that_changes_is_told(platform):
    watch = Watch(platform)

    watch.after(watch.page.set_component, "API", "major_outage")

    changes = {component.name: component.status for component in watch.store.view("acme").components.values()}
    assert changes["API"] == ComponentStatus.MAJOR_OUTAGE
    assert {status for name, status in changes.items() if name != "API"} == {ComponentStatus.OPERATIONAL}


@pytest.mark.parametrize("platform", ["cachet", "sorry"])
def test_components_of_an_answer_of_their_own_are_read_when_an_incident_changes(platform):
    watch = Watch(platform)

    watch.after(watch.page.open_incident, "Queues", components={"API": "degraded_performance"})

    known = {component.name: component.status for component in watch.store.view("acme").components.values()}
    assert known["API"] == ComponentStatus.DEGRADED_PERFORMANCE


def test_a_quiet_page_costs_one_request(watch):
    watch.fetcher.asked.clear()

    watch.polls()

    assert watch.fetcher.asked == list(PATHS[platform_of(watch)][:1])


@pytest.mark.parametrize("platform", [name for name in PATHS if FORMATS[name].endpoints])
def test_the_endpoints_of_a_format_are_those_that_its_platform_answers(platform):
    endpoints = FORMATS[platform].endpoints[0]

    assert tuple(urlsplit(url).path for url in (endpoints.primary, *endpoints.details)) == PATHS[platform]


@pytest.mark.parametrize("platform", [name for name in PATHS if FORMATS[name].hosts])
def test_a_platform_that_one_vendor_has_is_tried_on_that_vendor_s_host(platform):
    assert PLATFORMS[platform].host in FORMATS[platform].hosts


def test_the_page_for_people_tells_where_status_io_answers():
    page = Page("Acme", id=PAGE_ID, platform="statusio", now=BEGAN, clock=lambda: BEGAN)

    (endpoints,) = FORMATS["statusio"].linked(render(page.revision, "/", SITE).body, SITE)

    assert endpoints.primary == f"https://api.status.io/1.0/status/{PAGE_ID}"


def test_the_impact_of_an_incident_is_read_where_the_platform_has_one():
    impacts = {}
    for platform, paths in PATHS.items():
        page = Page("Acme", id=PAGE_ID, platform=platform, now=BEGAN, clock=lambda: BEGAN)
        page.open_incident("Queues", "major", components={"API": "major_outage"})
        body = render(page.revision, paths[0], SITE).body
        impacts[platform] = read(body, url=SITE).incidents[0].impact

    assert impacts == {
        "statusio": Impact.MAJOR,
        "vultr": None,
        "yandex": Impact.MAJOR,
        "cachet": None,
        "sorry": None,
        "statuspal": Impact.MAJOR,
        "cstate": Impact.MAJOR,
    }
