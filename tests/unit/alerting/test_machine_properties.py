"""What holds for every sequence of events, of acts of people and of changes of the rules."""

from collections import defaultdict
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON
from tests.unit.alerting.stories import an_event, any_rules, events, rules
from tracker.alerting.alert import Alert, DeliveryDecision, Phase
from tracker.alerting.channel import Operation
from tracker.alerting.due import next_due
from tracker.alerting.groups import GROUPS
from tracker.alerting.machine import MemoryBook, change, decide, look_again, take_in
from tracker.alerting.occurrence import occurrence_of
from tracker.alerting.row import SentRow, planned
from tracker.alerting.story import acknowledged, snoozed
from tracker.model.page import Impact
from tracker.model.route import Route

acts = st.one_of(
    st.tuples(st.just("event"), events()),
    st.tuples(st.just("rules"), any_rules),
    st.tuples(st.just("ack"), st.sampled_from(["acme", "beta"])),
    st.tuples(st.just("snooze"), st.sampled_from(["acme", "beta"])),
    st.tuples(st.just("wait"), st.integers(1, 4000)),
)


def played(first, steps) -> tuple[MemoryBook, list[tuple[datetime, DeliveryDecision]]]:
    """Play steps through the machine; return the book and what was decided, with when."""
    book, found, now, current = MemoryBook(), [], NOON, first
    for name, value in steps:
        decided: tuple[DeliveryDecision, ...] = ()
        if name == "event":
            now += timedelta(seconds=7)
            decided = take_in(book, value, current, now)
        elif name == "rules":
            current = value
        elif name == "wait":
            now += timedelta(seconds=value)
        else:
            for alert in book.of_provider(value):
                how = acknowledged if name == "ack" else snoozed
                until = () if name == "ack" else (now + timedelta(minutes=20),)
                decided += change(
                    book, alert, lambda a, how=how, until=until, now=now: how(a, *until, "Ann", now), current, now
                )
        found += [(now, each) for each in decided]
        for _ in range(50):
            due = [alert for alert in book.alerts if (at := next_due(alert)) is not None and at <= now]
            if not due:
                break
            for alert in due:
                found += [(now, each) for each in look_again(book, alert, current, now)]
        else:
            raise AssertionError(f"never at rest: {due[0]}")
    return book, found


@settings(max_examples=400)
@given(any_rules, st.lists(acts, max_size=40))
def test_whatever_happens(first, steps) -> None:
    book, decided = played(first, steps)

    opens_and_closes_take_turns(book, decided)
    versions_and_reminders_only_grow(decided)
    an_alert_that_is_over_stays_as_it_is(book)
    what_a_group_shows_is_over_with_its_alert(book)


def opens_and_closes_take_turns(book: MemoryBook, decided: list[tuple[datetime, DeliveryDecision]]) -> None:
    """Check each channel; in none is an alert open that is over."""
    reported = defaultdict(list)
    for _, each in decided:
        reported[each.alert_id, each.channel].append(each.act)
    for alert in book.alerts:
        for channel, target in alert.targets.items():
            is_open = False
            for act in reported[alert.id, channel]:
                assert (act == "open") is not is_open, reported[alert.id, channel]
                is_open = act != "close"
            if not target.is_notice:
                assert is_open is (target.phase is Phase.OPEN)
                assert not (alert.is_over and is_open)
    assert {alert_id for alert_id, _ in reported} <= {alert.id for alert in book.alerts}


def versions_and_reminders_only_grow(decided: list[tuple[datetime, DeliveryDecision]]) -> None:
    newest: dict[tuple[str, str], int] = {}
    for _, each in decided:
        key, number = (each.alert_id, each.channel), each.version + each.repeats
        assert number > newest.get(key, 0), each
        newest[key] = number


def an_alert_that_is_over_stays_as_it_is(book: MemoryBook) -> None:
    now = NOON + timedelta(days=2)
    for alert in book.alerts:
        if alert.is_over:
            assert acknowledged(alert, "Ann", now) is alert
            assert snoozed(alert, now + timedelta(hours=1), "Ann", now) is alert


def what_a_group_shows_is_over_with_its_alert(book: MemoryBook) -> None:
    groups = {group.subject: group for group in book.of_provider(GROUPS)}
    for alert in book.alerts:
        for target in alert.targets.values():
            if target.phase is Phase.GROUPED and target.group in groups:
                child = groups[target.group].children.get(alert.id)
                if child is not None and not target.window_s:
                    assert child.is_over is alert.is_over


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from(["minor", "major", "critical", "resolved"]), st.integers(0, 3)), max_size=20),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_whatever_a_sender_skips_repeats_and_dies_of_a_channel_sees_open_changes_close(steps, every, chance) -> None:
    """One alert, one channel: the sender lags, fails and dies at any point; the channel remembers what arrived."""
    route = rules(Route(to=("chat",), min_impact=Impact.MAJOR))
    alert, row, now, arrived = None, SentRow(), NOON, []
    for number, (word, sends) in enumerate([*steps, ("resolved", 60)]):
        now += timedelta(minutes=1)
        over = word == "resolved"
        event = an_event("resolved" if over else "identified", impact="major" if over else word, update=f"u{number}")
        what = occurrence_of(event)
        assert what is not None
        alert, _ = decide(alert, what, route, now)
        for _ in range(sends):
            row = sent_once(alert, row, arrived, every=every, chance=chance, last=sends == 60)
    if alert is None or "chat" not in alert.targets:
        assert not arrived
        return
    is_open, versions = False, []
    for act, version, in_doubt in arrived:
        if act is Operation.OPEN:
            assert not is_open or in_doubt
        else:
            assert is_open or (act is Operation.CLOSE and in_doubt)
        is_open = act is not Operation.CLOSE
        versions.append(version)
    assert not is_open
    assert versions == sorted(versions)


def sent_once(alert: Alert | None, row: SentRow, arrived, *, every: bool, chance, last: bool) -> SentRow:
    """Send the next message as `tracker.alerting.sender` does, dying now and then; return what is kept."""
    if alert is None or (target := alert.targets.get("chat")) is None:
        return row
    plan = planned(alert, target, row, every_update=every)
    if plan is None:
        return row
    row = replace(row, intent=plan.act, intent_version=plan.version, intent_repeats=plan.repeats)
    luck = 1.0 if last else chance.random()
    if luck < 0.2:
        return row  # died before the call
    arrived.append((plan.act, plan.version, plan.in_doubt))
    if luck < 0.4:
        return row  # died after it
    return replace(
        row, is_open=plan.act is not Operation.CLOSE, version=plan.version, repeats=plan.repeats, intent=None
    )
