"""What simulated pages of hosted platforms show, read back by the product, poll by poll."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.fakes import FakeClock, provider
from tracker.errors import HttpStatusError
from tracker.model.event import EventKind
from tracker.model.page_state import PageState, Source
from tracker.model.provider import FirstSight
from tracker.parse import FORMATS, detect
from tracker.polling.observer import Observer
from tracker.polling.poller import Outcome, Poller
from tracker.polling.ports import Fetched
from tracker.simulator import Page
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.render import render
from tracker.store.memory import MemoryPages

SITE = "https://status.acme.example"
#: By platform: what is asked at every tick, and what else.
SOURCES = {
    "incidentio": ("/proxy/status.acme.example", ("/proxy/status.acme.example/incidents",)),
    "instatus": ("/v3/summary.json", ("/v3/components.json", "/")),
    "betterstack": ("/index.json", ()),
    "checkly": ("/api/status-page/acme/unresolved-incidents", ()),
    "datadog": ("/config.json", ()),
    "openstatus": ("/feed/json", ()),
    "uptimekuma": ("/api/status-page/acme", ("/api/status-page/heartbeat/acme",)),
}


class Watched:
    """A simulated page, and somebody who polls it every minute."""

    def __init__(self, platform: str, *, is_found: bool = True) -> None:
        self.clock = FakeClock()
        self.page = Page("Acme", id="acme", platform=platform, clock=self.clock)
        self.asked = 0
        acme = provider(url=SITE, first_sight=FirstSight.SILENT)
        self.pages = MemoryPages([acme])
        primary, details = SOURCES[platform]
        source = Source(format=platform, primary=SITE + primary, details=tuple(SITE + path for path in details))
        if is_found:
            self.pages._states[acme.id] = PageState(url=SITE, source=source)
        self._poller = Poller(self.pages, Observer(self), self.clock)
        self.polls()

    def fetch(self, request):
        self.asked += 1
        document = render(self.page.revision, urlsplit(request.url).path, SITE, self.asked)
        if document is None:
            raise HttpStatusError("the page answers with status 404", None, 404)
        return Fetched(body=document.body, url=request.url, content_type=document.content_type)

    def polls(self):
        """Poll once, a minute later; return the events that this brought."""
        self.clock.passes(minutes=1)
        reported = len(self.pages.events)
        self.last = self._poller.poll("acme")
        assert self.last.outcome is not Outcome.FAILED, self.last.failure
        return self.pages.events[reported:]

    def updates(self):
        """Poll once; return status and text of the updates that were told."""
        kinds = {EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE}
        return [(event.status, event.message or "") for event in self.polls() if event.event in kinds]


@pytest.mark.parametrize("platform", ["instatus", "betterstack", "datadog", "openstatus"])
def test_a_page_is_found_from_its_bare_address(platform):
    watched = Watched(platform, is_found=False)
    primary, details = SOURCES[platform]

    source = watched.pages.state("acme").source

    assert (source.format, source.primary) == (platform, SITE + primary)
    assert source.details == tuple(SITE + path for path in details)


#: What is told of an incident (opened, updated, edited, resolved) and of a maintenance (announced, begun, verified,
#: completed) on each platform, one list for each step.
TOLD = {
    "incidentio": (
        [[("investigating", "We look.")], [("identified", "Found.")], [], [("resolved", "Over.")]],
        [[("scheduled", "Work.")], [("in_progress", "Begun.")], [("in_progress", "Check.")], [("completed", "Done.")]],
    ),
    # Neither texts nor what ended; a change of any kind has a time.
    "instatus": (
        [[("investigating", "")], [("identified", "")], [("identified", "")], []],
        [[("scheduled", "")], [("in_progress", "")], [("in_progress", "")], []],
    ),
    # The words are those of components.
    "betterstack": (
        [[("downtime", "We look.")], [("downtime", "Found.")], [], [("resolved", "Over.")]],
        [[("update", "Work.")], [("update", "Begun.")], [("update", "Check.")], [("completed", "Done.")]],
    ),
    "checkly": (
        [[("investigating", "We look.")], [("identified", "Found.")], [], []],
        [[], [], [], []],
    ),
    "datadog": (
        [[("investigating", "We look.")], [("identified", "Found.")], [], [("resolved", "Over.")]],
        [[], [], [], []],
    ),
    "openstatus": (
        [[("investigating", "We look.")], [("identified", "Found.")], [], [("resolved", "Over.")]],
        [
            [("scheduled", "Work.")],
            [("update", "Begun."), ("in_progress", "")],
            [("update", "Check.")],
            [("update", "Done."), ("completed", "")],
        ],
    ),
    # One text, overwritten; a maintenance while it goes on.
    "uptimekuma": (
        [[("active", "We look.")], [("active", "Found.")], [], []],
        [[], [("in_progress", "Work.")], [], []],
    ),
}

#: Platforms that list nothing that ended: the end is told when it was missing twice.
ENDS_BY_ABSENCE = {"instatus", "checkly", "uptimekuma"}
GONE = "No longer listed on the page."


@pytest.mark.parametrize("platform", TOLD)
def test_each_update_of_an_incident_is_told_once_as_far_as_the_platform_shows_it(platform):
    watched = Watched(platform)
    page = watched.page
    reported = []

    incident_id = page.open_incident("Slow", "major", "investigating", "We look.", {"API": "major_outage"})
    reported.append(watched.updates())
    page.post_update(incident_id, "identified", "Found.")
    reported.append(watched.updates())
    page.edit_update(incident_id, page.incident(incident_id).updates[-1].id, "We look harder.")
    reported.append(watched.updates())
    page.resolve(incident_id, "Over.")
    reported.append(watched.updates())

    assert reported == TOLD[platform][0]
    assert watched.updates() == ([("resolved", GONE)] if platform in ENDS_BY_ABSENCE else [])
    assert watched.updates() == []


@pytest.mark.parametrize("platform", TOLD)
def test_each_step_of_a_maintenance_is_told_once_as_far_as_the_platform_shows_it(platform):
    watched = Watched(platform)
    begins = watched.clock.now + timedelta(minutes=2)
    reported = []

    maintenance_id = watched.page.schedule_maintenance(
        "Upgrade", begins, begins + timedelta(hours=1), "Work.", ["Webhooks"]
    )
    reported.append(watched.updates())
    for text in ("Begun.", "Check.", "Done."):
        watched.page.advance_maintenance(maintenance_id, text)
        reported.append(watched.updates())

    assert reported == TOLD[platform][1]
    has_ended = platform in ENDS_BY_ABSENCE and any(TOLD[platform][1])
    assert watched.updates() == ([("completed", GONE)] if has_ended else [])
    assert watched.updates() == []


@pytest.mark.parametrize("platform", [name for name in TOLD if name != "checkly"])
def test_a_component_that_fails_and_recovers_is_told_without_an_incident(platform):
    watched = Watched(platform)

    watched.page.set_component("API", "major_outage")
    failed = watched.polls()
    watched.page.set_component("API", "operational")
    recovered = watched.polls()

    assert [(event.components, event.status) for event in failed] == [(("API",), "major_outage")]
    assert [(event.components, event.status) for event in recovered] == [(("API",), "operational")]


@pytest.mark.parametrize("platform", TOLD)
def test_a_quiet_page_tells_nothing_and_costs_one_request_or_all_of_those_that_know_nothing_of_one_another(platform):
    watched = Watched(platform)
    before = watched.asked

    events = [watched.polls() for _ in range(3)]

    assert events == [[], [], []]
    assert watched.asked - before == (6 if platform == "uptimekuma" else 3)


def test_measurements_that_cannot_be_had_fail_the_poll_and_say_nothing_of_the_monitors():
    watched = Watched("uptimekuma")
    heartbeat = SITE + SOURCES["uptimekuma"][1][0]
    answer = watched.fetch

    def fails(request):
        if request.url == heartbeat:
            raise HttpStatusError("the page answers with status 500", None, 500)
        return answer(request)

    watched.fetch = fails
    watched.clock.passes(minutes=1)
    poll = watched._poller.poll("acme")

    assert poll.outcome is Outcome.FAILED
    assert watched.pages.events == []


def test_monitors_that_were_not_measured_at_first_are_followed_once_they_are():
    watched = Watched("uptimekuma")
    watched.page.set_component("API", "major_outage")
    heartbeat, answer, measures = SITE + SOURCES["uptimekuma"][1][0], watched.fetch, False

    def fetch(request):
        if request.url == heartbeat and not measures:
            return Fetched(body=b'{"heartbeatList": {}, "uptimeList": {}}', url=request.url)
        return answer(request)

    watched.pages = MemoryPages([provider(url=SITE, first_sight=FirstSight.SILENT)])
    watched.pages._states["acme"] = PageState(
        url=SITE, source=Source(format="uptimekuma", primary=SITE + SOURCES["uptimekuma"][0], details=(heartbeat,))
    )
    watched._poller = Poller(watched.pages, Observer(watched), watched.clock)
    watched.fetch = fetch
    assert [watched.polls() for _ in range(2)] == [[], []]
    measures = True

    assert [(event.product, event.status) for event in watched.polls()] == [("Acme - API", "major_outage")]


@pytest.mark.parametrize("platform", TOLD)
def test_an_answer_of_a_platform_is_recognised_by_its_own_format_alone(platform):
    watched = Watched(platform)
    watched.page.open_incident("Slow", "major", "investigating", "We look.", {"API": "major_outage"})
    primary, details = SOURCES[platform]

    for path in (primary, *(path for path in details if path != "/")):
        body = render(watched.page.revision, path, SITE).body
        assert [name for name, known in FORMATS.items() if known.recognises(body, None)] == [platform]
        assert detect(body).name == platform


@pytest.mark.parametrize("platform", TOLD)
def test_another_platform_s_endpoints_lead_to_html_where_everything_is_answered(platform):
    watched = Watched(platform)
    document = render(watched.page.revision, "/api/v2/no-such.json", SITE)

    assert (document is not None) is PLATFORMS[platform].answers_everything
    assert document is None or document.content_type.startswith("text/html")
