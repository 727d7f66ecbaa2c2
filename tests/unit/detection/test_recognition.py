"""A page that is seen for the first time since the data server lost its data: what the record holds decides."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON, component, event, incident, page, provider, update
from tracker.delivery.event_stream import Reported, StreamedEvent
from tracker.delivery.sinks.history import read_reported
from tracker.delivery.sinks.jsonlines import record_line
from tracker.detection.changes import changes
from tracker.detection.comparison import Before
from tracker.model.event import EventKind
from tracker.model.page import Reach
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight

KNOWN = component("api", "major_outage")
BEFORE = Before(
    seeded=False,
    view=PageView(components={"api": KNOWN}, falls_reported=("api",)),
    seen=frozenset({"i1/", "i1/u2"}),
    known_until=NOON + timedelta(minutes=30),
)


@pytest.mark.parametrize("first_sight", FirstSight)
def test_what_came_since_is_reported_and_what_was_passed_over_is_not(first_sight: FirstSight) -> None:
    shown = page(
        incident("past", update("p1", 0), update("p2", 1, "resolved")),
        incident("i1", update("u1", 2), update("u2", 3), update("u3", 4), update("u4", None, "resolved")),
        incident("short", update("s1", 31), update("s2", 32, "resolved")),
        components=(component("api"), component("web")),
    )
    found = changes(provider(first_sight=first_sight), BEFORE, shown, NOON + timedelta(hours=1))

    reported = [pending.event.id for pending in found.pending if pending.key]
    past = ["acme/past/p1", "acme/past/p2", "acme/i1/u1"] if first_sight is FirstSight.ALL else []
    assert set(reported) == {*past, "acme/i1/u3", "acme/i1/u4", "acme/short/s1", "acme/short/s2"}
    changed = [pending.event for pending in found.pending if pending.event.event is EventKind.COMPONENT_STATUS_CHANGE]
    assert [(each.components, each.status, each.message) for each in changed] == [
        (("API",), "operational", "was major outage")
    ]


@pytest.mark.parametrize("how", ["not listed any more", "over without an update"])
def test_what_the_record_calls_ongoing_ends_as_the_page_says(how: str) -> None:
    said = event("acme/i1/u2", update_id="u2", impact="major", status="identified", published_at=NOON)
    line = record_line(StreamedEvent(stream_id="1-0", event=said)).encode()
    known = read_reported([line])["acme"]
    before = replace(BEFORE, view=PageView(open_incidents=known.incidents))
    left = [] if how == "not listed any more" else [replace(incident("i1", update("u2", 0)), status="resolved")]
    first = changes(provider(), before, page(*left, incidents_reach=Reach.ALL), NOON)
    second = changes(
        provider(),
        replace(before, seeded=True, known_until=None, view=first.view),
        page(*left, incidents_reach=Reach.ALL),
        NOON,
    )

    ended = [pending.event for pending in (*first.pending, *second.pending)]
    assert [(each.incident_id, each.status) for each in ended] == [("i1", "resolved")]
    assert first.is_open_question is (not left)
    assert second.view.open_incidents == ()


def test_a_component_is_not_reported_again_as_what_it_was() -> None:
    found = changes(provider(), BEFORE, page(components=(KNOWN,)), NOON)

    assert found.pending == ()


def test_the_record_says_what_was_reported() -> None:
    events = [
        event("acme/i1/u1"),
        event("acme/i1/u1/edited/0123", event=EventKind.UPDATE_EDITED),
        event("acme/a/b/c", incident_id="a/b", update_id="c"),  # of a version before
        event("acme/a/b%2Fd", incident_id="a", update_id="b/d"),
        event(
            "acme/component/x/y/3-17", event=EventKind.COMPONENT_STATUS_CHANGE, incident_id=None, update_id=None,
            status="major_outage", components=("X",),
        ),
        event("other/i1/u9", provider="other", update_id="u9"),
        event("other/i2/u8", provider="other", incident_id="i2", update_id="u8", drill="d1"),
        event("acme/unreadable/3", event=EventKind.PAGE_UNREADABLE, incident_id=None, update_id=None),
        event("other/unreadable/4", provider="other", event=EventKind.PAGE_UNREADABLE, incident_id=None),
        event("other/readable/4", provider="other", event=EventKind.PAGE_READABLE, incident_id=None),
    ]  # fmt: skip
    lines = [record_line(StreamedEvent(stream_id="1-0", event=each)).encode() for each in events]

    reported = read_reported([b'{"torn', *lines, b"not a line"])

    ongoing = {name: [each.id for each in known.incidents] for name, known in reported.items()}
    assert ongoing == {"acme": ["i1", "a/b", "a"], "other": ["i1"]}
    assert {name: replace(known, incidents=()) for name, known in reported.items()} == {
        "acme": Reported(
            keys=frozenset({"i1/", "i1/u1", "a\0b/", "a\0b/c", "a/", "a/b\0d"}),
            components={"x/y": component("x/y", "major_outage", "X")},
            unreadable_at=events[-3].seen_at,
        ),
        "other": Reported(keys=frozenset({"i1/", "i1/u9"})),
    }
