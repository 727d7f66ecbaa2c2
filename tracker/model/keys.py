"""Keys of incidents and updates, and ids of their events: no two things share one, whatever their ids hold. Pure.

Versions before these keys joined ids as they are, so that `a` with `b/c` and `a/b` with `c` shared one. Ordinary ids,
without a slash, have the keys and event ids that they always had.
"""

from typing import Final

#: The version of these keys, which a page's state carries from the first answer on that was compared by them.
KEYS_VERSION: Final = 1
#: In a key, this means a slash inside an id. No id holds it (`tracker.parse`), so no key of an earlier version does.
_SLASH: Final = "\0"
#: First words of the ids that detection gives to inferred updates: `status/resolved`. In the id of an event such an id
#: stays two parts.
_INFERRED: Final = frozenset({"status", "ended", "impact", "title", "window"})
#: Words that ids of other events have in the place of the incident.
_OTHER_EVENTS: Final = frozenset({"component", "page_moved", "page_readable", "page_unreadable"})
#: The end of the id of a withdrawal, behind that of the update's event.
_WITHDRAWN: Final = "withdrawn"


def key_of_incident(incident_id: str) -> str:
    """Return the key of an incident: `i1/`."""
    return f"{incident_id.replace('/', _SLASH)}/"


def key_of_update(incident_id: str, update_id: str) -> str:
    """Return the key of an update: `i1/u1`."""
    return f"{incident_id.replace('/', _SLASH)}/{update_id.replace('/', _SLASH)}"


def parted(key: str) -> tuple[str, str]:
    """Return the ids of incident and update that a key consists of; the second is "" in the key of an incident."""
    incident_id, _, update_id = key.partition("/")
    return former_key(incident_id), former_key(update_id)


def incident_part(key: str) -> str:
    """Return the key of the incident to which an update belongs, from the update's key."""
    return f"{key.partition('/')[0]}/"


def former_key(key: str) -> str:
    """Return the key that earlier versions wrote instead of this one: both ids unescaped."""
    return key.replace(_SLASH, "/")


def event_id(provider: str, incident_id: str, update_id: str) -> str:
    """Return the id of an update's event: `acme/i1/u1`, `acme/i1/status/resolved`, `acme/a%2Fb/c`."""
    incident = _set_apart(incident_id) if incident_id in _OTHER_EVENTS else _part(incident_id)
    word, slash, rest = update_id.partition("/")
    if slash and word in _INFERRED:
        return f"{provider}/{incident}/{word}/{_set_apart(rest) if rest == _WITHDRAWN else _part(rest)}"
    return f"{provider}/{incident}/{_part(update_id)}"


def present_event_id(given: str, provider: str, incident_id: str | None, update_id: str | None) -> str:
    """Return the present id of an event from the id that any version gave it; for edits and withdrawals too."""
    if incident_id is None or update_id is None:
        return given
    before = f"{provider}/{incident_id}/{update_id}"
    rest = given[len(before) :]
    is_former = given.startswith(before) and rest[:1] in ("", "/")
    return event_id(provider, incident_id, update_id) + rest if is_former else given


def _part(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")


def _set_apart(word: str) -> str:
    """Return an id that happens to be a reserved word, escaped so that it differs from that word."""
    return f"%{ord(word[0]):02X}{word[1:]}"
