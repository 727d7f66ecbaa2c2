"""One incident and one maintenance, reported to all channels: what each shows."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.channels.conftest import TRAITS, Bench
from tests.channels.story import NOON, entry, message
from tracker.alerting.channel import Act, Entry, Message, Severity


def reported(first: Message, steps: Sequence[tuple[Entry, dict[str, object]]]) -> list[Message]:
    """Return the message after each step: its entry is added, its changes stay."""
    messages: list[Message] = []
    current, entries = first, list(first.updates)
    for version, (newest, changes) in enumerate(steps, start=1):
        entries.append(newest)
        act = Act.OPEN if version == 1 else Act.CLOSE if version == len(steps) else Act.CHANGE
        current = replace(
            current,
            act=act,
            version=version,
            status=newest.status,
            text=newest.text,
            updates=tuple(entries),
            ended_at=newest.at if act is Act.CLOSE else None,
            **changes,
        )
        messages.append(current)
    return messages


def hours(begin: int, end: int) -> tuple[datetime, datetime]:
    return NOON.replace(hour=begin), NOON.replace(hour=end)


#: Six updates, of which one is edited and one withdrawn, an impact that is raised, and an end by absence.
INCIDENT = reported(
    message(updates=()),
    [
        (entry(1, "update-1"), {}),
        (entry(2, "update-2"), {}),
        (entry(3, "update-3", "identified"), {}),
        (entry(4, "raised-4", "identified", is_worse=True), {"severity": Severity.CRITICAL, "impact": "critical"}),
        (entry(5, "update-5", "identified"), {}),
        (entry(6, "edited-6", "identified", is_edit=True), {}),
        (entry(7, "withdrawn-7", "update withdrawn"), {}),
        (entry(8, "update-8", "monitoring"), {}),
        (entry(9, "update-9", "monitoring"), {}),
        (entry(10, "no longer listed-10", "resolved"), {}),
    ],
)
MAINTENANCE = reported(
    message(
        key="acme/mnt-1#1",
        title="Database upgrade",
        kind="maintenance",
        severity=Severity.INFO,
        impact="maintenance",
        updates=(),
    ),
    [
        (entry(11, "announced-11", "scheduled"), {"window": hours(14, 15)}),
        (entry(12, "moved-12", "scheduled"), {"window": hours(16, 17)}),
        (entry(13, "begun-13", "in_progress"), {}),
        (entry(14, "prolonged-14", "in_progress"), {"window": hours(16, 18)}),
        (replace(entry(15, "completed-15", "completed"), at=NOON + timedelta(hours=6)), {}),
    ],
)
#: Numbers of the entries that people can read in the channel, of the incident and of the maintenance.
EVERYTHING = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15))
READABLE = {
    **dict.fromkeys(("slack", "discord", "email", "jsm", "incidentio", "webhook"), EVERYTHING),
    "pagerduty": ((1, 2, 3, 4, 5, 6, 7, 8, 9), (11, 12, 13, 14)),
    "slack-webhook": ((1, 3, 4, 7, 8, 10), (11, 12, 13, 14, 15)),
    "teams": ((1, 4, 10), (11, 12, 14, 15)),
    "alertmanager": ((1, 4, 10), (11, 15)),
    "apprise": ((1, 10), (11, 12, 14, 15)),
}
NUMBERED = {
    int(text.rpartition("-")[2]): text for story in (INCIDENT, MAINTENANCE) for text in (each.text for each in story)
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
