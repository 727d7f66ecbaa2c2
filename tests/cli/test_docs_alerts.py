"""The examples of docs/alerts.md: each file does what is said of it, and each command is one that there is."""

import re
import shlex
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click
import pytest
from msgspec.structs import replace

from tests.fakes import NOON
from tests.unit.alerting.stories import an_event
from tracker.alerting.backtest import Replay
from tracker.alerting.machine import MemoryBook, occur
from tracker.alerting.occurrence import of_tracker
from tracker.alerting.rules import rules_of
from tracker.catalogue import read_alerting
from tracker.catalogue.route import ROUTES
from tracker.cli import cli
from tracker.model.event import Event, EventKind

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
FILES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line.partition("   #")[0].strip() for line in TEXT.splitlines() if line.startswith("tracker ")]


def incident(hour: float, status: str, impact: str, name: str = "a", provider: str = "acme") -> Event:
    """Return an update so many hours after noon, by UTC."""
    at = NOON + timedelta(hours=hour)
    return an_event(status, impact=impact, incident=name, provider=provider, update=f"{status}{hour}", seen_at=at)


def maintenance(hour: float, status: str, begins: float) -> Event:
    begins_at = NOON + timedelta(hours=begins)
    moved = incident(hour, status, "maintenance")
    return replace(moved, event=EventKind.MAINTENANCE_UPDATE, scheduled_for=begins_at)


#: By the heading of an example: what happens, and what the channels are sent, with the hour after noon.
EXAMPLES: dict[str, tuple[Sequence[Event], list[str]]] = {
    "Page me for major outages of three vendors": (
        [
            incident(0, "investigating", "minor"),
            incident(1, "identified", "major"),
            incident(2, "monitoring", "minor"),
            incident(3, "resolved", "minor"),
            incident(4, "investigating", "critical", "short"),
            incident(4.02, "resolved", "critical", "short"),
            incident(5, "investigating", "critical", provider="another"),
        ],
        ["1 oncall open", "2 oncall change", "3 oncall close"],
    ),
    "One Slack thread for each incident": (
        [
            incident(0, "investigating", "none"),
            incident(1, "resolved", "none"),
            replace(incident(2, "unreadable", ""), event=EventKind.PAGE_UNREADABLE),
        ],
        ["0 chat open", "1 chat close", "2.1 chat open"],
    ),
    "Pager and Slack: the first route that matches decides": (
        [incident(0, "investigating", "major", "one"), incident(1, "investigating", "critical", "two")],
        ["0 chat open", "1 oncall open", "1 chat open"],
    ),
    # The night of Berlin is from 21:00 to 6:00 by UTC in winter.
    "Quiet nights": (
        [
            incident(8, "investigating", "minor", "before"),
            incident(10, "resolved", "minor", "before"),
            incident(11, "investigating", "major", "stays"),
            incident(12, "investigating", "critical", "passes"),
            incident(13, "resolved", "critical", "passes"),
            incident(19, "resolved", "major", "stays"),
        ],
        ["8 mail open", "10 mail close", "12 mail open", "13 mail close", "18 mail open", "19 mail close"],
    ),
    "A digest": (
        [
            incident(0.2, "investigating", "major", "one"),
            incident(0.4, "investigating", "minor", "two"),
            incident(2.5, "resolved", "minor", "two"),
        ],
        ["1 digest open", "3 digest open"],
    ),
    "Maintenance reminders": (
        [
            maintenance(0, "scheduled", 5),
            maintenance(1, "scheduled", 9),
            maintenance(9, "in_progress", 9),
            maintenance(10, "completed", 9),
            incident(11, "investigating", "critical", "no maintenance"),
        ],
        [
            "0 calendar open",
            "1 calendar change",
            "8 calendar change: begins at 2025-11-03 21:00 UTC",
            "9 calendar change",
            "10 calendar close",
        ],
    ),
    "When a channel itself fails": ([incident(0, "investigating", "minor")], ["0 oncall open"]),
}


def example(heading: str) -> bytes:
    """Return the file of a section."""
    section = TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    (found,) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    return found.encode()


@pytest.mark.parametrize(("heading", "happens", "sent"), [(key, *value) for key, value in EXAMPLES.items()])
def test_each_example_does_what_it_says(heading: str, happens: Sequence[Event], sent: list[str]) -> None:
    replay = Replay(rules_of(read_alerting(example(heading), file="docs/alerts.md"), ()))
    replay.play(happens, until=NOON + timedelta(hours=12 if heading == "Maintenance reminders" else 20))

    assert [
        f"{round((each.at - NOON) / timedelta(hours=1), 1):g} {each.delivery.channel} {each.delivery.act}"
        + (f": {each.delivery.note}" if each.delivery.note.startswith("begins") else "")
        for each in replay.sent
        if not each.delivery.note.startswith("still open")
    ] == sent
    assert len(EXAMPLES) == len(FILES)


def test_the_fallback_hears_of_a_channel_that_fails() -> None:
    rules = rules_of(read_alerting(example("When a channel itself fails"), file="docs/alerts.md"), ())
    failing = of_tracker("channel/oncall", "Alerts do not reach the channel oncall", "", NOON, is_over=False)

    assert {each.channel for each in occur(MemoryBook(), failing, rules, NOON)} == {"mail"}


def test_every_key_of_a_route_is_explained() -> None:
    table = TEXT.partition("## Keys of a route")[2].partition("\n## ")[0]

    assert [key for key in ROUTES.keys if f"`{key}`" not in table] == []


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_one_that_there_is(line: str) -> None:
    command: click.Command = cli
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            break
        command = found
        del words[0]
    context = command.make_context(command.name, words, resilient_parsing=False) if words else None

    assert command is not cli
    assert context is None or context.command is command
