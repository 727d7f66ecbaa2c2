"""PayPal's components (`/api/v1/components`) and feed (`/feed/atom`) -> Snapshot.

The components have one status for production, which counts, and one for the sandbox. Their keys are those of
independent public readers (inket/stts and others). The feed, as recorded, has an entry for each event with all its
updates, maintenances included, and is read as any feed. Neither shows what the other has.
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity
from tracker.parse.feed import FEED
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct
from tracker.parse.sniff import feed_root, mentions, refusal

_MARKS: Final = frozenset({"name", "status", "category"})
_STATUSES: Mapping[str, ComponentStatus] = {
    "operational": ComponentStatus.OPERATIONAL,
    "informational": ComponentStatus.OPERATIONAL,
    "degraded": ComponentStatus.DEGRADED_PERFORMANCE,
    "degraded_performance": ComponentStatus.DEGRADED_PERFORMANCE,
    "partial_outage": ComponentStatus.PARTIAL_OUTAGE,
    "partial_service_disruption": ComponentStatus.PARTIAL_OUTAGE,
    "service_disruption": ComponentStatus.PARTIAL_OUTAGE,
    "outage": ComponentStatus.MAJOR_OUTAGE,
    "major_outage": ComponentStatus.MAJOR_OUTAGE,
    "service_outage": ComponentStatus.MAJOR_OUTAGE,
    "maintenance": ComponentStatus.UNDER_MAINTENANCE,
    "under_maintenance": ComponentStatus.UNDER_MAINTENANCE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"result"', b'"production"') and _is_list(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if feed_root(body) is not None:
        return FEED.read(body, url, content_type)
    answer = fields.json_or_none(body)
    if not _is_list(answer):
        raise refusal(body, content_type)
    return Snapshot(components=distinct(each(answer, "result", "component", _component)), components_listed=True)


PAYPAL = Format(
    name="paypal",
    title="PayPal",
    source="independent readers; its feed was recorded",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/v1/components", details=("/feed/atom",)),),
    hosts=("www.paypal-status.com", "paypal-status.com"),
    details_apart=True,
)


def _is_list(answer: object) -> bool:
    return any(entry.keys() >= _MARKS for entry in fields.objects_in(fields.mapping(answer).get("result")))


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("displayName")) or fields.name(entry.get("name"))
    group = fields.name(entry.get("parentName")) or fields.name(fields.mapping(entry.get("category")).get("name"))
    component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
    word = fields.mapping(entry.get("status")).get("production")
    status = fields.known(_STATUSES, word) or ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=status, group=group)
