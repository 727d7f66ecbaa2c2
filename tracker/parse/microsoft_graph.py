"""Health of the services of one Microsoft 365 tenant, from Microsoft Graph -> Snapshot.

`/v1.0/admin/serviceAnnouncement/healthOverviews?$expand=issues` lists the tenant's services, each with its issues and
their posts: one request for all. `…/issues` lists the issues alone. Documented
(learn.microsoft.com/graph/api/resources/service-communications-api-overview). A post has no id and no status of its
own: its time is the key, and the newest has the issue's status. Advisories are minor, incidents major. An answer may
be continued (`@odata.nextLink`); its further pages are not read, so absence from such an answer proves nothing.

Graph wants a bearer token with ServiceHealth.Read.All: `headers_env = { Authorization = "GRAPH" }` names the variables
of the client that gets one (`tracker.environment.clients`), or the one that holds `Bearer <token>`.
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, identified, oldest_first
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN

_ISSUE: Final = frozenset({"id", "title", "classification", "isResolved", "posts"})
_SERVICE: Final = frozenset({"id", "service", "status"})
_IMPACTS: Mapping[str, Impact] = {"advisory": Impact.MINOR, "incident": Impact.MAJOR}
_STATUSES: Mapping[str, str] = {
    "reported": "investigating",
    "investigating": "investigating",
    "confirmed": "identified",
    "service_degradation": "identified",
    "service_interruption": "identified",
    "restoring_service": "identified",
    "extended_recovery": "identified",
    "verifying_service": "monitoring",
    "investigation_suspended": "resolved",
    "service_restored": "resolved",
    "post_incident_review_published": "postmortem",
    "false_positive": "resolved",
    "mitigated": "resolved",
    "mitigated_external": "resolved",
    "resolved": "resolved",
    "resolved_external": "resolved",
}
_COMPONENTS: Mapping[str, ComponentStatus] = {
    "service_operational": ComponentStatus.OPERATIONAL,
    "service_restored": ComponentStatus.OPERATIONAL,
    "false_positive": ComponentStatus.OPERATIONAL,
    "post_incident_review_published": ComponentStatus.OPERATIONAL,
    "resolved": ComponentStatus.OPERATIONAL,
    "investigating": ComponentStatus.DEGRADED_PERFORMANCE,
    "verifying_service": ComponentStatus.DEGRADED_PERFORMANCE,
    "restoring_service": ComponentStatus.DEGRADED_PERFORMANCE,
    "extended_recovery": ComponentStatus.DEGRADED_PERFORMANCE,
    "service_degradation": ComponentStatus.DEGRADED_PERFORMANCE,
    "service_interruption": ComponentStatus.MAJOR_OUTAGE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"value"', b"service") and _kind(fields.json_or_none(body)) is not None


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    kind = _kind(answer)
    if kind is None:
        raise refusal(body, content_type)
    is_whole = not answer.get("@odata.nextLink")
    if kind == "issues":
        return Snapshot(incidents=distinct(each(answer, "value", "incident", _incident)))
    services = objects(answer, "value", "component")
    issues = [issue for service in services for issue in objects(service, "issues", "incident")]
    return Snapshot(
        incidents=distinct(among(issues, "incident", _incident)),
        components=distinct(among(services, "component", _component)),
        components_listed=True,
        components_complete=is_whole,
    )


MICROSOFT_GRAPH = Format(
    name="microsoft-graph",
    title="Microsoft 365 (Graph)",
    source="its documentation",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/v1.0/admin/serviceAnnouncement/healthOverviews?$expand=issues"),),
    hosts=("graph.microsoft.com",),
)


def _kind(answer: object) -> str | None:
    listed = fields.objects_in(fields.mapping(answer).get("value"))
    if any(entry.keys() >= _ISSUE for entry in listed):
        return "issues"
    return "services" if any(entry.keys() >= _SERVICE and "title" not in entry for entry in listed) else None


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("service"))
    component_id = identity(entry.get("id"), "a service", name=name or "")
    status = fields.known(_COMPONENTS, entry.get("status")) or ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=status)


def _incident(entry: dict[str, Any]) -> Incident:
    began, changed = fields.moment(entry.get("startDateTime")), fields.moment(entry.get("lastModifiedDateTime"))
    incident_id = identity(entry.get("id"), "an issue", since=began)
    is_over = entry.get("isResolved") is True
    status = fields.known(_STATUSES, entry.get("status")) or ("resolved" if is_over else UNKNOWN)
    posts = oldest_first(each(entry, "posts", "update", _update))
    text = fields.body_text(entry.get("impactDescription"))
    listed = identified(posts or [IncidentUpdate(id="", status=status, body=text, created_at=changed or began)])
    last = IncidentUpdate(id=listed[-1].id, status=status, body=listed[-1].body, created_at=listed[-1].created_at)
    return Incident(
        id=incident_id,
        name=fields.name(entry.get("title")) or incident_id,
        status=status,
        impact=fields.known(_IMPACTS, entry.get("classification")),
        updates=(*listed[:-1], last),
        components=fields.unique([fields.name(entry.get("service"))]),
    )


def _update(post: dict[str, Any]) -> IncidentUpdate:
    return IncidentUpdate(
        id="",
        status="update",
        body=fields.body_text(fields.mapping(post.get("description")).get("content")),
        created_at=fields.moment(post.get("createdDateTime")),
    )
