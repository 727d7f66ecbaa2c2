"""AWS Health's public events in JSON (`/public/currentevents`, in UTF-16) -> Snapshot.

The only answer lists open events, so an event ends by leaving it, and `[]` is a quiet page. An empty list fits any
vendor: `read` takes it, `recognises` does not. Events have ARNs. The entries of their logs have no ids and are known by
their times, in seconds. Severity is a digit, at the event and at each entry of its log. No maintenance is shown. The
public page documents nothing: field names and meanings are those of recorded answers, and the words for the digits are
those of AWS's feed for the same entries.
"""

from collections.abc import Mapping
from typing import Any

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN

#: A digit of severity -> AWS's word for it, and its impact.
SEVERITIES: Mapping[str, tuple[str, Impact]] = {
    "0": ("resolved", Impact.NONE),
    "1": ("service impact", Impact.MINOR),
    "2": ("service degradation", Impact.MAJOR),
    "3": ("service disruption", Impact.CRITICAL),
}
_PAGE = "https://health.aws.amazon.com/health/status"
_QUIET = "0"
_MARKS = frozenset({"arn", "service"})
#: arn:aws:health:<region>::event/<service>/<type>/<id>
_ARN_PARTS = 6
_REGION_PART = 3


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"event_log"', b'"arn"') and _is_aws(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:  # noqa: ARG001  events have no address
    answer = fields.json_or_none(body)
    if answer != [] and not _is_aws(answer):
        raise refusal(body, content_type)
    return Snapshot(incidents=distinct(each({"list": answer}, "list", "incident", _incident)), open_only=True)


AWS = Format(
    name="aws",
    title="AWS Health",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/public/currentevents"),),
    hosts=("health.aws.amazon.com",),
)


def _is_aws(answer: object) -> bool:
    events = fields.objects_in(answer)
    return any(isinstance(event.get("event_log"), list) and event.keys() >= _MARKS for event in events)


def _incident(event: dict[str, Any]) -> Incident:
    arn = identity(event.get("arn"), "an event", since=fields.moment(event.get("date")))
    status, impact = _severity(event.get("status"))
    region, region_name = _region(arn), fields.name(event.get("region_name"))
    affected = (fields.mapping(service) for service in fields.mapping(event.get("impacted_services")).values())
    services = [fields.name(each.get("service_name")) for each in affected if str(each.get("current")) != _QUIET]
    return Incident(
        id=arn,
        name=fields.name(event.get("summary")) or arn,
        status=status,
        impact=impact,
        link=_PAGE,
        updates=identified(oldest_first(each(event, "event_log", "update", _update))),
        components=fields.unique(services) or fields.unique([fields.name(event.get("service_name"))]),
        # The code and the name of the region; a global event has one word for both.
        regions=fields.unique([region, None if (region_name or "").lower() == region else region_name]),
    )


def _update(entry: dict[str, Any]) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status=_severity(entry.get("status"))[0],
        body=fields.body_text(entry.get("message")),
        created_at=fields.moment(entry.get("timestamp")),
    )


def _severity(digit: object) -> tuple[str, Impact | None]:
    """Return the word and the impact of a severity, a text in some answers and a number in others."""
    return SEVERITIES.get(str(digit), (UNKNOWN, None))


def _region(arn: str) -> str | None:
    parts = arn.split(":", _ARN_PARTS)
    return fields.name(parts[_REGION_PART]) if len(parts) >= _ARN_PARTS else None
