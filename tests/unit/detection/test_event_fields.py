"""What docs/events.md says of dates, of the first sight of a page and of components, sentence by sentence."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, page, provider, summary, update
from tests.unit.detection.test_inferred import PLATFORM, Tracker
from tests.vendor import INCIDENTS, SUMMARY, TIMEOUT, Following, Watch
from tracker.detection.edits import WITHDRAWN_AFTER
from tracker.detection.migration import moved
from tracker.detection.readability import UNREADABLE_AFTER
from tracker.model.event import Event, EventKind
from tracker.model.page import Component, Snapshot
from tracker.model.provider import FirstSight
from tracker.parse import FORMATS, read

MINUTE = timedelta(minutes=1)
CHANGED = NOON - timedelta(seconds=20)


class Page(Watch):
    """A page that shows what a test says, and somebody who polls it every minute from noon on."""

    def __init__(self, first_sight: FirstSight = FirstSight.OPEN) -> None:
        super().__init__(url=SUMMARY, first_sight=first_sight)
        self._changes = 0

    def shows(self, snapshot: Snapshot, *, dated: datetime | None = None) -> list[Event]:
        """Return what a poll reports once the page shows this; `dated` is when all of its components changed."""
        self._changes += 1
        body = summary(replace(snapshot, updated_at=NOON - timedelta(days=1) + self._changes * MINUTE))
        if dated is not None:
            body = body.replace(b'"group": false', b'"group": false, "updated_at": "%b"' % dated.isoformat().encode())
        self.fetcher.answers(SUMMARY, body)
        return self.reported_after()


class Known(Following):
    """A page of several endpoints that was read at noon and a minute later, with an open incident of two updates."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = [self.vendor.posts("i1"), self.vendor.posts("i1", "identified")]
        self.posted = self.vendor.versions[-1].incidents[0].updates
        self.watcher.polls()
        self.read_at = self.clock()
        self.watcher.reported()


# --- published_at and unseen_since ---


def test_an_update_has_the_date_of_the_vendor_and_was_not_there_when_the_page_was_read_last() -> None:
    known = Known()
    known.vendor.posts("i1", "monitoring")
    posted_at = known.clock()

    (event,) = known.watcher.reported_after()

    assert (event.event, event.seen_at) == (EventKind.INCIDENT_UPDATE, known.clock())
    assert posted_at - timedelta(seconds=1) < event.published_at <= posted_at
    assert event.unseen_since == known.read_at


def test_an_edit_has_the_date_of_its_update_and_the_text_was_not_there_when_the_page_was_read_last() -> None:
    known = Known()
    known.vendor.edits(known.keys[0], "It was the network.")

    (event,) = known.watcher.reported_after()

    assert event.event is EventKind.UPDATE_EDITED
    assert event.published_at == known.posted[0].created_at
    assert event.unseen_since == known.read_at


def test_withdrawals_and_events_of_the_page_have_neither_date() -> None:
    known = Known()
    known.vendor.deletes(known.keys[0])
    reported = [moved(provider(), "Statuspage at a.example", "Instatus at b.example", 1, NOON).event]
    for _ in range(WITHDRAWN_AFTER):
        reported += known.watcher.reported_after()
        known.vendor.stamps()
    known.vendor.fails()
    reported += known.watcher.reported_after(UNREADABLE_AFTER)
    known.vendor.answers()
    reported += known.watcher.reported_after()

    assert [event.event for event in reported] == [
        EventKind.PAGE_MOVED,
        EventKind.UPDATE_WITHDRAWN,
        EventKind.PAGE_UNREADABLE,
        EventKind.PAGE_READABLE,
    ]
    assert {(event.published_at, event.unseen_since) for event in reported} == {(None, None)}


def test_an_end_by_absence_has_no_date_and_happened_up_to_one_poll_before_unseen_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FORMATS, PLATFORM.name, PLATFORM)
    board = Tracker()
    board.recalls()
    board.shows(incident("i1", update("u1")))
    board.polls()
    board.reported()
    board.shows()
    board.polls()
    first_without_it = board.clock()
    board.polls()

    (event,) = board.reported()
    assert (event.status, event.published_at) == ("resolved", None)
    assert event.unseen_since == first_without_it


def test_what_was_read_only_in_part_does_not_show_that_something_was_not_there() -> None:
    known = Known()
    known.vendor.stamps()
    known.vendor.fetcher.raises(INCIDENTS, TIMEOUT)
    assert known.watcher.reported_after() == []
    known.vendor.posts("i1", "monitoring")

    assert [event.unseen_since for event in known.watcher.reported_after()] == [known.read_at]


def test_a_component_that_the_vendor_dates_has_that_date_and_any_other_none() -> None:
    watched = Page()
    watched.shows(page(components=(component("api"),)))
    read_at = watched.clock()

    (dated,) = watched.shows(page(components=(component("api", "major_outage"),)), dated=CHANGED)
    (undated,) = watched.shows(page(components=(component("api"),)))

    assert (dated.published_at, dated.unseen_since, dated.seen_at) == (CHANGED, read_at, read_at + MINUTE)
    assert (undated.published_at, undated.unseen_since) == (None, read_at + MINUTE)


def test_another_date_of_a_component_is_no_change() -> None:
    watched = Page()
    watched.shows(page(components=(component("api"),)))

    assert [watched.shows(page(components=(component("api"),)), dated=NOON + n * MINUTE) for n in range(3)] == [[]] * 3


@pytest.mark.parametrize("stamp", ["null", '"soon"', "7", "{}"])
def test_a_date_of_a_component_that_is_none_leaves_it_undated(stamp: str) -> None:
    body = summary(page(components=(component("api"),)))
    odd = body.replace(b'"group": false', b'"group": false, "updated_at": %b' % stamp.encode())

    assert read(odd).components == read(body).components == (component("api"),)


def test_one_date_for_all_components_of_incident_io_dates_none() -> None:
    body = summary(page(components=(component("api"), component("web"))))
    stamped = body.replace(b'"group": false', b'"updated_at": "2025-11-03T12:00:00Z"')

    assert read(stamped).components == (component("api"), component("web"))


# --- the first sight ---


def first_page() -> Snapshot:
    """Return a page on which everything is that a page can show."""
    return page(
        incident("open", update("u1", 1), update("u2", 2, "identified")),
        incident("over", update("u3", 1), update("u4", 3, "resolved")),
        maintenances=(
            incident("running", update("u5", 1, "scheduled"), update("u6", 4, "in_progress")),
            incident("planned", update("u7", 5, "scheduled")),
        ),
        components=(component("api", "major_outage"), component("web"), component("cron", "unknown")),
    )


def reported_as(events: list[Event]) -> list[tuple[str, str | None, str]]:
    return [(event.event, event.update_id, event.status) for event in events]


def test_at_first_sight_the_newest_update_of_what_goes_on_is_reported_and_each_component_that_does_not_work() -> None:
    reported = Page().shows(first_page())

    assert reported_as(reported) == [
        ("new_incident", "u2", "identified"),
        ("maintenance_update", "u6", "in_progress"),
        ("component_status_change", None, "major_outage"),
    ]
    assert {event.unseen_since for event in reported} == {None}
    assert reported[-1].message is None, "what it was is not known"


def test_a_silent_first_sight_reports_nothing() -> None:
    assert Page(FirstSight.SILENT).shows(first_page()) == []


def test_a_first_sight_of_all_reports_every_update_that_the_page_shows() -> None:
    reported = Page(FirstSight.ALL).shows(first_page())

    assert {event.update_id for event in reported} == {"u1", "u2", "u3", "u4", "u5", "u6", "u7", None}
    assert [event.status for event in reported if event.update_id is None] == ["major_outage"]


@pytest.mark.parametrize("first_sight", FirstSight)
def test_what_comes_after_the_first_sight_is_reported_whatever_that_reported(first_sight: FirstSight) -> None:
    watched = Page(first_sight)
    watched.shows(first_page())
    later = first_page()
    later = replace(
        later,
        incidents=(incident("open", *later.incidents[0].updates, update("u8", 9, "resolved")), later.incidents[1]),
        components=(component("api"), *later.components[1:]),
    )

    assert [(event.update_id, event.status) for event in watched.shows(later)] == [
        ("u8", "resolved"),
        (None, "operational"),
    ]


# --- component changes ---


def parts(*components: Component) -> Snapshot:
    return page(components=(component("web"), *components))


def test_a_change_of_a_component_is_a_change_of_its_status() -> None:
    watched = Page()
    watched.shows(parts(component("api")))

    statuses = ["degraded_performance", "partial_outage", "major_outage", "under_maintenance", "operational"]
    reported = [event for status in statuses for event in watched.shows(parts(component("api", status)))]

    assert [event.status for event in reported] == statuses
    assert [event.message for event in reported] == [
        f"was {was.replace('_', ' ')}" for was in ["operational", *statuses[:4]]
    ]
    assert len({event.id for event in reported}) == len(reported)


def test_a_renamed_component_is_reported_of_under_its_new_name_when_it_changes() -> None:
    watched = Page()
    watched.shows(parts(component("api", name="API")))
    watched.shows(parts(component("api", name="Interface")))

    (event,) = watched.shows(parts(component("api", "major_outage", name="Interface")))

    assert (event.product, event.components, event.message) == ("Acme - Interface", ("Interface",), "was operational")
