"""What single rules make of single stories: holds, quiet hours, digests, storms, maintenance, silences, moves."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from msgspec.structs import replace

from tests.fakes import NOON
from tests.unit.alerting.stories import an_event, rules
from tracker.alerting.alert import Alert, AlertState, Delivery
from tracker.alerting.backtest import Replay
from tracker.alerting.machine import GROUPS, change
from tracker.alerting.rules import ProviderFacts, Rules
from tracker.alerting.story import acknowledged, snoozed
from tracker.model.event import Event, EventKind
from tracker.model.page import Impact
from tracker.model.route import AlertKind, QuietHours, Route, Silence


class Story:
    """A replay whose clock is moved by minutes, and which notes what each channel is sent."""

    def __init__(self, known: Rules) -> None:
        self.replay = Replay(known)
        self.now = NOON

    def at(self, minutes: float, *events: Event) -> "Story":
        """Let it be so many minutes after noon, and these events happen."""
        self.now = NOON + timedelta(minutes=minutes)
        seen = [replaced(event, seen_at=self.now) for event in events]
        self.replay.play(seen, until=self.now)
        return self

    def did(self, how: Any) -> "Story":
        (alert,) = self.alerts
        for each in change(self.replay.book, alert, how, self.replay.rules, self.now):
            self.replay._note([each], self.now, None)
        return self

    @property
    def alerts(self) -> Sequence[Alert]:
        return [alert for alert in self.replay.book.alerts if alert.group is None]

    @property
    def groups(self) -> Sequence[Alert]:
        return list(self.replay.book.of_provider(GROUPS))

    def sent(self, channel: str = "chat") -> list[tuple[float, str]]:
        """Return what a channel was sent, with the minutes after noon."""
        return [(minutes(each.at), each.delivery.act) for each in self.deliveries(channel)]

    def deliveries(self, channel: str = "chat") -> Sequence[Any]:
        return [each for each in self.replay.sent if each.delivery.channel == channel]

    @property
    def notes(self) -> list[str]:
        return [each.delivery.note for each in self.replay.sent]


def replaced(event: Event, **fields: Any) -> Event:
    return replace(event, **fields)


def minutes(moment: datetime) -> float:
    return (moment - NOON).total_seconds() / 60


def chat(**fields: Any) -> Rules:
    return rules(Route(to=("chat",), **fields))


def test_what_ends_within_the_hold_is_never_sent_and_what_goes_on_says_how_long_it_was_held() -> None:
    blip = Story(chat(after_s=300)).at(0, an_event()).at(4, an_event("resolved")).at(10)
    lasting = Story(chat(after_s=300)).at(0, an_event()).at(3, an_event("identified")).at(10)

    assert blip.sent() == []
    assert lasting.sent() == [(5, "open")]
    assert lasting.notes == ["held 5 min"]


def test_a_page_that_cannot_be_read_is_reported_after_five_minutes_or_as_the_route_says() -> None:
    unreadable = an_event("unknown", kind=EventKind.PAGE_UNREADABLE, impact=None, id="acme/page_unreadable/1")
    readable = an_event("readable", kind=EventKind.PAGE_READABLE, impact=None, id="acme/page_readable/1")

    assert Story(chat()).at(0, unreadable).at(9, readable).sent() == [(5, "open"), (9, "close")]
    assert Story(chat(after_s=0)).at(0, unreadable).at(1, readable).sent() == [(0, "open"), (1, "close")]


def test_a_rise_past_the_filter_opens_late_and_a_fall_below_it_does_not_keep_the_close_away() -> None:
    story = Story(chat(min_impact=Impact.MAJOR))
    story.at(0, an_event(impact="minor", update="a")).at(1, an_event(impact="major", update="b"))
    story.at(2, an_event(impact="none", update="c")).at(3, an_event("resolved", impact="none"))

    assert story.sent() == [(1, "open"), (2, "change"), (3, "close")]
    (alert,) = story.alerts
    assert [step.is_worse for step in alert.steps] == [False, True, False, False]


def test_quiet_hours_hold_openings_and_end_with_one_summary_that_closes_when_all_is_over() -> None:
    story = Story(chat(quiet_hours=QuietHours(start=time(11), end=time(13))))
    story.at(0, an_event(incident="gone")).at(5, an_event("resolved", incident="gone"))
    story.at(10, an_event(incident="stays")).at(100).at(120, an_event("resolved", incident="stays"))

    (summary,) = story.groups
    assert [child.is_over for child in summary.children.values()] == [True, True]
    sent = story.sent()
    assert [act for _, act in sent] == ["open", "close"]
    assert 60 < sent[0][0] < 61
    assert sent[1][0] == 120


def test_a_summary_of_what_is_all_over_is_one_message() -> None:
    story = Story(chat(quiet_hours=QuietHours(start=time(11), end=time(13))))
    story.at(0, an_event()).at(5, an_event("resolved")).at(100)

    assert [act for _, act in story.sent()] == ["open"]


def test_what_is_as_bad_as_quiet_hours_let_pass_passes_and_the_end_of_what_was_reported_too() -> None:
    quiet = QuietHours(start=time(11), end=time(13), passes=Impact.CRITICAL)
    story = Story(chat(quiet_hours=quiet))
    story.at(0, an_event(impact="major", update="a")).at(1, an_event(impact="critical", update="b"))
    story.at(2, an_event(impact="major", update="c")).at(3, an_event("resolved", impact="major"))

    assert story.sent() == [(1, "open"), (3, "close")]


def test_services_that_hold_incidents_open_what_still_goes_on_when_quiet_hours_end() -> None:
    quiet = Route(to=("oncall",), quiet_hours=QuietHours(start=time(11), end=time(13)))
    story = Story(rules(quiet, objects=frozenset({"oncall"})))
    story.at(0, an_event(incident="gone")).at(5, an_event("resolved", incident="gone"))
    story.at(10, an_event(incident="stays")).at(70, an_event("resolved", incident="stays"))

    assert story.sent("oncall") == [(60, "open"), (70, "close")]
    assert not story.groups


def test_a_digest_is_one_message_for_each_window_in_which_something_happened() -> None:
    story = Story(chat(digest_s=900))
    story.at(1, an_event(incident="a")).at(2, an_event(incident="b")).at(20)
    story.at(31, an_event("resolved", incident="a")).at(100)

    assert [(round(at), act) for at, act in story.sent()] == [(15, "open"), (45, "open")]
    first, second = story.groups
    assert [len(group.children) for group in (first, second)] == [2, 1]


def test_more_than_five_that_open_with_one_cause_are_reported_as_one_from_the_sixth_on() -> None:
    known = {f"p{n}": ProviderFacts(host="status.example") for n in range(9)}
    story = Story(rules(Route(to=("chat",)), providers=known))
    for number in range(9):
        story.at(number / 10, an_event(provider=f"p{number}"))
    story.at(5)
    opened = [act for _, act in story.sent()].count("open")
    for number in range(9):
        story.at(10 + number, an_event("resolved", provider=f"p{number}"))

    assert opened == 6
    (storm,) = story.groups
    assert len(storm.children) == 4
    assert [act for _, act in story.sent()].count("close") == 6


def test_a_maintenance_is_announced_called_to_mind_moved_begun_and_ended() -> None:
    def window(status: str, update: str, hours: float) -> Event:
        begins = NOON + timedelta(hours=hours)
        return an_event(
            status, kind=EventKind.MAINTENANCE_UPDATE, impact="maintenance", update=update, scheduled_for=begins
        )

    story = Story(chat(kinds=(AlertKind.MAINTENANCE,)))
    story.at(0, window("scheduled", "a", 2)).at(60, window("scheduled", "window/b", 4)).at(211)
    story.at(240, window("in_progress", "c", 4)).at(300, window("completed", "d", 4))

    assert story.sent() == [(0, "open"), (60, "change"), (210, "change"), (240, "change"), (300, "close")]
    assert story.notes[2] == "begins at 2025-11-03 16:00 UTC"


def test_a_cancelled_maintenance_is_withdrawn() -> None:
    def update(status: str) -> Event:
        return an_event(status, kind=EventKind.MAINTENANCE_UPDATE, scheduled_for=NOON + timedelta(hours=2))

    story = Story(chat()).at(0, update("scheduled")).at(1, update("cancelled"))

    assert story.alerts[0].state is AlertState.WITHDRAWN
    assert story.sent() == [(0, "open"), (1, "close")]


def test_a_reopening_within_half_an_hour_goes_on_and_a_later_one_is_another_alert() -> None:
    soon = Story(chat()).at(0, an_event()).at(1, an_event("resolved")).at(20, an_event("identified"))
    late = Story(chat()).at(0, an_event()).at(1, an_event("resolved")).at(40, an_event("identified"))

    assert [alert.generation for alert in soon.alerts] == [1]
    assert [alert.generation for alert in late.alerts] == [1, 2]
    assert [act for _, act in soon.sent()] == [act for _, act in late.sent()] == ["open", "close", "open"]


def test_nothing_is_sent_behind_a_close() -> None:
    story = Story(chat()).at(0, an_event()).at(1, an_event("resolved"))
    edit = an_event("resolved", kind=EventKind.UPDATE_EDITED, update="resolved", id="acme/i1/resolved/edited/1")
    story.at(2, an_event("postmortem")).at(3, edit)

    assert story.sent() == [(0, "open"), (1, "close")]


def test_an_alert_is_repeated_until_somebody_takes_it_on_and_again_once_it_is_worse() -> None:
    story = Story(chat(repeat_s=3600)).at(0, an_event(impact="major")).at(61)
    story.did(lambda alert: acknowledged(alert, "Ann", story.now)).at(200)
    story.at(201, an_event(impact="critical", update="b")).at(245)

    assert [(round(at), act) for at, act in story.sent()] == [
        (0, "open"),
        (60, "change"),
        (61, "change"),
        (201, "change"),
        (240, "change"),
    ]
    assert story.alerts[0].state is AlertState.OPEN


def test_a_snooze_holds_changes_until_it_is_over_and_neither_what_is_worse_nor_the_end() -> None:
    def snooze(story: Story) -> Story:
        until = story.now + timedelta(minutes=30)
        return story.did(lambda alert: snoozed(alert, until, "Ann", story.now))

    held = snooze(Story(chat()).at(0, an_event(impact="minor"))).at(5, an_event("identified", impact="minor")).at(40)
    worse = snooze(Story(chat()).at(0, an_event(impact="minor"))).at(5, an_event("identified", impact="major"))
    ended = snooze(Story(chat()).at(0, an_event(impact="minor"))).at(5, an_event("resolved", impact="minor"))

    assert held.sent() == [(0, "open"), (0, "change"), (30, "change")]
    assert worse.sent() == [(0, "open"), (0, "change"), (5, "change")]
    assert ended.sent() == [(0, "open"), (0, "change"), (5, "close")]


def test_a_silence_holds_what_opens_and_lets_go_on_what_is_open() -> None:
    until = NOON + timedelta(minutes=30)
    silence = Silence(id="s", reason="planned", providers=("acme",), created_at=NOON, ends_at=until)
    story = Story(rules(Route(to=("chat",)), silences=(silence,))).at(0, an_event()).at(40)

    assert story.sent() == [(30, "open")]
    assert story.notes == ["was silenced"]


def test_a_page_that_moves_goes_on_with_its_alert_under_the_new_id() -> None:
    moved = an_event("moved", kind=EventKind.PAGE_MOVED, impact=None, id="acme/page_moved/1")
    renamed = replaced(an_event("resolved", incident="new-id"), incident="Trouble i1")
    story = Story(chat()).at(0, an_event(link="https://a/1")).at(1, moved).at(2, renamed)

    assert story.sent() == [(0, "open"), (2, "close")]


def test_what_a_moved_page_does_not_show_any_more_is_withdrawn_after_a_day() -> None:
    moved = an_event("moved", kind=EventKind.PAGE_MOVED, impact=None, id="acme/page_moved/1")
    story = Story(chat()).at(0, an_event()).at(1, moved).at(60 * 25)

    assert story.sent() == [(0, "open"), (60 * 24 + 1, "close")]
    assert story.alerts[0].state is AlertState.WITHDRAWN


def test_a_component_that_an_incident_names_is_reported_by_the_incident_alone() -> None:
    fall = an_event(
        "major_outage",
        kind=EventKind.COMPONENT_STATUS_CHANGE,
        impact=None,
        id="acme/component/api/1",
        components=("API",),
    )
    alone, along = Story(chat()).at(0, fall), Story(chat()).at(0, an_event(components=("API",)), fall)

    assert [alert.kind for alert in alone.alerts] == [AlertKind.COMPONENT]
    assert [alert.kind for alert in along.alerts] == [AlertKind.INCIDENT]


def test_an_incident_whose_id_reads_like_another_subject_has_an_alert_of_its_own() -> None:
    fall = an_event(
        "major_outage",
        kind=EventKind.COMPONENT_STATUS_CHANGE,
        impact=None,
        id="acme/component/api/1",
        components=("API",),
    )
    blind = an_event("unknown", kind=EventKind.PAGE_UNREADABLE, impact=None, id="acme/page_unreadable/1")
    story = Story(chat(after_s=0)).at(0, fall, blind, an_event(incident="component/api"), an_event(incident="page"))
    story.at(1, an_event("resolved", incident="page"))

    alerts = {(alert.kind, alert.subject): alert for alert in story.alerts}
    assert len({alert.id for alert in story.alerts}) == len(alerts) == 4
    assert {subject for (_, subject), alert in alerts.items() if alert.is_over} == {"page"}
    assert not alerts[AlertKind.PAGE, "page"].is_over


def test_the_first_route_that_matches_decides_unless_it_continues() -> None:
    first = Route(to=("oncall",), min_impact=Impact.CRITICAL)
    both = rules(replaced_route(first, continues=True), Route(to=("chat",)))
    one = rules(first, Route(to=("chat",)))

    assert {each.delivery.channel for each in Story(both).at(0, an_event(impact="critical")).replay.sent} == {
        "oncall",
        "chat",
    }
    assert [each.delivery.channel for each in Story(one).at(0, an_event(impact="critical")).replay.sent] == ["oncall"]
    assert [each.delivery.channel for each in Story(one).at(0, an_event(impact="minor")).replay.sent] == ["chat"]


def replaced_route(route: Route, **fields: Any) -> Route:
    return replace(route, **fields)


def test_a_delivery_names_its_alert() -> None:
    (sent,) = Story(chat()).at(0, an_event()).replay.sent

    assert isinstance(sent.delivery, Delivery)
    assert sent.delivery.alert_id == sent.alert.id
