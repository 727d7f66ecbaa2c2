"""Updates whose keys changed: in feeds an id is a guess. Pure.

The page showed fewer entries beside them, an earlier version read it otherwise, or its ids are new ones with every
answer (`Snapshot.former_keys`, `Snapshot.alias_keys`).
"""

from tracker.model.keys import incident_part
from tracker.model.page import Snapshot


def other_keys(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the keys by which updates and incidents of a snapshot may be known beside their own."""
    others = {
        name for names in (snapshot.former_keys, snapshot.alias_keys) for known in names.values() for name in known
    }
    return tuple(sorted(others | set(map(incident_part, others))))


def seen_under_other_keys(seen: frozenset[str], snapshot: Snapshot) -> frozenset[str]:
    """Return the keys that count as seen because others of the same updates are among the `seen`.

    A former id alone does not make an incident known: several incidents may have shared it.
    """
    found: set[str] = set()
    for key, names in (*snapshot.former_keys.items(), *snapshot.alias_keys.items()):
        known = [name for name in names if name in seen]
        found |= {key} if known else set()
        if any(incident_part(name) in seen for name in (*known, *snapshot.alias_keys.get(key, ()))):
            found.add(incident_part(key))
    return frozenset(found - seen)


def lasting_keys(known: frozenset[str], seen: frozenset[str], snapshot: Snapshot) -> frozenset[str]:
    """Return the keys to store from now on, of those that are `known` without having been `seen`.

    Where every answer of the page gives updates new ids, only the keys that last are stored. An update whose own key
    was seen needs no other one.
    """
    lasting = {name for key, names in snapshot.alias_keys.items() if key not in seen for name in names}
    passing = {*snapshot.alias_keys, *map(incident_part, snapshot.alias_keys)}
    return (known - passing | lasting | set(map(incident_part, lasting))) - seen
