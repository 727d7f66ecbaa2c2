"""Vultr's `status.json` and `alerts.json` -> Snapshot.

`/status.json` has the regions, each with its alerts, and the alerts that concern all regions; independent public
readers agree on it. `/alerts.json` has the alerts alone, each with its region (recorded). Either lists open and
recently ended alerts. A region is a component without a status word: it works unless an alert is open there; then it is
degraded, or under maintenance.

Entries of an alert have no id; their time is one. An alert is `ongoing` or `resolved`, with no words between and none
for severity. The subject, or a window in a text, marks a maintenance. An event in several regions is an alert for each,
all with one id: the first alert keeps it, the others have their regions behind it. Every open alert is listed, so one
that vanishes has ended.

Vultr itself makes alerts without an id while customers are affected: their one entry says that details are in the
customer portal, and has a new time in every answer. Such an alert is known by region and subject and shown as open; it
has no updates, since nobody posted any. An alert with an empty id was posted; its texts are its updates' ids.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tracker.errors import ParseError
from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import by_time, digest_key, identified, numbered, oldest_first, parted
from tracker.parse.sniff import refusal

_KEY: Final = "service_alerts"
#: The keys that an answer may have.
_KEYS: Final = frozenset({_KEY, "regions"})
_MAINTENANCE: Final = re.compile(r"\b(?:maintenance|upgrades?)\b", re.IGNORECASE)
_WINDOW: Final = re.compile(r"\b(Start|End) Time: {0,3}(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?) UTC")
#: Statuses of alerts.
_ONGOING: Final = "ongoing"
_RESOLVED: Final = "resolved"
#: The status of a region, by whether its alert is a maintenance.
_STATUS_OF: Final = {False: ComponentStatus.DEGRADED_PERFORMANCE, True: ComponentStatus.UNDER_MAINTENANCE}


def _recognises(body: bytes, _: str | None) -> bool:
    return _KEY.encode() in body and _is_vultr(fields.json_or_none(body))


def _is_vultr(answer: object) -> bool:
    if not isinstance(answer, dict) or _KEY not in answer or not answer.keys() <= _KEYS:
        return False
    return answer[_KEY] is None or isinstance(answer[_KEY], list)


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_vultr(answer):
        raise refusal(body, content_type)
    regions = {
        code: region for code, region in fields.mapping(answer.get("regions")).items() if isinstance(region, dict)
    }
    alerts = _alerts(answer, regions)
    named = zip(_ids(alerts), alerts, strict=True)
    incidents, maintenances = parted(among(named, "incident", _incident))
    affected = {
        region: _STATUS_OF[each.impact is Impact.MAINTENANCE]
        for each in (*maintenances, *incidents)
        if each.is_open and _is_going_on(each)
        for region in each.regions
    }
    return Snapshot(
        incidents=incidents,
        maintenances=maintenances,
        components=tuple(among(regions.items(), "component", lambda placed: _region(placed, affected))),
        components_listed=bool(regions),
        open_only=True,
    )


VULTR = Format(
    name="vultr",
    title="Vultr alerts",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/status.json"), Endpoints(primary="/alerts.json")),
    hosts=("status.vultr.com",),
)


def _alerts(answer: dict[str, Any], regions: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all alerts, each with its region, those in two places once."""
    found = objects(answer, _KEY, "incident")
    known = {(str(alert["id"]), _text(alert, "region")) for alert in found if _is_named(alert)}
    for code, region in regions.items():
        for alert in objects(region, "alerts", "incident"):
            placed = {**alert, "region": alert.get("region") or code}
            if not _is_named(alert) or (str(alert["id"]), _text(placed, "region")) not in known:
                found.append(placed)
    return found


def _region(placed: tuple[str, dict[str, Any]], affected: Mapping[str, ComponentStatus]) -> Component:
    code, region = placed
    component_id = fields.identifier(code, "a region")
    return Component(
        id=component_id,
        name=fields.name(region.get("location")) or component_id,
        status=affected.get(component_id, ComponentStatus.OPERATIONAL),
        region=component_id,
    )


def _is_going_on(incident: Incident) -> bool:
    return incident.status in (_ONGOING, "in_progress")


def _ids(alerts: Sequence[dict[str, Any]]) -> list[str]:
    """Return an id for each alert.

    Of two alerts without an id, in one region under one subject, the later one gets a number. Of several alerts with
    one id, those after the first get their regions in their ids.
    """
    places = oldest_first(
        range(len(alerts)), lambda place: fields.moment(alerts[place].get("start_date")), newest_first=True
    )
    derived = numbered(digest_key(_text(alerts[place], "region"), _text(alerts[place], "subject")) for place in places)
    without = dict(zip(places, derived, strict=True))
    given = [
        fields.identifier(alert["id"], "an alert") if _is_named(alert) else without[place]
        for place, alert in enumerate(alerts)
    ]
    firsts = {alert_id: place for place, alert_id in reversed(list(enumerate(given)))}
    return numbered(
        alert_id if firsts[alert_id] == place else f"{alert_id}/{_text(alerts[place], 'region')}"
        for place, alert_id in enumerate(given)
    )


def _is_named(alert: dict[str, Any]) -> bool:
    own = alert.get("id")
    return isinstance(own, str | int) and not isinstance(own, bool) and bool(str(own).strip())


def _text(alert: dict[str, Any], key: str) -> str:
    return fields.name(alert.get(key)) or ""


def _incident(named: tuple[str, dict[str, Any]]) -> Incident:
    """Return an alert with its id. Raises ParseError for one without an id and a subject."""
    alert_id, alert = named
    name, region = fields.name(alert.get("subject")), fields.name(alert.get("region"))
    if name is None and not _is_named(alert):
        raise ParseError("the answer holds an alert without id and subject")
    is_maintenance = _is_maintenance(alert)
    is_posted = alert.get("id") is not None
    updates = _updates(alert, is_maintenance=is_maintenance) if is_posted else ()
    begins, ends = _window(updates) if is_maintenance else (None, None)
    return Incident(
        id=alert_id,
        name=name or alert_id,
        status=_status(alert, is_maintenance=is_maintenance, begun=len(updates) > 1),
        impact=Impact.MAINTENANCE if is_maintenance else None,
        updates=updates,
        regions=(region,) if region else (),
        scheduled_for=begins,
        scheduled_until=ends,
    )


def _is_maintenance(alert: dict[str, Any]) -> bool:
    """Return whether the subject names a maintenance, or a text its window."""
    texts = (fields.body_text(entry.get("message")) for entry in fields.objects_in(alert.get("entries")))
    return bool(_MAINTENANCE.search(_text(alert, "subject"))) or any(map(_WINDOW.search, texts))


def _status(alert: dict[str, Any], *, is_maintenance: bool, begun: bool) -> str:
    """Return the vendor's word; a maintenance is called ongoing from its announcement on."""
    word = (fields.name(alert.get("status")) or _ONGOING).lower()
    if is_maintenance and word == _ONGOING:
        return "in_progress" if begun else "scheduled"
    return "completed" if is_maintenance and word == _RESOLVED else word


def _updates(alert: dict[str, Any], *, is_maintenance: bool) -> tuple[IncidentUpdate, ...]:
    """Return the entries oldest first; an end that no entry shows is an empty update."""
    entries = oldest_first(each(alert, "entries", "update", _entry), newest_first=True)
    is_over = fields.name(alert.get("status")) == _RESOLVED
    end = _entry(alert)
    if is_over and end.created_at and all(entry.created_at and entry.created_at < end.created_at for entry in entries):
        entries = (*entries, end)
    updates = identified(entries, by_time if _is_named(alert) else lambda update: digest_key(update.body))
    return tuple(
        msgspec.structs.replace(
            update,
            status=_status(alert if place == len(updates) - 1 else {}, is_maintenance=is_maintenance, begun=place > 0),
        )
        for place, update in enumerate(updates)
    )


def _entry(entry: dict[str, Any]) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status=_ONGOING,
        body=fields.body_text(entry.get("message")),
        created_at=fields.moment(entry.get("updated_at")),
    )


def _window(updates: Sequence[IncidentUpdate]) -> tuple[datetime | None, datetime | None]:
    """Return begin and end in the last text that names them."""
    times: dict[str, datetime | None] = {}
    for update in updates:
        for edge, day, hour in _WINDOW.findall(update.body):
            times[edge] = fields.moment(f"{day}T{hour}", UTC)
    return times.get("Start"), times.get("End")
