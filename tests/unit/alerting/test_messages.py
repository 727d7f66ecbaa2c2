"""What an alert becomes as one message."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.fakes import NOON
from tests.unit.alerting.stories import an_event, rules
from tracker.alerting.backtest import Replay
from tracker.alerting.caller import Call, CallReply
from tracker.alerting.channel import Message, Operation
from tracker.alerting.channels import wording
from tracker.alerting.channels.slack_webhook import SlackWebhook
from tracker.alerting.machine import MemoryBook, take_in
from tracker.alerting.message import message_of
from tracker.alerting.row import PlannedMessage
from tracker.model.channel import SlackWebhookConfig
from tracker.model.event import Event, EventKind
from tracker.model.route import AlertKind, Route


class Takes:
    """A receiver that takes all."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def call(self, call: Call) -> CallReply:
        self.calls.append(call)
        return CallReply(status=200)


def maintenance(update: str, begins_in_h: float, minute: int) -> Event:
    begins = NOON + timedelta(hours=begins_in_h)
    return an_event(
        "scheduled",
        kind=EventKind.MAINTENANCE_UPDATE,
        impact="maintenance",
        update=update,
        scheduled_for=begins,
        scheduled_until=begins + timedelta(hours=1),
        seen_at=NOON + timedelta(minutes=minute),
    )


def messages(*events: Event) -> Sequence[Message]:
    """Return the newest message of the channel `chat` after each event."""
    replay, found = Replay(rules(Route(to=("chat",)))), []
    for event in events:
        replay.play([event])
        (alert,) = replay.book.alerts
        target = alert.targets["chat"]
        plan = PlannedMessage(
            act=Operation.CHANGE if found else Operation.OPEN, version=target.version, repeats=0, in_doubt=False
        )
        found.append(message_of(alert, target, plan))
    return found


def test_a_maintenance_says_when_it_is_planned() -> None:
    first, moved = messages(maintenance("a", 6, 0), maintenance("b", 8, 1))
    (incident,) = messages(an_event())

    assert incident.window is None
    assert first.window == (NOON + timedelta(hours=6), NOON + timedelta(hours=7))
    assert moved.window == (NOON + timedelta(hours=8), NOON + timedelta(hours=9))


#: What happens, and how the headline and state of the newest message read.
READS: dict[str, tuple[Sequence[Event], str]] = {
    "an incident": ([an_event(impact="critical")], "Acme: Trouble i1 | Investigating (critical)"),
    "a blip": ([an_event(), an_event("resolved")], "Acme: Trouble i1 | Resolved after 45 s"),
    "all of it withdrawn": (
        [an_event(), an_event(kind=EventKind.UPDATE_WITHDRAWN, id="w", update="investigating")],
        "Acme: Trouble i1 | Withdrawn after 45 s",
    ),
    "a maintenance that is done": (
        [maintenance("a", 6, 0), replace(maintenance("b", 6, 1), status="completed")],
        "Acme: Trouble i1 | Completed",
    ),
    "a drill": ([an_event(drill="*")], "Acme: [DRILL] Trouble i1 | Investigating (error)"),
    "a page": (
        [an_event("unreadable", kind=EventKind.PAGE_UNREADABLE, impact=None, id="u")],
        "The status page of Acme cannot be read | Unreadable (warning)",
    ),
}


@pytest.mark.parametrize(("happens", "reads"), READS.values(), ids=READS)
def test_how_a_message_reads(happens: Sequence[Event], reads: str) -> None:
    book, now = MemoryBook(), NOON
    for event in happens:
        take_in(book, event, rules(Route(to=("chat",), after_s=0)), now)
        now += timedelta(seconds=45)
    (alert,) = book.alerts
    target = alert.targets["chat"]
    act = Operation.CLOSE if alert.is_over else Operation.OPEN
    message = message_of(alert, target, PlannedMessage(act=act, version=target.version, repeats=0, in_doubt=False))

    assert f"{wording.headline(message)} | {wording.state(message)}" == reads
    assert ("Announced" in dict(wording.facts(message))) is (alert.kind is AlertKind.MAINTENANCE)


def test_a_channel_that_cannot_edit_announces_a_moved_maintenance_and_no_other_update() -> None:
    receiver = Takes()
    config = SlackWebhookConfig(name="chat", url="https://hooks.example.com/x")
    channel = SlackWebhook(config, {}, receiver)
    handle = None
    for message in messages(maintenance("a", 6, 0), maintenance("b", 6, 1), maintenance("c", 8, 2)):
        handle = channel.send(message, handle)

    assert len(receiver.calls) == 2
    assert b"20:00" in receiver.calls[-1].body
