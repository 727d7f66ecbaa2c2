"""IBM Cloud's feed (`/status/api/notifications/feed.rss`) -> Snapshot, in part: no list of components.

The feed is read as any other. Each text ends with labels (`Type:`, `Regions:`, `Resources:`, `Outage Start:`, `Outage
End:`), on which two independent public readers agree. An item is an incident, a maintenance, or neither (announcement,
release, security), and then left out. Resources are components. An incident with an end is over, one with only a begin
is open; a maintenance's begin and end are its window.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from tracker.model.page import CLOSED_STATUSES, Impact, Incident, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import entry_by_entry
from tracker.parse.feed import FEED
from tracker.parse.format import Endpoints, Format
from tracker.parse.sniff import feed_root, mentions, refusal
from tracker.parse.words import UNKNOWN

_LABELS: Final = "Type|Regions|Resources|Outage Start|Outage End|Update Time|ID"
_LABELLED: Final = re.compile(rf"(?:\A|\s)(?P<label>{_LABELS}):(?P<value>[^\n]{{0,2000}}?)(?=\s(?:{_LABELS}):|\n|\Z)")
_MARKS: Final = (b"Type:", b"Regions:", b"Resources:")
_INCIDENT, _WORK = "incident", "maintenance"


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b"cloud.ibm.com", *_MARKS) and feed_root(body) is not None


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if feed_root(body) is None:
        raise refusal(body, content_type)
    found = FEED.read(body, url, content_type)
    said = [(event, _labels(event)) for event in found.entries]
    return replace(
        found,
        incidents=tuple(_incident(event, labels) for event, labels in said if _kind(labels) == _INCIDENT),
        maintenances=tuple(_work(event, labels) for event, labels in said if _kind(labels) == _WORK),
    )


IBMCLOUD = Format(
    name="ibmcloud",
    title="IBM Cloud",
    in_part="no list of components",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/status/api/notifications/feed.rss"),),
    hosts=("cloud.ibm.com",),
)


def _labels(event: Incident) -> dict[str, str]:
    text = event.updates[-1].body if event.updates else ""
    return {found["label"]: found["value"].strip() for found in _LABELLED.finditer(text)}


def _kind(labels: Mapping[str, str]) -> str:
    """Return the kind of an item; one without a type may be an incident."""
    return (labels.get("Type", "").casefold().split() or [_INCIDENT])[0]


def _incident(event: Incident, labels: Mapping[str, str]) -> Incident:
    began, ended = (fields.moment(labels.get(label)) for label in ("Outage Start", "Outage End"))
    status = "investigating" if event.status == UNKNOWN and began else event.status
    return _placed(event, labels, "resolved" if ended and status not in CLOSED_STATUSES else status)


def _work(event: Incident, labels: Mapping[str, str]) -> Incident:
    window = {
        "scheduled_for": fields.moment(labels.get("Outage Start")),
        "scheduled_until": fields.moment(labels.get("Outage End")),
    }
    planned = replace(event, impact=Impact.MAINTENANCE, **window)
    return _placed(planned, labels, "scheduled" if event.status == UNKNOWN else event.status)


def _placed(event: Incident, labels: Mapping[str, str], status: str) -> Incident:
    """Return an event with this status, also at its newest update, and with its components and regions."""
    newest = tuple(replace(update, status=status) for update in event.updates[-1:])
    resources, regions = (re.split(r"[,\s]+", labels.get(label, "")) for label in ("Resources", "Regions"))
    return replace(
        event,
        status=status,
        updates=(*event.updates[:-1], *newest),
        components=fields.unique(map(fields.name, resources)),
        regions=fields.unique(map(fields.name, regions)),
    )
