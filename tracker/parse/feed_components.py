"""Entries of a feed that describe components instead of incidents -> components.

StatusIQ's feed has an item for each component, titled `<name> - <status>`, whose address ends in `#/components/<id>`.
"""

import re
from collections.abc import Iterable

from tracker.model.page import Component, ComponentStatus
from tracker.parse import _fields as fields
from tracker.parse.feed_entries import FeedEntry
from tracker.parse.words import component_status

_ADDRESS = re.compile(r"[#/]components?/(?P<id>[^/?#]+)/?\Z")
_TITLE = re.compile(r"(?P<name>.*\S) ?[-:\u2013\u2014|] ?(?P<status>[^-:\u2013\u2014|]{2,40})\Z")
#: The fields of a component other than its status.
_INFORMATION = "informational"


def parted(entries: Iterable[FeedEntry]) -> tuple[list[FeedEntry], tuple[Component, ...]]:
    """Return the entries that are incidents, and the components that the other entries describe."""
    rest: list[FeedEntry] = []
    found: dict[str, Component] = {}
    for entry in entries:
        component = _component(entry)
        if component is None:
            rest.append(entry)
        else:
            found.setdefault(component.id, component)
    return rest, tuple(found.values())


def _component(entry: FeedEntry) -> Component | None:
    address = _ADDRESS.search(entry.link or "")
    title = _TITLE.match(fields.name(fields.body_text(entry.title)) or "")
    if address is None or title is None:
        return None
    status = component_status(title["status"])
    if status is ComponentStatus.UNKNOWN and title["status"].strip().lower() not in (_INFORMATION, "unknown"):
        return None
    return Component(id=fields.identifier(address["id"], "a component"), name=title["name"], status=status)
