"""Vendors with a page of their own, both sides: what a simulated page shows is what its format reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import FakeClock, FakeFetcher, provider
from tracker.model.event import EventKind
from tracker.model.page import ComponentStatus, Impact, Incident, Snapshot
from tracker.model.page_state import PageState, Source
from tracker.model.provider import FirstSight, Provider
from tracker.parse import FORMATS, detect
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.simulator import Page
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.render import render
from tracker.store.memory import MemoryPages

BEGAN = datetime(2026, 8, 20, 9, 5, 7, 250000, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a platform shows, where that is not everything."""

    path: str
    format: str
    platform: str
    details: tuple[str, ...] = ()
    #: Whether ended incidents are shown, by the primary answer.
    ended: bool = True
    #: Whether all updates are, and not only the newest text.
    updates: bool = True
    maintenance: bool = False
    components: bool = False
    impact: Impact | None = None
    regions: tuple[str, ...] = ()


KINDS = {
    "aws": Shown(
        platform="aws",
        format="aws",
        path="/public/currentevents",
        ended=False,
        impact=Impact.MAJOR,
        regions=("us-east-1", "N. Virginia"),
    ),
    "aws-rss": Shown(
        platform="aws", format="aws-rss", path="/rss/all.rss", impact=Impact.MAJOR, regions=("us-east-1",)
    ),
    "azure": Shown(
        platform="azure",
        format="azure",
        path="/en-us/status/feed/",
        ended=False,
        updates=False,
        regions=("West Europe",),
    ),
    "google": Shown(
        platform="google", format="google", path="/incidents.json", impact=Impact.MAJOR, regions=("us-central1",)
    ),
    "heroku": Shown(
        platform="heroku",
        format="heroku",
        path="/api/v4/current-status",
        ended=False,
        maintenance=True,
        components=True,
        regions=("EMEA",),
    ),
    "salesforce": Shown(
        platform="salesforce",
        format="salesforce",
        path="/v1/instances/acme/status",
        ended=False,
        maintenance=True,
        components=True,
        impact=Impact.MAJOR,
    ),
    "slack": Shown(
        platform="slack",
        format="slack",
        path="/api/v2.0.0/current",
        details=("/api/v2.0.0/history",),
        ended=False,
        maintenance=True,
        impact=Impact.MAJOR,
    ),
    "xai": Shown(platform="xai", format="xai", path="/feed.xml"),
}
each_kind = pytest.mark.parametrize("shown", KINDS.values(), ids=KINDS.keys())


def page(shown: Shown) -> Page:
    return Page("Acme", id="acme", platform=shown.platform, now=BEGAN, clock=lambda: BEGAN)


def minutes(count: int) -> datetime:
    return BEGAN + timedelta(minutes=count)


def url(shown: Shown) -> str:
    return f"https://{PLATFORMS[shown.platform].host}"


def body(acme: Page, shown: Shown, path: str | None = None) -> bytes:
    document = render(acme.revision, path or shown.path, url(shown))
    assert document is not None
    return document.body


def seen(acme: Page, shown: Shown) -> Snapshot:
    answer = body(acme, shown)
    if answer.removeprefix(b"\xfe\xff") != "[]".encode("utf-16-be") and answer != b"[]":
        assert detect(answer).name == shown.format
    return FORMATS[shown.format].read(answer, url(shown) + shown.path, None)


def only(incidents: Sequence[Incident]) -> Incident:
    (incident,) = incidents
    return incident


def texts(incident: Incident) -> list[str]:
    return [update.body for update in incident.updates]


@each_kind
def test_a_page_without_incidents_is_quiet(shown):
    quiet = seen(page(shown), shown)

    assert (quiet.incidents, quiet.maintenances) == ((), ())
    assert all(component.status is ComponentStatus.OPERATIONAL for component in quiet.components)
    assert bool(quiet.components) is shown.components


@each_kind
def test_an_open_incident_is_read_with_its_updates(shown):
    acme = page(shown)
    opened = acme.open_incident(
        "Errors", "major", body="One & two.", components={"API": "major_outage"}, now=minutes(1)
    )
    acme.post_update(opened, "identified", "We know why.", now=minutes(2))

    incident = only(seen(acme, shown).incidents)

    assert incident.is_open
    assert texts(incident) == (["One & two.", "We know why."] if shown.updates else ["We know why."])
    assert incident.impact is shown.impact
    assert incident.regions == shown.regions
    assert [name.lower() for name in incident.components] == ["api"]
    if shown.format != "salesforce":  # whose incidents have no titles
        assert incident.name == "Errors"
    if shown.updates:
        assert [update.created_at.replace(microsecond=0) for update in incident.updates] == [
            minutes(1).replace(microsecond=0),
            minutes(2).replace(microsecond=0),
        ]
    if shown.components:
        assert "major_outage" in {component.status for component in seen(acme, shown).components}


@each_kind
def test_an_edit_changes_a_text(shown):
    acme = page(shown)
    opened = acme.open_incident("Errors", body="It fails often.", now=minutes(1))
    before = only(seen(acme, shown).incidents)
    acme.edit_update(opened, acme.incident(opened).updates[0].id, "It fails, often!", now=minutes(3))
    after = only(seen(acme, shown).incidents)

    assert [update.id for update in before.updates] == [update.id for update in after.updates]
    assert (texts(before), texts(after)) == (["It fails often."], ["It fails, often!"])


@each_kind
def test_an_incident_that_ended_is_shown_so_or_not_at_all(shown):
    acme = page(shown)
    opened = acme.open_incident("Errors", "major", body="It fails.", now=minutes(1))
    acme.resolve(opened, "It is over.", now=minutes(5))

    after = seen(acme, shown)

    assert after.open_only is not shown.ended
    if shown.ended:
        incident = only(after.incidents)
        assert (incident.status, incident.updates[-1].status) == ("resolved", "resolved")
        assert texts(incident) == ["It fails.", "It is over."]
    else:
        assert after.incidents == ()


@each_kind
def test_maintenance_is_read_where_it_is_shown(shown):
    acme = page(shown)
    work = acme.schedule_maintenance("Work", minutes(60), minutes(90), "We will work.", ["API"], now=minutes(1))

    planned = seen(acme, shown)

    assert planned.incidents == ()
    assert [texts(each) for each in planned.maintenances] == ([["We will work."]] if shown.maintenance else [])
    assert all(each.status == "scheduled" and not each.is_open for each in planned.maintenances)
    for step in range(3):
        acme.advance_maintenance(work, now=minutes(60 + step))
    assert not any(each.is_open for each in seen(acme, shown).maintenances)


@each_kind
def test_every_update_of_a_story_is_told_once(shown):
    acme = page(shown)
    watcher = Watcher(shown, acme)
    watcher.reported()
    reported = []
    opened = acme.open_incident("Errors", "major", body="One.", components={"API": "major_outage"}, now=minutes(1))
    reported += watcher.reported()
    acme.post_update(opened, "identified", "Two.", now=minutes(2))
    reported += watcher.reported()
    acme.post_update(opened, "monitoring", "Three.", now=minutes(3))
    acme.set_component("Dashboard", "degraded_performance", now=minutes(3))
    reported += watcher.reported()
    acme.resolve(opened, "Four.", now=minutes(4))
    reported += watcher.reported()

    # What a page shows of an ended incident nowhere cannot be told.
    ends = ["Four."] if shown.ended or shown.details else []
    assert reported == ["One.", "Two.", "Three.", *ends]


class _Found(MemoryPages):
    """Knows where the page's news come from: an empty list does not say."""

    def __init__(self, page: Provider, source: Source) -> None:
        super().__init__([page])
        self._found = PageState(url=page.url, source=source)

    def state(self, provider_id: str) -> PageState:
        known = super().state(provider_id)
        return known if known.source else self._found


class Watcher:
    """Somebody who polls a page at the platform's own requests."""

    def __init__(self, shown: Shown, acme: Page) -> None:
        self._shown, self._acme = shown, acme
        self._fetcher, self._clock = FakeFetcher(), FakeClock(BEGAN)
        base = url(shown)
        self._provider = provider(url=base + shown.path, format=shown.format, first_sight=FirstSight.SILENT)
        source = Source(
            format=shown.format, primary=base + shown.path, details=tuple(base + path for path in shown.details)
        )
        self._store = _Found(self._provider, source)
        self._poller = Poller(self._store, Observer(self._fetcher), self._clock)

    def reported(self) -> list[str]:
        """Poll; return the texts of the updates that are told."""
        for path in (self._shown.path, *self._shown.details):
            self._fetcher.answers(url(self._shown) + path, body(self._acme, self._shown, path))
        before = len(self._store.events)
        self._clock.passes(minutes=1)
        poll = self._poller.poll(self._provider.id)
        assert poll is not None
        assert poll.failure is None
        kinds = (EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE)
        return [event.message or "" for event in self._store.events[before:] if event.event in kinds]
