"""What an alert becomes as one message."""

from collections.abc import Sequence
from datetime import timedelta

from tests.fakes import NOON
from tests.unit.alerting.stories import an_event, rules
from tracker.alerting.backtest import Replay
from tracker.alerting.caller import Call, Reply
from tracker.alerting.channel import Act, Message
from tracker.alerting.channels.slack_webhook import SlackWebhook
from tracker.alerting.message import message_of
from tracker.alerting.row import Planned
from tracker.model.channel import SlackWebhookConfig
from tracker.model.event import Event, EventKind
from tracker.model.route import Route


class Takes:
    """A receiver that takes all."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def call(self, call: Call) -> Reply:
        self.calls.append(call)
        return Reply(status=200)


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
        plan = Planned(act=Act.CHANGE if found else Act.OPEN, version=target.version, repeats=0, in_doubt=False)
        found.append(message_of(alert, target, plan))
    return found


def test_a_maintenance_says_when_it_is_planned() -> None:
    first, moved = messages(maintenance("a", 6, 0), maintenance("b", 8, 1))
    (incident,) = messages(an_event())

    assert incident.window is None
    assert first.window == (NOON + timedelta(hours=6), NOON + timedelta(hours=7))
    assert moved.window == (NOON + timedelta(hours=8), NOON + timedelta(hours=9))


def test_a_channel_that_cannot_edit_announces_a_moved_maintenance_and_no_other_update() -> None:
    receiver = Takes()
    config = SlackWebhookConfig(name="chat", url="https://hooks.example.com/x")
    channel = SlackWebhook(config, {}, receiver)
    handle = None
    for message in messages(maintenance("a", 6, 0), maintenance("b", 6, 1), maintenance("c", 8, 2)):
        handle = channel.send(message, handle)

    assert len(receiver.calls) == 2
    assert b"20:00" in receiver.calls[-1].body
