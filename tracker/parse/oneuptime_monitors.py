"""The resources of OneUptime's overview: components with the status of their monitors, and which events affect them."""

from collections.abc import Iterator
from typing import Any

from tracker.errors import ParseError
from tracker.model.page import Component, ComponentStatus, Mention
from tracker.parse import _fields as fields
from tracker.parse.entries import identity, objects
from tracker.parse.words import component_status


class Monitors:
    """The resources of an answer, and the monitors that they show."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._statuses = {id_of(status.get("_id")): status for status in fields.objects_in(answer["monitorStatuses"])}
        self._of_groups = fields.mapping(answer.get("monitorGroupCurrentStatuses"))
        self._monitors_in = fields.mapping(answer.get("monitorsInGroup"))
        downtime = fields.mapping(answer.get("statusPage")).get("downtimeMonitorStatuses")
        self._downtime = {id_of(status.get("_id")) for status in fields.objects_in(downtime)}
        self.resources = objects(answer, "statusPageResources", "component")
        self._shown = self._shown_by_monitor()

    def component(self, entry: dict[str, Any]) -> Component:
        """Return a resource with the status of its monitor, or of its group of monitors."""
        component_id, name, group = _resource(entry)
        return Component(id=component_id, name=name, status=self._status(entry), group=group)

    def mentioned(self, monitors: object) -> tuple[Mention, ...]:
        """Return the resources that show any of these monitors."""
        ids = (id_of(monitor.get("_id")) for monitor in fields.objects_in(monitors))
        return tuple(dict.fromkeys(mention for each in ids if each for mention in self._shown.get(each, ())))

    def _shown_by_monitor(self) -> dict[str, list[Mention]]:
        """Return the resources by the ids of the monitors that they show."""
        shown: dict[str, list[Mention]] = {}
        for entry in self.resources:
            try:
                component_id, name, _ = _resource(entry)
            except ParseError:
                continue
            for monitor_id in self._monitors_of(entry):
                shown.setdefault(monitor_id, []).append(Mention(id=component_id, name=name))
        return shown

    def _monitors_of(self, entry: dict[str, Any]) -> Iterator[str]:
        yield id_of(entry.get("monitorId"))
        inside = self._monitors_in.get(id_of(entry.get("monitorGroupId")))
        yield from map(id_of, inside if isinstance(inside, list) else ())

    def _status(self, entry: dict[str, Any]) -> ComponentStatus:
        current = fields.mapping(entry.get("monitor")).get("currentMonitorStatusId")
        group = id_of(entry.get("monitorGroupId"))
        status_id = id_of(self._of_groups.get(group) if group else current)
        status = self._statuses.get(status_id, {})
        if status.get("isOperationalState") is True:
            return ComponentStatus.OPERATIONAL
        known = component_status(status.get("name"))
        counts_as_down = known is ComponentStatus.UNKNOWN and status_id in self._downtime
        return ComponentStatus.MAJOR_OUTAGE if counts_as_down else known


def _resource(entry: dict[str, Any]) -> tuple[str, str, str | None]:
    """Return the id, the name and the group of a resource."""
    name, holder = fields.name(entry.get("displayName")), fields.mapping(entry.get("statusPageGroup"))
    group = fields.name(holder.get("name"))
    component_id = identity(plain(entry.get("_id")), "a resource", name=f"{group or ''}\0{name}" if name else "")
    return component_id, name or component_id, group


def plain(value: object) -> object:
    """Return a value without its wrapping."""
    return value.get("value") if isinstance(value, dict) else value


def id_of(value: object) -> str:
    """Return an id by which another entry names this one, "" for none."""
    try:
        return fields.identifier(plain(value), "an entry")
    except ParseError:
        return ""
