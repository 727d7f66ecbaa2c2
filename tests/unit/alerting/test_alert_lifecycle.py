"""What single rules make of single stories: holds, quiet hours, digests, storms, maintenance, silences, moves."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.fakes import NOON
from tests.unit.alerting.stories import an_event, rules
from tracker.alerting.alert import Alert, AlertState
from tracker.alerting.backtest import Replay
from tracker.alerting.groups import GROUPS
from tracker.alerting.machine import change
from tracker.alerting.rules import ProviderFacts, Rules
from tracker.alerting.story import acknowledged, snoozed
from tracker.model.event import Event, EventKind
from tracker.model.page import Impact
from tracker.model.route import AlertKind, QuietHours, Route, Silence

#: What somebody does to an alert at a moment.
Act = Callable[[Alert, datetime], Alert]


class Story:
    """A replay whose clock is moved by minutes, and which notes what each channel is sent."""

    def __init__(self, known: Rules) -> None:
        self.replay = Replay(known)
        self.now = NOON

    def at(self, minutes: float, *happens: Event | Act) -> "Story":
        """Let it be so many minutes after noon, and these events happen or somebody do this to the one alert."""
        self.now = NOON + timedelta(minutes=minutes)
        self.replay.play(
            [replace(each, seen_at=self.now) for each in happens if isinstance(each, Event)], until=self.now
        )
        for act in (each for each in happens if not isinstance(each, Event)):
            (alert,) = self.alerts
            for each in change(
                self.replay.book, alert, lambda a, act=act: act(a, self.now), self.replay.rules, self.now
            ):
                self.replay._note([each], self.now, None)
        return self

    @property
    def alerts(self) -> Sequence[Alert]:
        return [alert for alert in self.replay.book.alerts if alert.group is None]

    @property
    def groups(self) -> Sequence[Alert]:
        return list(self.replay.book.of_provider(GROUPS))

    @property
    def sent(self) -> list[str]:
        """Return what was sent, each with its minute after noon and its note."""
        return [
            f"{(each.at - NOON).total_seconds() / 60:g} {each.delivery.act}"
            + (f", {each.delivery.note}" if each.delivery.note else "")
            for each in self.replay.sent
        ]


def chat(**fields: Any) -> Rules:
    return rules(Route(to=("chat",), **fields))


def taken_on(alert: Alert, now: datetime) -> Alert:
    return acknowledged(alert, "Ann", now)


def put_off(alert: Alert, now: datetime) -> Alert:
    return snoozed(alert, now + timedelta(minutes=30), "Ann", now)


def works(status: str, update: str = "a", hours: float = 2) -> Event:
    begins = NOON + timedelta(hours=hours)
    return an_event(
        status, kind=EventKind.MAINTENANCE_UPDATE, impact="maintenance", update=update, scheduled_for=begins
    )


BEGUN, OVER = an_event(), an_event("resolved")
MINOR, MAJOR, CRITICAL = (an_event(impact=impact, update=impact) for impact in ("minor", "major", "critical"))
UNREADABLE = an_event("unknown", kind=EventKind.PAGE_UNREADABLE, impact=None, id="acme/page_unreadable/1")
READABLE = an_event("readable", kind=EventKind.PAGE_READABLE, impact=None, id="acme/page_readable/1")
MOVED = an_event("moved", kind=EventKind.PAGE_MOVED, impact=None, id="acme/page_moved/1")
EDITED = an_event("resolved", kind=EventKind.UPDATE_EDITED, update="resolved", id="acme/i1/resolved/edited/1")
FALL = an_event(
    "major_outage",
    kind=EventKind.COMPONENT_STATUS_CHANGE,
    impact=None,
    id="acme/component/api/1",
    components=("API",),
)
QUIET = QuietHours(start=time(11), end=time(13))
SILENCE = Silence(id="s", reason="planned", providers=("acme",), created_at=NOON, ends_at=NOON + timedelta(minutes=30))
#: By what is expected: the rules, what happens at which minutes after noon, and what is sent.
STORIES: dict[str, tuple[Rules, Sequence[tuple[Any, ...]], list[str]]] = {
    "what ends within the hold is never sent": (chat(after_s=300), [(0, BEGUN), (4, OVER), (10,)], []),
    "what outlasts it says how long it was held": (
        chat(after_s=300),
        [(0, BEGUN), (3, an_event("identified")), (10,)],
        ["5 open, held 5 min"],
    ),
    "a page that cannot be read is reported after five minutes": (
        chat(),
        [(0, UNREADABLE), (9, READABLE)],
        ["5 open, held 5 min", "9 close"],
    ),
    "or when the route says": (chat(after_s=0), [(0, UNREADABLE), (1, READABLE)], ["0 open", "1 close"]),
    "a rise past the filter opens late, and a fall below it does not keep the close away": (
        chat(min_impact=Impact.MAJOR),
        [(0, MINOR), (1, MAJOR), (2, an_event(impact="none", update="c")), (3, an_event("resolved", impact="none"))],
        ["1 open", "2 change", "3 close"],
    ),
    "a summary of what is all over when quiet hours end is one message": (
        chat(quiet_hours=QUIET),
        [(0, BEGUN), (5, OVER), (100,)],
        ["60.0333 open"],
    ),
    "what is as bad as quiet hours let pass passes, and so does the end of what was reported": (
        chat(quiet_hours=replace(QUIET, passes=Impact.CRITICAL)),
        [
            (0, MAJOR),
            (1, CRITICAL),
            (2, an_event(impact="major", update="c")),
            (3, an_event("resolved", impact="major")),
        ],
        ["1 open, held 1 min", "3 close"],
    ),
    "services that hold incidents open what still goes on when quiet hours end": (
        rules(Route(to=("oncall",), quiet_hours=QUIET), objects=frozenset({"oncall"})),
        [
            (0, an_event(incident="gone")),
            (5, an_event("resolved", incident="gone")),
            (10, an_event(incident="stays")),
            (70, an_event("resolved", incident="stays")),
        ],
        ["60 open, held 50 min", "70 close"],
    ),
    "a maintenance is announced, called to mind, moved, begun and ended": (
        chat(kinds=(AlertKind.MAINTENANCE,)),
        [
            (0, works("scheduled")),
            (60, works("scheduled", "window/b", 4)),
            (211,),
            (240, works("in_progress", "c", 4)),
            (300, works("completed", "d", 4)),
        ],
        ["0 open", "60 change", "210 change, begins at 2025-11-03 16:00 UTC", "240 change", "300 close"],
    ),
    "a cancelled maintenance is closed": (
        chat(),
        [(0, works("scheduled")), (1, works("cancelled", "b"))],
        ["0 open", "1 close"],
    ),
    "nothing is sent behind a close": (
        chat(),
        [(0, BEGUN), (1, OVER), (2, an_event("postmortem")), (3, EDITED)],
        ["0 open", "1 close"],
    ),
    "an alert is repeated until somebody takes it on, and again once it is worse": (
        chat(repeat_s=3600),
        [(0, MAJOR), (61,), (61, taken_on), (200,), (201, CRITICAL), (245,)],
        ["0 open", "60 change, still open after 1 h", "61 change", "201 change", "240 change, still open after 4 h"],
    ),
    "a snooze holds changes until it is over": (
        chat(),
        [(0, MINOR), (0, put_off), (5, an_event("identified", impact="minor")), (40,)],
        ["0 open", "0 change", "30 change"],
    ),
    "a snooze does not hold what is worse": (
        chat(),
        [(0, MINOR), (0, put_off), (5, MAJOR)],
        ["0 open", "0 change", "5 change"],
    ),
    "a snooze does not hold the end": (
        chat(),
        [(0, MINOR), (0, put_off), (5, an_event("resolved", impact="minor"))],
        ["0 open", "0 change", "5 close"],
    ),
    "a silence holds what opens and lets it go on when it ends": (
        rules(Route(to=("chat",)), silences=(SILENCE,)),
        [(0, BEGUN), (40,)],
        ["30 open, was silenced"],
    ),
    "a page that moves goes on with its alert under the new id": (
        chat(),
        [
            (0, an_event(link="https://a/1")),
            (1, MOVED),
            (2, replace(an_event("resolved", incident="new-id"), incident="Trouble i1")),
        ],
        ["0 open", "2 close"],
    ),
    "what a moved page does not show any more is closed after a day": (
        chat(),
        [(0, BEGUN), (1, MOVED), (60 * 25,)],
        ["0 open", f"{60 * 24 + 1} close"],
    ),
}


@pytest.mark.parametrize(("known", "steps", "sent"), STORIES.values(), ids=STORIES)
def test_a_channel_is_sent(known: Rules, steps: Sequence[tuple[Any, ...]], sent: list[str]) -> None:
    story = Story(known)
    for minute, *happens in steps:
        story.at(minute, *happens)

    assert story.sent == sent
    assert all(each.delivery.alert_id == each.alert.id for each in story.replay.sent)


def test_what_is_not_to_come_or_not_shown_any_more_is_withdrawn() -> None:
    cancelled = Story(chat()).at(0, works("scheduled")).at(1, works("cancelled", "b"))
    moved = Story(chat()).at(0, BEGUN).at(1, MOVED).at(60 * 25)

    assert [alert.state for alert in (*cancelled.alerts, *moved.alerts)] == [AlertState.WITHDRAWN] * 2


def test_a_step_is_worse_where_the_impact_rises() -> None:
    (alert,) = Story(chat()).at(0, MINOR).at(1, MAJOR).at(2, an_event(impact="none", update="c")).alerts

    assert [step.is_worse for step in alert.steps] == [False, True, False]


def test_an_alert_that_was_taken_on_is_open_again_once_it_is_worse() -> None:
    (alert,) = Story(chat()).at(0, MAJOR).at(61, taken_on).at(201, CRITICAL).alerts

    assert alert.state is AlertState.OPEN


def test_a_reopening_within_half_an_hour_goes_on_and_a_later_one_is_another_alert() -> None:
    soon, late = (Story(chat()).at(0, BEGUN).at(1, OVER).at(at, an_event("identified")) for at in (20, 40))

    assert [alert.generation for alert in soon.alerts] == [1]
    assert [alert.generation for alert in late.alerts] == [1, 2]
    assert (soon.sent, late.sent) == (["0 open", "1 close", "20 open"], ["0 open", "1 close", "40 open"])


def test_quiet_hours_hold_openings_and_end_with_one_summary_that_closes_when_all_is_over() -> None:
    story = Story(chat(quiet_hours=QUIET))
    story.at(0, an_event(incident="gone")).at(5, an_event("resolved", incident="gone"))
    story.at(10, an_event(incident="stays")).at(100).at(120, an_event("resolved", incident="stays"))

    (summary,) = story.groups
    assert [child.is_over for child in summary.children.values()] == [True, True]
    assert story.sent == ["60.0333 open", "120 close"]


def test_a_digest_is_one_message_for_each_window_in_which_something_happened() -> None:
    story = Story(chat(digest_s=900))
    story.at(1, an_event(incident="a")).at(2, an_event(incident="b")).at(20)
    story.at(31, an_event("resolved", incident="a")).at(100)

    assert story.sent == ["15.0333 open", "45.0333 open"]
    first, second = story.groups
    assert [len(group.children) for group in (first, second)] == [2, 1]


def test_more_than_five_that_open_with_one_cause_are_reported_as_one_from_the_sixth_on() -> None:
    known = {f"p{n}": ProviderFacts(host="status.example") for n in range(9)}
    story = Story(rules(Route(to=("chat",)), providers=known))
    for number in range(9):
        story.at(number / 10, an_event(provider=f"p{number}", impact="critical" if number == 7 else "minor"))
    story.at(5)
    assert [(group.title, group.impact) for group in story.groups] == [
        ("4 more alerts with one cause: status.example", Impact.CRITICAL)
    ]
    for number in range(9):
        story.at(10 + number, an_event("resolved", provider=f"p{number}"))

    (storm,) = story.groups
    assert len(storm.children) == 4
    acts = [each.delivery.act for each in story.replay.sent]
    assert (acts.count("open"), acts.count("close")) == (6, 6)


def test_a_component_that_an_incident_names_is_reported_by_the_incident_alone() -> None:
    alone, along = Story(chat()).at(0, FALL), Story(chat()).at(0, an_event(components=("API",)), FALL)

    assert [alert.kind for alert in alone.alerts] == [AlertKind.COMPONENT]
    assert [alert.kind for alert in along.alerts] == [AlertKind.INCIDENT]


def test_an_incident_whose_id_reads_like_another_subject_has_an_alert_of_its_own() -> None:
    story = Story(chat(after_s=0)).at(
        0, FALL, UNREADABLE, an_event(incident="component/api"), an_event(incident="page")
    )
    story.at(1, an_event("resolved", incident="page"))

    alerts = {(alert.kind, alert.subject): alert for alert in story.alerts}
    assert len({alert.id for alert in story.alerts}) == len(alerts) == 4
    assert {subject for (_, subject), alert in alerts.items() if alert.is_over} == {"page"}
    assert not alerts[AlertKind.PAGE, "page"].is_over


@pytest.mark.parametrize(
    ("continues", "happens", "channels"),
    [(False, CRITICAL, {"oncall"}), (True, CRITICAL, {"oncall", "chat"}), (False, MINOR, {"chat"})],
)
def test_the_first_route_that_matches_decides_unless_it_continues(
    continues: bool, happens: Event, channels: set[str]
) -> None:
    first = Route(to=("oncall",), min_impact=Impact.CRITICAL, continues=continues)
    story = Story(rules(first, Route(to=("chat",)))).at(0, happens)

    assert {each.delivery.channel for each in story.replay.sent} == channels
