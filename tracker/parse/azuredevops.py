"""Azure DevOps' health (`/_apis/status/health`) and feed (`/_rss`) -> Snapshot.

The health has the status of each service in each geography; it is documented
(learn.microsoft.com/rest/api/azure/devops/status). The feed has the texts about incidents, and is read as any feed.
Neither shows what the other has.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, entry_by_entry, identity, objects
from tracker.parse.feed import FEED
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct
from tracker.parse.sniff import feed_root, mentions, refusal

_STATUSES: Mapping[str, ComponentStatus] = {
    "healthy": ComponentStatus.OPERATIONAL,
    "advisory": ComponentStatus.OPERATIONAL,
    "degraded": ComponentStatus.DEGRADED_PERFORMANCE,
    "unhealthy": ComponentStatus.MAJOR_OUTAGE,
}
_INDICATORS: Mapping[str, Impact] = {
    "healthy": Impact.NONE,
    "advisory": Impact.NONE,
    "degraded": Impact.MINOR,
    "unhealthy": Impact.MAJOR,
}
_MARKS: Final = frozenset({"id", "geographies"})


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"geographies"', b'"health"') and _is_health(fields.json_or_none(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if feed_root(body) is not None:
        return FEED.read(body, url, content_type)
    answer = fields.json_or_none(body)
    if not _is_health(answer):
        raise refusal(body, content_type)
    return Snapshot(
        indicator=fields.known(_INDICATORS, fields.mapping(answer.get("status")).get("health")),
        components=distinct(among(_placed(answer), "component", _component)),
        components_listed=True,
    )


AZUREDEVOPS = Format(
    name="azuredevops",
    title="Azure DevOps",
    source="its documentation; its feed is read as a feed",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/_apis/status/health?api-version=7.1-preview.1", details=("/_rss",)),),
    hosts=("status.dev.azure.com",),
    details_apart=True,
)


def _is_health(answer: object) -> bool:
    services = fields.objects_in(fields.mapping(answer).get("services"))
    return any(service.keys() >= _MARKS for service in services)


def _placed(answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for service in objects(answer, "services", "component"):
        name = fields.name(service.get("id"))
        for place in objects(service, "geographies", "component"):
            yield name or "", place


def _component(placed: tuple[str, dict[str, Any]]) -> Component:
    service, place = placed
    place_id = fields.name(place.get("id")) or fields.name(place.get("name"))
    component_id = identity(f"{service}/{place_id}" if service and place_id else None, "a service")
    return Component(
        id=component_id,
        name=service,
        status=fields.known(_STATUSES, place.get("health")) or ComponentStatus.UNKNOWN,
        region=fields.name(place.get("name")) or place_id,
    )
