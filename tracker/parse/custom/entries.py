"""The entries that a definition's expressions find -> incidents, updates and components.

An update without an id is known by its time. Where no `updates` are named, an incident has one text, known by the state
and the letters of the text, so that each state and each text is an update. A word that no table of the definition has
is read like any vendor's (`tracker.parse.words`), and reported as written if it is unknown there too.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from tracker.errors import ParseError
from tracker.model.format_definition import FormatDefinition
from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.custom.language import MOST_ENTRIES, Language, Query
from tracker.parse.entries import among, identity
from tracker.parse.listed import distinct, identified, letters_key, oldest_first, parted, time_key
from tracker.parse.words import (
    MAINTENANCE_STATUSES,
    UNKNOWN,
    component_status,
    known_status,
    status_word,
    vendor_word,
)

#: The status of an incident that is listed as open without a state.
_OPEN: Final = "investigating"
_MOST_COMPONENTS: Final = 200


class Entries:
    """Reads one body with the queries of a definition."""

    def __init__(
        self, definition: FormatDefinition, language: Language, queries: Mapping[str, Query], url: str
    ) -> None:
        self._definition = definition
        self._language = language
        self._queries = queries
        self._url = url
        self._zone = ZoneInfo(definition.zone) if definition.zone else None
        self._states = _folded(definition.states)
        self._impacts = _folded(definition.impacts)
        self._component_states = _folded(definition.component_states)
        self._unknown: dict[str, None] = {}
        self._entries = 0

    def snapshot(self, root: Any) -> Snapshot:
        """Return the contents of the body. Raises ParseError."""
        found = distinct(among(self.found("incidents", root), "incident", self.incident))
        components = distinct(among(self.found("component_list", root), "component", self.component))
        incidents, maintenances = parted(found)
        return Snapshot(
            incidents=incidents,
            maintenances=maintenances,
            components=components,
            components_listed=self._definition.component_list is not None,
            open_only=self._definition.only_open,
            unknown_words=tuple(self._unknown),
        )

    def found(self, key: str, node: Any) -> list[Any]:
        """Return the values that a key's expression finds, none without such a key. Raises ParseError."""
        query = self._queries.get(key)
        values = query(node) if query else []
        self._entries += len(values) if key in ("incidents", "updates", "component_list") else 0
        if self._entries > MOST_ENTRIES:
            raise ParseError(f"the answer has more than {MOST_ENTRIES} entries; no status page has")
        return values

    def incident(self, node: Any) -> Incident:
        """Return one incident. Raises ParseError when nothing identifies it."""
        name, link = fields.name(self._line("title", node)), self._link(node)
        incident_id = identity(self._plain("id", node), "an incident", link=link, name=name or "")
        status, word = self._status("state", node)
        updates = self._updates(node, status)
        status = (
            status or (updates[-1].status if updates else None) or (_OPEN if self._definition.only_open else UNKNOWN)
        )
        if not self._definition.updates:
            updates = self._only_update(node, status, word)
        return Incident(
            id=incident_id,
            name=name or incident_id,
            status=status,
            impact=self._impact(node, status),
            link=link,
            updates=updates,
            components=self._components(node),
            scheduled_for=self.time("begins", node),
            scheduled_until=self.time("ends", node),
        )

    def component(self, node: Any) -> Component:
        """Return one component of the page. Raises ParseError when it has no name."""
        name = fields.name(self._line("component_name", node))
        word = self._plain("component_state", node)
        mapped = _meaning(self._component_states, word)
        return Component(
            id=identity(None, "a component", name=name or ""),
            name=name or "",
            status=ComponentStatus(mapped) if mapped else component_status(word),
        )

    def time(self, key: str, node: Any) -> datetime | None:
        """Return the time that a key finds, None for none."""
        return fields.moment(self._plain(key, node), self._zone)

    def _updates(self, node: Any, status: str | None) -> tuple[IncidentUpdate, ...]:
        listed = among(self.found("updates", node), "update", lambda entry: self._update(entry, status))
        return oldest_first(distinct(identified(listed, lambda update: update.id)))

    def _update(self, node: Any, incident_status: str | None) -> IncidentUpdate:
        status, word = self._status("update_state", node)
        body, created_at = self._body("update_text", node), self.time("update_time", node)
        status = status or incident_status or UNKNOWN
        own = self._plain("update_id", node)
        key = time_key(created_at) if created_at else letters_key(status, body)
        return IncidentUpdate(
            id=key if own in (None, "") else fields.identifier(own, "an update"),
            status=status,
            vendor_status=vendor_word(word, status),
            body=body,
            created_at=created_at,
        )

    def _only_update(self, node: Any, status: str, word: object) -> tuple[IncidentUpdate, ...]:
        body = self._body("text", node)
        if not body and status == UNKNOWN:
            return ()
        return (
            IncidentUpdate(
                id=letters_key(status, body),
                status=status,
                vendor_status=vendor_word(word, status),
                body=body,
                created_at=self.time("time", node),
            ),
        )

    def _status(self, key: str, node: Any) -> tuple[str | None, object]:
        """Return the status that a key's word means, and the word."""
        word = self._plain(key, node)
        text = fields.name(str(word)) if word is not None else None
        if text is None:
            return None, None
        meaning = _meaning(self._states, text)
        if meaning is None and known_status(text) is None:
            self._unknown[text] = None
        return meaning or status_word(text), text

    def _impact(self, node: Any, status: str) -> Impact | None:
        word = self._plain("impact", node)
        meaning = _meaning(self._impacts, word) or (word.strip().lower() if isinstance(word, str) else None)
        if meaning in set(Impact):
            return Impact(str(meaning))
        return Impact.MAINTENANCE if status in MAINTENANCE_STATUSES else None

    def _components(self, node: Any) -> tuple[str, ...]:
        values = self.found("components", node)[:_MOST_COMPONENTS]
        return fields.unique(fields.name(str(self._language.plain(value) or "")) for value in values)

    def _link(self, node: Any) -> str | None:
        address = self._plain("link", node)
        try:
            return fields.link(urljoin(self._url, address.strip())) if isinstance(address, str) else None
        except ValueError:
            return None

    def _plain(self, key: str, node: Any) -> Any:
        values = self.found(key, node)
        return self._language.plain(values[0]) if values else None

    def _line(self, key: str, node: Any) -> str | None:
        value = self._plain(key, node)
        return None if value is None else str(value)

    def _body(self, key: str, node: Any) -> str:
        return fields.body_text("\n".join(map(self._language.rich, self.found(key, node)[:_MOST_COMPONENTS])))


def _folded(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {word.casefold(): meaning for word, meaning in pairs}


def _meaning(table: Mapping[str, str], word: object) -> str | None:
    """Return the meaning of a word, or of one of its words: a badge's state is one of its classes."""
    if word is None or isinstance(word, float | bool):
        return None
    text = " ".join(str(word)[: fields.NAME_CAP].casefold().split())
    return table.get(text) or next((table[part] for part in text.split() if part in table), None)
