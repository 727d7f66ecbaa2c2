"""Apple's system status and that of its developer services (`system_status_<locale>.js`) -> Snapshot.

The answer is the list of services with their events, as plain JSON or inside a call of JavaScript. An event has a
status and one text, which Apple overwrites: a new status is an update, and a new text is an edit. An event that affects
several services is listed with each, under one `messageId`. Ended events stay for some days. (Recorded in part;
inket/stts reads it so, and names the words.)
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot, worst_impact
from tracker.parse import _fields as fields
from tracker.parse.entries import among, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, parted, status_key
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, status_word

#: Characters of the name of the function that is called with the answer, with the text before it.
_LONGEST_NAME: Final = 80
_MARKS: Final = frozenset({"serviceName", "events"})
_IMPACTS: Mapping[str, Impact] = {
    "available": Impact.NONE,
    "issue": Impact.MINOR,
    "performance": Impact.MINOR,
    "outage": Impact.MAJOR,
    "maintenance": Impact.MAINTENANCE,
}
_COMPONENTS: Mapping[Impact, ComponentStatus] = {
    Impact.MINOR: ComponentStatus.DEGRADED_PERFORMANCE,
    Impact.MAJOR: ComponentStatus.MAJOR_OUTAGE,
    Impact.MAINTENANCE: ComponentStatus.UNDER_MAINTENANCE,
}
_STATUSES: Mapping[str, str] = {"ongoing": "active", "upcoming": "scheduled"}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"serviceName"', b'"events"') and _is_status(_answer(body))


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = _answer(body)
    if not _is_status(answer):
        raise refusal(body, content_type)
    services = objects(answer, "services", "component")
    shown: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for service in services:
        name = fields.name(service.get("serviceName"))
        for event in objects(service, "events", "incident"):
            key = str(event.get("messageId") or f"{name}/{event.get('epochStartDate')}")
            shown.setdefault(key, (event, []))[1].extend([name] if name else [])
    incidents, maintenances = parted(among(shown.values(), "incident", _incident))
    return Snapshot(
        incidents=incidents,
        maintenances=maintenances,
        components=distinct(among(services, "component", _component)),
        components_listed=True,
    )


APPLE = Format(
    name="apple",
    title="Apple",
    source="a recorded part, an independent reader",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/data/system_status_en_US.js"),),
    hosts=("www.apple.com", "developer.apple.com"),
)


def _answer(body: bytes) -> dict[str, Any]:
    text = body.strip().removesuffix(b";").rstrip()
    opens = text.find(b"(", 0, _LONGEST_NAME)
    is_call = opens > 0 and text.endswith(b")") and b"{" not in text[:opens]
    return fields.json_object(text[opens + 1 : -1] if is_call else body)


def _is_status(answer: dict[str, Any]) -> bool:
    services = fields.objects_in(answer.get("services"))
    return any(service.keys() >= _MARKS for service in services)


def _component(service: dict[str, Any]) -> Component:
    name = fields.identifier(service.get("serviceName"), "a service")
    going_on = (event for event in fields.objects_in(service.get("events")) if event.get("eventStatus") == "ongoing")
    worst = worst_impact([fields.known(_IMPACTS, event.get("statusType")) for event in going_on])
    status = _COMPONENTS.get(worst, ComponentStatus.OPERATIONAL) if worst else ComponentStatus.OPERATIONAL
    return Component(id=name, name=fields.name(name) or name, status=status)


def _incident(shown: tuple[dict[str, Any], list[str]]) -> Incident:
    event, services = shown
    began, ended = fields.moment(event.get("epochStartDate")), fields.moment(event.get("epochEndDate"))
    incident_id = identity(event.get("messageId"), "an event", since=began)
    word = event.get("eventStatus")
    status = fields.known(_STATUSES, word) or status_word(word) or UNKNOWN
    impact = fields.known(_IMPACTS, event.get("statusType"))
    is_work = impact is Impact.MAINTENANCE
    text = fields.body_text(event.get("message"))
    closes = status in ("resolved", "completed")
    at = (ended if closes else None) or (None if status == "scheduled" else began)
    kind = fields.name(event.get("statusType"))
    return Incident(
        id=incident_id,
        name=": ".join(filter(None, (kind, ", ".join(dict.fromkeys(services[:3]))))) or incident_id,
        status=status,
        impact=impact,
        updates=(IncidentUpdate(id=status_key(status, began), status=status, body=text, created_at=at),),
        components=fields.unique(services),
        scheduled_for=began if is_work else None,
        scheduled_until=ended if is_work else None,
    )
