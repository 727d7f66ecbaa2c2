"""One incident and one maintenance, from their events through the alert machine to all channels: what each shows."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.channels.conftest import TRAITS, Bench
from tests.channels.story import NOON
from tests.unit.alerting.stories import an_event, rules
from tracker.alerting.backtest import Replay
from tracker.alerting.channel import Message, Operation
from tracker.alerting.message import message_of
from tracker.alerting.row import PlannedMessage
from tracker.model.event import Event, EventKind
from tracker.model.route import Route


def reported(*events: Event) -> list[Message]:
    """Return the messages that the alert machine makes of events, a minute after each other."""
    replay, found = Replay(rules(Route(to=("chat",)))), list[Message]()
    for minute, event in enumerate(events):
        at = NOON + timedelta(minutes=minute)
        replay.play([replace(event, seen_at=at, published_at=at, incident="Errors in the API")])
        (alert,) = replay.book.alerts
        act = Operation.CLOSE if alert.is_over else Operation.CHANGE if found else Operation.OPEN
        target = alert.targets["chat"]
        found.append(
            message_of(alert, target, PlannedMessage(act=act, version=target.version, repeats=0, in_doubt=False))
        )
    return found


def said(number: int, text: str, status: str = "investigating", impact: str = "minor", **more: Any) -> Event:
    return an_event(status, impact=impact, message=f"{text}-{number}", update=f"u{number}", **more)


def window(number: int, text: str, status: str, begin: int, end: int) -> Event:
    begins, ends = NOON.replace(hour=begin), NOON.replace(hour=end)
    planned = said(number, text, status, "maintenance", incident="m1", scheduled_for=begins, scheduled_until=ends)
    return replace(planned, event=EventKind.MAINTENANCE_UPDATE)


#: Six updates, of which one is edited and one withdrawn, an impact that is raised, and an end by absence.
INCIDENT = reported(
    said(1, "update", kind=EventKind.NEW_INCIDENT),
    said(2, "update"),
    said(3, "update", "identified"),
    said(4, "raised", "identified", "critical"),
    said(5, "update", "identified", "critical"),
    replace(said(5, "edited", "identified", kind=EventKind.UPDATE_EDITED), id="edit", message="edited-6"),
    replace(said(2, "", kind=EventKind.UPDATE_WITHDRAWN), id="withdrawal"),
    said(8, "update", "monitoring", "critical"),
    said(9, "update", "monitoring", "critical"),
    said(10, "no longer listed", "resolved", "critical"),
)
MAINTENANCE = reported(
    window(11, "announced", "scheduled", 14, 15),
    window(12, "moved", "scheduled", 16, 17),
    window(13, "begun", "in_progress", 16, 17),
    window(14, "prolonged", "in_progress", 16, 18),
    window(15, "completed", "completed", 16, 18),
)
#: Numbers of the entries that people can read in the channel, of the incident and of the maintenance.
EVERYTHING = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15))
READABLE = {
    **dict.fromkeys(("slack", "discord", "email", "jsm", "incidentio", "webhook"), EVERYTHING),
    "pagerduty": ((1, 2, 3, 4, 5, 6, 7, 8, 9), (11, 12, 13, 14)),
    "slack-webhook": ((1, 3, 4, 8, 10), (11, 12, 13, 14, 15)),
    "teams": ((1, 4, 10), (11, 12, 14, 15)),
    "alertmanager": ((1, 4, 10), (11, 15)),
    "apprise": ((1, 10), (11, 12, 14, 15)),
}
NUMBERED = {
    int(found[1]) if (found := re.search(r"-(\d+)$", text)) else 7: text.partition(" “")[0]
    for story in (INCIDENT, MAINTENANCE)
    for text in (each.text for each in story)
}


@pytest.mark.parametrize("type", TRAITS)
def test_what_a_channel_shows(type: str, bench_for: Callable[[str], Bench]) -> None:
    bench = bench_for(type)
    for story, expected in zip((INCIDENT, MAINTENANCE), READABLE[type], strict=True):
        before = len(bench.service.shown())
        handle = None
        for each in story:
            handle = bench.channel.send(each, handle)
            bench.service.settle(each)
        [shown] = bench.service.shown()[before:]
        assert (shown.opened, shown.closed, shown.is_open) == (1, 1, False)
        everything = "\n".join(shown.texts)
        found = (number for number, text in NUMBERED.items() if text in everything)
        assert tuple(sorted(found, key=lambda number: everything.find(NUMBERED[number]))) == expected
