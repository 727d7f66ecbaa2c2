"""What versions before the present keys have seen, found again under the present ones. Pure.

Those versions joined ids as they are, so one former key may stand for several updates. What the page has shown is also
kept by incident and update, where nothing is joined; that says which of them a former key stands for.
"""

from collections.abc import Collection, Iterable, Iterator

from tracker.detection.edits import UpdateDigests
from tracker.model.keys import former_key, parted


def with_former(keys: Iterable[str]) -> frozenset[str]:
    """Return the keys and those under which a version before them may have written the same."""
    return frozenset(name for key in keys for name in (key, former_key(key)))


def found_again(keys: Iterable[str], seen: Collection[str], digests: UpdateDigests) -> frozenset[str]:
    """Return which of the keys count as seen because what they were before is among the `seen`."""
    return frozenset(
        key
        for key in keys
        if (former := former_key(key)) != key
        and former in seen
        and (_is_shown(*parted(key), digests) or not any(_is_shown(*other, digests) for other in _readings(former)))
    )


def _readings(former: str) -> Iterator[tuple[str, str]]:
    """Yield all incident and update ids that make this former key."""
    return ((former[:at], former[at + 1 :]) for at, sign in enumerate(former) if sign == "/")


def _is_shown(incident_id: str, update_id: str, digests: UpdateDigests) -> bool:
    known = digests.get(incident_id)
    return known is not None and (not update_id or update_id in known)
