"""Request the rest of an answer that a page gives in parts."""

from collections.abc import Callable
from typing import Final

import msgspec

from tracker.detection.snapshots import merged
from tracker.model.page import Snapshot
from tracker.model.page_state import Source
from tracker.polling.answers import read_answer
from tracker.polling.fetcher import Fetched, NotModified

#: How many parts of an answer are read at most, in one poll.
_MOST_PARTS: Final = 20


def whole(snapshot: Snapshot, source: Source, ask: Callable[[str], Fetched | NotModified]) -> Snapshot:
    """Return an answer with the parts that follow it. Raises PollError."""
    for _ in range(_MOST_PARTS - 1):
        if snapshot.continues_at is None:
            break
        answer = ask(snapshot.continues_at)
        if isinstance(answer, NotModified):
            break
        snapshot = _joined(snapshot, read_answer(answer, source))
    return snapshot


def _joined(first: Snapshot, rest: Snapshot) -> Snapshot:
    components = {component.id: component for component in (*rest.components, *first.components)}
    listed = (*first.components, *rest.components)
    return msgspec.structs.replace(
        merged(first, (rest,)),
        components=tuple(components[each] for each in dict.fromkeys(component.id for component in listed)),
        components_complete=rest.components_complete or not rest.components,
        continues_at=rest.continues_at,
    )
