"""What vendors publish during a chaos run, and what a record makes of it."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from tracker.simulator.vendor import Page

#: Provider, incident id, update id.
Update = tuple[str, str, str]
_STATUSES = ("investigating", "identified", "monitoring", "resolved")


class Publisher:
    """Opens incidents and posts updates on pages."""

    def __init__(self, pages: Sequence[Page], chance: random.Random) -> None:
        self._pages = pages
        self._chance = chance
        self._open: dict[str, tuple[str, int]] = {}
        #: What was published, oldest first.
        self.updates: list[Update] = []

    def post(self) -> None:
        """Publish one more update on some page."""
        page = self._chance.choice(self._pages)
        incident_id, step = self._open.get(page.id, ("", len(_STATUSES)))
        if step >= len(_STATUSES):
            incident_id, step = page.open_incident("Errors", body=f"Text {self._chance.random()}"), 0
        else:
            page.post_update(incident_id, _STATUSES[step], f"Text {self._chance.random()}")
        self._open[page.id] = (incident_id, step + 1)
        newest = max(page.incident(incident_id).updates, key=lambda update: update.created_at)
        self.updates.append((page.id, incident_id, newest.id))


class Judgement(Struct, frozen=True, kw_only=True):
    """How a record differs from what was published."""

    expected: int
    lost: tuple[Update, ...]
    doubled: int
    out_of_order: int
    foreign: int

    @property
    def is_right(self) -> bool:
        """Return whether each update is there once, in order, and nothing else is."""
        return not (self.lost or self.doubled or self.out_of_order or self.foreign)

    def __add__(self, other: "Judgement") -> "Judgement":
        """Return the judgement over both records."""
        return Judgement(
            expected=self.expected + other.expected,
            lost=self.lost + other.lost,
            doubled=self.doubled + other.doubled,
            out_of_order=self.out_of_order + other.out_of_order,
            foreign=self.foreign + other.foreign,
        )


def judged(expected: Sequence[Update], recorded: Sequence[Update]) -> Judgement:
    """Return how what is on record differs from what was published."""
    counts = Counter(recorded)
    return Judgement(
        expected=len(expected),
        lost=tuple(update for update in expected if update not in counts),
        doubled=sum(count - 1 for count in counts.values()),
        out_of_order=_out_of_order(expected, recorded),
        foreign=len(counts.keys() - set(expected)),
    )


def recorded(path: Path) -> list[Update]:
    """Return the updates of a record, in its order; a line that is being written is left out."""
    if not path.exists():
        return []
    events = (json.loads(line) for line in path.read_bytes().split(b"\n")[:-1])
    return [(event["provider"], event["incident_id"], event["update_id"]) for event in events if event["update_id"]]


def _out_of_order(expected: Sequence[Update], recorded: Sequence[Update]) -> int:
    """Count updates that stand behind a later one of the same incident."""
    position = {update: number for number, update in enumerate(expected)}
    latest: dict[tuple[str, str], int] = {}
    wrong = 0
    for update in recorded:
        number = position.get(update, -1)
        wrong += number < latest.get(update[:2], -1)
        latest[update[:2]] = max(number, latest.get(update[:2], -1))
    return wrong
