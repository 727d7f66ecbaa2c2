"""The components that an incident and its updates name, with their ids -> mentions."""

from collections import ChainMap
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from tracker.model.page import Incident, IncidentUpdate, Mention
from tracker.parse import _fields as fields

#: The separator between the names of a group and of a component in it.
_IN_GROUP = " - "


def mentioned(entries: object, key: str = "id") -> tuple[Mention, ...]:
    """Return the components that a list of objects names, each with its id under a key; nameless ones are skipped."""
    named = ((_id(entry.get(key)), fields.name(entry.get("name"))) for entry in fields.objects_in(entries))
    return tuple(dict.fromkeys(Mention(id=component_id, name=name) for component_id, name in named if name))


def identified(ids: Iterable[object], names: Mapping[str, str]) -> tuple[Mention, ...]:
    """Return the components of these ids whose names are known."""
    known = dict.fromkeys(map(_id, ids))
    return tuple(Mention(id=each, name=names[each]) for each in known if each in names)


def names_of(mentions: Iterable[Mention]) -> tuple[str, ...]:
    """Return the names alone, each once."""
    return fields.unique(mention.name for mention in mentions)


def without_groups(incident: Incident, names: dict[str, str]) -> Incident:
    """Return an incident whose updates say `Group - Name` with group and name apart.

    `names` are those of the page's components by id. An incident that lists no components names those of its updates.
    """
    known = ChainMap({mention.id: mention.name for mention in incident.mentions if mention.id}, names)
    updates = tuple(_update_without_groups(update, known) for update in incident.updates)
    named = {mention.id: mention for update in updates for mention in update.mentions if mention.id}
    listed = dict.fromkeys(named.get(mention.id, mention) for mention in incident.mentions)
    mentions = tuple(listed or dict.fromkeys(mention for update in updates for mention in update.mentions))
    return replace(incident, updates=updates, mentions=mentions, components=names_of(mentions))


def _update_without_groups(update: IncidentUpdate, names: Mapping[str, str]) -> IncidentUpdate:
    mentions = tuple(dict.fromkeys(_without_group(mention, names.get(mention.id)) for mention in update.mentions))
    return replace(update, mentions=mentions, components=names_of(mentions))


def _without_group(mention: Mention, name: str | None) -> Mention:
    """Return the component under its own name, without the group's name where that precedes it."""
    if name is None:
        return mention
    end = _IN_GROUP + name
    return Mention(
        id=mention.id, name=name, group=(mention.name.removesuffix(end) or None) if mention.name.endswith(end) else None
    )


def _id(value: object) -> str:
    """Return the id by which a component is named, "" for none."""
    is_id = isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip()
    return fields.identifier(value, "a component") if is_id else ""
