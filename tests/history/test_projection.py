"""However the record is cut into readings, restored or repeated, the history is the same."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.history.record import NOON, component, event, unreadable, write
from tracker.history import open_history
from tracker.model.event import Event, EventKind

STATUSES = ("investigating", "identified", "monitoring", "resolved")


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """Return events of some incidents, components and unreadable times, each with an id of its own."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(("update", "edit", "withdrawal", "maintenance", "component", "unreadable")))
        about: dict[str, Any] = {
            "incident_id": draw(st.sampled_from(("a", "b"))),
            "status": draw(st.sampled_from(STATUSES)),
        }
        minutes = draw(st.integers(0, 600))
        if kind == "component":
            events.append(component(draw(st.sampled_from(("operational", "major_outage"))), minutes, number))
        elif kind == "unreadable":
            events += unreadable(minutes, minutes + 30 if draw(st.booleans()) else None)
        else:
            kinds = {
                "update": EventKind.INCIDENT_UPDATE,
                "edit": EventKind.UPDATE_EDITED,
                "withdrawal": EventKind.UPDATE_WITHDRAWN,
                "maintenance": EventKind.MAINTENANCE_UPDATE,
            }
            events.append(event(f"u{number}", minutes, kinds[kind], **about))
    return list({each.id: each for each in events}.values())


def reported(events: list[Event], cuts: list[int], repeated: bool) -> Any:
    with TemporaryDirectory() as directory:
        record = Path(directory) / "updates.jsonl"
        history = open_history(Path(directory))
        try:
            for begin, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
                write(record, events[begin:end], begin + 1)
                history.follow(record)
            if repeated:
                write(record, events, 1000)
                history.follow(record)
            incidents = history.incidents().items
            ledgers = [history.ledger(each.provider, each.incident_id, NOON) for each in incidents]
            return history.newer(0), incidents, ledgers, history.provider("acme", NOON, 2)
        finally:
            history.close()


@given(stories(), st.data())
def test_cuts_and_repetitions_change_nothing(events: list[Event], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=4)))
    assert reported(events, cuts, data.draw(st.booleans())) == reported(events, [], False)
