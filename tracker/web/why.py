"""Explains why an event was sent or not: the event comes from the history, the decision from the present rules."""

from typing import Final

from tracker.alerting.explain import Explanation, explained
from tracker.history import FeedFilter
from tracker.model.event import Event
from tracker.web.http import Refused
from tracker.web.parts import Parts

#: The number of newest events of a provider that are searched.
_NEWEST: Final = 1000


def why(parts: Parts, event_id: str) -> Explanation:
    """Return the verdicts of rules on an event. Raises Refused for one that is not found, HistoryError, StoreError."""
    provider = event_id.partition("/")[0]
    found = parts.history.feed(FeedFilter(providers=(provider,)), limit=_NEWEST).items
    events: list[Event] = [item.event for item in reversed(found)]
    position = next((at for at, event in enumerate(events) if event.id == event_id), None)
    if position is None:
        raise Refused(
            404,
            "there is no such event",
            f"only the newest {_NEWEST:,} events of a provider are searched; `tracker alerts explain` searches all",
        )
    return explained(events, position, parts.desk.rules())
