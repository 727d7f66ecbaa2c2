"""What a page means without posting it: ends by absence, and windows that move."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import NOON, incident, page, update
from tests.goldens import stories
from tests.vendor import TIMEOUT, Watch
from tracker.detection.inferred import KnownIncident, inferred
from tracker.errors import FetchError, HttpStatusError
from tracker.model.event import Event, EventKind
from tracker.model.page import Impact, Incident, IncidentUpdate, OpenIncident, Snapshot
from tracker.model.provider import FirstSight
from tracker.parse import FORMATS, Endpoints, Format
from tracker.polling.poll_cost import ResponseClass

BOARD = "https://status.acme.example/board"
HISTORY = "https://status.acme.example/history"
_MARK = b"board "


def _read(body: bytes, _url: str, _content_type: str | None) -> Snapshot:
    return msgspec.json.decode(body.removeprefix(_MARK), type=Snapshot)


#: A platform whose board lists only what goes on and what is planned, and whose history lists the rest.
PLATFORM = Format(
    name="board",
    title="Board",
    recognises=lambda body, _: body.startswith(_MARK),
    read=_read,
    endpoints=(Endpoints(primary="/board", details=("/history",)),),
)


@pytest.fixture(autouse=True, scope="module")
def _platform() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FORMATS, PLATFORM.name, PLATFORM)
        yield


class Tracker(Watch):
    """A tracker of one board, polled every minute; its page answers 304 where nothing changed."""

    url = BOARD

    def shows(self, *incidents: Incident, minute: int | None = None, **fields: object) -> None:
        """Let the board list these from now on."""
        self._answers(BOARD, page(*incidents, minute=minute, **{"open_only": True} | fields))

    def recalls(self, *incidents: Incident, **fields: object) -> None:
        """Let the history list these from now on."""
        self._answers(HISTORY, page(*incidents, minute=None, **fields))

    def fails(self, url: str = BOARD, error: FetchError = TIMEOUT) -> None:
        """Let a part of the page answer nothing from now on."""
        self.fetcher.raises(url, error)

    def _answers(self, url: str, snapshot: Snapshot) -> None:
        body = _MARK + msgspec.json.encode(snapshot)
        self.fetcher.answers(url, body, etag=f'"{hash(body)}"')

    def reported_after(self, polls: int = 1) -> list[tuple[str, str]]:
        """Return id and status of what so many polls report."""
        return [(event.id.removeprefix("acme/"), event.status) for event in super().reported_after(polls)]


def works(begin_h: float | None, end_h: float | None, *updates: IncidentUpdate, status: str = "scheduled") -> Incident:
    """Return a maintenance that lasts from then until then, in hours after noon."""
    begin, end = (None if hours is None else NOON + timedelta(hours=hours) for hours in (begin_h, end_h))
    first = update("w1", 1, "scheduled")
    return incident("m1", first, *updates, status=status, scheduled_for=begin, scheduled_until=end)


SLOW = incident("i1", update("u1", 1), impact=Impact.MAJOR, link="https://a.example/i1", components=("API",))
RUNNING = incident("m1", update("w1", 1, "in_progress"), impact=Impact.MAINTENANCE)
INCIDENTS = {
    "slow": SLOW,
    "slow-again": incident("i1", *SLOW.updates, update("u2", 9)),
    "over": incident("i1", *SLOW.updates, update("u2", 9, "resolved", body="Fixed.")),
    "other": incident("i2", update("v1", 2)),
    "wordless": incident("i3", update("x1", 3, "unknown")),
    "bare": incident("i9"),
    "running-as-incident": RUNNING,
}
MAINTENANCES = {
    "running": RUNNING,
    "soon": works(1, None),
    "later": works(26, 28),
    "begun": works(-1, None),
    "undated": works(None, None),
    "14-16": works(2, 4),
    "14-16.01": works(2, 4.01),
    "14-17": works(2, 5),
    "14-": works(2, None),
    "-16": works(None, 4),
    "15-17": works(3, 5),
    "14-16-begun": works(2, 4, update("w2", 120, "in_progress"), status="in_progress"),
    "14-18-begun": works(2, 6, update("w2", 120, "in_progress"), status="in_progress"),
    "14-21-over": works(2, 9, status="completed"),
}
READERS = {"for silent first sight": {"first_sight": FirstSight.SILENT}, "for Web alone": {"components": ("Web*",)}}


@pytest.fixture
def tracker() -> Tracker:
    """A tracker of a board that lists one incident, which was reported, and whose history is empty."""
    seeded = Tracker()
    seeded.recalls()
    seeded.shows()
    seeded.polls()
    seeded.shows(SLOW)
    assert seeded.reported_after(2) == [("i1/u1", "investigating")]
    return seeded


# --- ends ---


def test_an_incident_that_two_answers_in_a_row_do_not_list_is_over(tracker: Tracker) -> None:
    tracker.shows()

    assert tracker.reported_after(1) == []
    assert tracker.view.open_incidents != (), "one answer proves nothing"
    tracker.polls()
    (end,) = tracker.reported()

    assert end == Event(
        id="acme/i1/ended/u1",
        event=EventKind.INCIDENT_UPDATE,
        provider="acme",
        provider_name="Acme",
        product="Acme - API",
        incident_id="i1",
        incident="Incident i1",
        update_id="ended/u1",
        status="resolved",
        message="No longer listed on the page.",
        impact="major",
        components=("API",),
        link="https://a.example/i1",
        published_at=None,
        seen_at=tracker.clock(),
        unseen_since=tracker.clock() - timedelta(minutes=1),
    )
    assert tracker.view.open_incidents == ()
    assert tracker.reported_after(5) == []


def test_a_page_is_read_again_only_until_it_is_known_what_ended(tracker: Tracker) -> None:
    tracker.shows()

    assert [tracker.polls().response_class for _ in range(4)] == [
        ResponseClass.CHANGED,
        ResponseClass.CHANGED,
        ResponseClass.NOT_MODIFIED,
        ResponseClass.NOT_MODIFIED,
    ]


def test_an_answer_that_is_older_is_no_answer() -> None:
    tracker = Tracker()
    tracker.shows(minute=5)
    tracker.polls()
    tracker.shows(SLOW, minute=10)
    tracker.reported_after(1)

    tracker.shows(minute=5)
    assert tracker.reported_after(4) == []
    tracker.shows(minute=11)
    tracker.polls()
    tracker.shows(minute=5)
    assert tracker.reported_after(3) == []
    tracker.shows(minute=11)
    assert tracker.reported_after(1) == [("i1/ended/u1", "resolved")]


STORIES = stories("boards")


def plays(tracker: Tracker, words: str) -> None:
    """Let board and history show what a line of a story says."""
    board, _, history = (part.split() for part in words.partition("/"))
    if board == ["fails"]:
        tracker.fails()
    else:
        tracker.shows(
            *(INCIDENTS[word] for word in board if word in INCIDENTS),
            maintenances=tuple(MAINTENANCES[word] for word in board if word in MAINTENANCES),
            open_only="past" not in board,
        )
    if history == ["fails"]:
        tracker.fails(HISTORY, HttpStatusError("the page answers with status 503", None, 503))
    elif history:
        tracker.recalls(*(INCIDENTS[word] for word in history))


def reported_by(tracker: Tracker) -> str:
    """Poll; return what is followed from then on, and what is reported, as a story has them."""
    events = "; ".join(map(" ".join, tracker.reported_after()))
    view = tracker.view
    followed = (*view.open_incidents, *view.open_maintenances, *view.planned_maintenances)
    return f"{' '.join(known.id for known in followed)} | {events}".strip()


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_a_board_lists_and_no_longer_lists_is_reported_once(story: list[tuple[str, str]]) -> None:
    tracker = Tracker()
    tracker.recalls()
    for words, expected in story:
        if words in READERS:
            tracker = Tracker(**READERS[words])
        else:
            plays(tracker, words)
            assert reported_by(tracker) == expected


# --- ends, whatever a board shows ---

OPEN = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), max_size=3)


def _listed(shown: dict[str, int], order: list[str]) -> Iterator[Incident]:
    for known in sorted(shown, key=order.index):
        yield incident(known, *(update(f"{known}{number}", number) for number in range(1, shown[known] + 1)))


@settings(max_examples=60)
@given(st.lists(st.tuples(OPEN, st.permutations("abc"), st.booleans()), max_size=12))
def test_every_end_is_reported_once_after_two_answers_and_never_while_listed(
    history: list[tuple[dict[str, int], list[str], bool]],
) -> None:
    tracker = Tracker()
    tracker.shows()
    tracker.polls()
    #: Incidents that are followed, and how many answers in a row have not listed them.
    misses: dict[str, int] = {}
    newest: dict[str, int] = {}
    expected: list[str] = []
    ended: list[str] = []
    for drawn, order, answers in history:
        # An earlier state than one that was shown is doubted, which is another matter.
        shown = {known: max(state, newest.get(known, 0)) for known, state in drawn.items()}
        if answers:
            tracker.shows(*_listed(shown, order))
            misses = {known: 0 if known in shown else misses[known] + 1 for known in {*misses, *shown}}
            newest |= shown
        else:
            tracker.fails()
        over = {known for known, count in misses.items() if count == 2}
        expected += [f"{known}/ended/{known}{newest[known]}" for known in over]
        misses = {known: count for known, count in misses.items() if known not in over}

        reported = [event_id for event_id, _ in tracker.reported_after(1) if "/ended/" in event_id]
        ended += reported

        assert answers or not reported
        assert not {event_id.partition("/")[0] for event_id in reported} & shown.keys()
        # An end that comes again has a number behind its name.
        assert sorted(event_id.partition("#")[0] for event_id in ended) == sorted(expected)
    assert len(ended) == len(set(ended))


# --- windows ---


@pytest.fixture
def planned(tracker: Tracker) -> Tracker:
    """A tracker of a board that plans a maintenance from 14:00 until 16:00, which was reported."""
    tracker.shows(SLOW, maintenances=(works(2, 4),))
    assert tracker.reported_after(1) == [("m1/w1", "scheduled")], "the first sight of a window is no news"
    return tracker


MOVES = {
    "a longer one": (
        works(2, 5),
        "20251103T1400Z-20251103T1700Z",
        "now until 2025-11-03 17:00 UTC, was until 16:00 UTC",
    ),
    "one until another day": (
        works(2, 16),
        "20251103T1400Z-20251104T0400Z",
        "now until 2025-11-04 04:00 UTC, was until 2025-11-03 16:00 UTC",
    ),
    "a later one": (
        works(26, 28),
        "20251104T1400Z-20251104T1600Z",
        "now from 2025-11-04 14:00 until 16:00 UTC, was from 2025-11-03 14:00 until 16:00 UTC",
    ),
    "a later one without an end": (
        works(3, None),
        "20251103T1500Z-",
        "now from 2025-11-03 15:00 until 16:00 UTC, was from 2025-11-03 14:00 until 16:00 UTC",
    ),
}


@pytest.mark.parametrize(("moved", "window", "message"), MOVES.values(), ids=MOVES)
def test_a_window_that_moves_is_reported_once(planned: Tracker, moved: Incident, window: str, message: str) -> None:
    planned.shows(SLOW, maintenances=(moved,))
    planned.polls()
    (event,) = planned.reported()

    assert (event.id, event.event) == (f"acme/m1/window/{window}", EventKind.MAINTENANCE_UPDATE)
    assert (event.status, event.message, event.published_at) == ("scheduled", message, None)
    assert (event.scheduled_for, event.scheduled_until) == (moved.scheduled_for, moved.scheduled_until)
    assert planned.reported_after(3) == []


def test_a_window_that_moves_with_an_update_is_reported_by_the_update(planned: Tracker) -> None:
    planned.shows(SLOW, maintenances=(works(26, 28, update("w2", 5, "scheduled")),))
    planned.polls()
    (event,) = planned.reported()

    assert event.update_id == "w2"
    assert event.scheduled_for == NOON + timedelta(hours=26)
    assert planned.reported_after(2) == []


@pytest.mark.parametrize(("moved", "window", "message"), MOVES.values(), ids=MOVES)
def test_a_window_that_moved_since_the_record_was_written_is_reported(
    moved: Incident, window: str, message: str
) -> None:
    was = works(2, 4)
    recorded = OpenIncident(
        id=was.id,
        name=was.name,
        status=was.status,
        scheduled_for=was.scheduled_for,
        scheduled_until=was.scheduled_until,
    )
    known = KnownIncident(
        trace=None, going_on=recorded, goes_on=False, is_maintenance=True, has_clock=True, was_doubted=False
    )

    found = inferred(moved, known)

    assert found.update == IncidentUpdate(id=f"window/{window}", status="scheduled", body=message)
    assert found.trace is not None
    assert found.trace.names == (f"window/{window}",)
    assert inferred(was, known).update is None
