"""Finds what earlier versions marked as seen, under the present keys. Pure.

Those versions joined ids as they are, so one former key may stand for several updates. The digests are stored
by incident and update, without joined ids; they decide for which of the updates a former key stands.
"""

from collections.abc import Collection, Iterable, Iterator

from tracker.detection.edits import UpdateDigests
from tracker.model.keys import former_key, parted


def with_former_keys(keys: Iterable[str]) -> frozenset[str]:
    """Return the keys, and the former keys under which an earlier version may have stored the same."""
    return frozenset(name for key in keys for name in (key, former_key(key)))


def seen_under_former_keys(keys: Iterable[str], seen: Collection[str], digests: UpdateDigests) -> frozenset[str]:
    """Return the keys that count as seen because their former keys are among the `seen`."""
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
