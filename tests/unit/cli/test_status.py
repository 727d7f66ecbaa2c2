"""How a page's state is shown."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON, component, provider
from tracker.cli.page_report import PageReport, report
from tracker.cli.status import show
from tracker.model.page import Impact, OpenIncident
from tracker.model.page_state import Activity, PageState, PageView
from tracker.store.pages import PageStatus


def maintenance(maintenance_id: str, begin_h: float | None, end_h: float | None, status: str) -> OpenIncident:
    """Return a maintenance that lasts from then until then, in hours after noon."""
    begin, end = (None if hours is None else NOON + timedelta(hours=hours) for hours in (begin_h, end_h))
    return OpenIncident(
        id=maintenance_id, name=f"Works {maintenance_id}", status=status, scheduled_for=begin, scheduled_until=end
    )


def report_of(**view: object) -> PageReport:
    """Return what is reported at noon of a page that has been read."""
    page = PageStatus(provider=provider(), state=PageState(seeded=True), view=PageView(**view), checked_at=NOON)
    return report(page, NOON)


WEEK_H = 7 * 24


@pytest.mark.parametrize(
    ("windows", "shown"),
    [
        ({"far": (WEEK_H + 1, WEEK_H + 2), "last": (WEEK_H, WEEK_H + 2), "next": (1, 2)}, ["next", "last"]),
        ({"late": (-1, 1), "over": (-2, -1), "passed": (-1, None)}, ["late"]),
        ({"nobody knows when": (None, None)}, []),
    ],
    ids=["the next one first, within a week", "what a page forgot to begin, until it is over", "with a window alone"],
)
def test_planned_maintenances_are_shown(
    windows: dict[str, tuple[float | None, float | None]], shown: list[str]
) -> None:
    planned = [maintenance(name, *window, "scheduled") for name, window in windows.items()]

    assert [known.id for known in report_of(planned_maintenances=planned).planned_maintenances] == shown


def test_json_holds_windows_and_what_they_touch(capsys: pytest.CaptureFixture[str]) -> None:
    known = replace(maintenance("m1", 1, 2, "scheduled"), components=("API",), regions=("eu",), update_id="u1")

    show([report_of(planned_maintenances=(known,))], "json")

    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["planned_maintenances"] == [
        {
            "id": "m1",
            "name": "Works m1",
            "status": "scheduled",
            "impact": None,
            "link": None,
            "update_id": "u1",
            "updated_at": None,
            "began_at": None,
            "components": ["API"],
            "mentions": [],
            "regions": ["eu"],
            "scheduled_for": "2025-11-03T13:00:00Z",
            "scheduled_until": "2025-11-03T14:00:00Z",
            "is_followed": False,
        }
    ]


def test_text_says_what_goes_on_and_what_is_planned(capsys: pytest.CaptureFixture[str]) -> None:
    parts = (component("c1", "major_outage", name="Login"), component("c2", "major_outage", name="Login"))

    show(
        [
            report_of(
                open_incidents=(OpenIncident(id="i1", name="Slow", status="investigating", impact=Impact.MINOR),),
                open_maintenances=(maintenance("m1", -1, 1, "in_progress"),),
                planned_maintenances=(maintenance("m2", 2, 4, "scheduled"),),
                components={part.id: part for part in parts},
            )
        ],
        "text",
    )

    _, line = capsys.readouterr().out.splitlines()
    assert line.endswith(
        "Slow (investigating); Works m1 (in progress until 2025-11-03 13:00 UTC); "
        "Login (c1): major outage; Login (c2): major outage; Works m2 (planned for 2025-11-03 14:00 UTC)"
    )


def test_text_says_which_words_are_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    show([report_of(unknown_words=("Frobbed", "Bent"))], "text")

    assert capsys.readouterr().out.splitlines()[1].endswith("words for a status that are not known: Frobbed, Bent")


def test_a_page_with_nothing_but_a_maintenance_is_under_maintenance() -> None:
    assert report_of(indicator=Impact.NONE, open_maintenances=(maintenance("m1", -1, 1, "in_progress"),)).state == (
        "maintenance"
    )
    assert report_of(indicator=Impact.NONE, planned_maintenances=(maintenance("m1", 1, 2, "scheduled"),)).state == (
        "operational"
    )


def polled(state: PageState, capsys: pytest.CaptureFixture[str], **view: object) -> tuple[float | None, str]:
    """Return how often a page is polled, as JSON has it, and what text says of the page."""
    reported = report(PageStatus(provider=provider(), state=state, view=PageView(**view), checked_at=NOON), NOON)
    show([reported], "text")
    _, line = capsys.readouterr().out.splitlines()
    return reported.polled_every_s, line.rpartition("  ")[2]


def test_a_page_that_is_not_polled_at_its_interval_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    incident = OpenIncident(id="i1", name="Slow", status="investigating")
    fast = PageState(seeded=True, activity=Activity(incident_at=NOON - timedelta(minutes=1)))
    slow = PageState(seeded=True, activity=Activity(quiet_since=NOON - timedelta(days=30)))

    assert polled(fast, capsys, open_incidents=(incident,)) == (
        20,
        "Slow (investigating); polled every 20 s in this incident",
    )
    assert polled(slow, capsys) == (120, "polled every 120 s while quiet")
    assert polled(PageState(seeded=True), capsys, open_incidents=(incident,)) == (None, "Slow (investigating)")


def test_a_page_that_is_asked_once_is_not_polled() -> None:
    slow = PageState(seeded=True, activity=Activity(quiet_since=NOON - timedelta(days=30)))

    asked = report(PageStatus(provider=provider(), state=slow, view=PageView()), NOON, is_watched=False)

    assert asked.polled_every_s is None
