"""Oracle Cloud Infrastructure: incidents by RSS, health by region -> Snapshot.

`/api/v2/incident-summary.rss` lists incidents and shows whether anything is new; `/api/v2/components.json`
has the health of each service in each region. The keys of the latter are those of independent public readers; only one
of its words is known, `NormalPerformance` for a service that works.
"""

from collections.abc import Iterator
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, entry_by_entry, identity, objects
from tracker.parse.feed import FEED
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct
from tracker.parse.sniff import feed_root, head, mentions, refusal
from tracker.parse.words import component_status

_HOST: Final = b"ocistatus.oraclecloud.com"
_NORMAL: Final = "normalperformance"


def _recognises(body: bytes, content_type: str | None) -> bool:
    if mentions(body, b'"regionHealthReports"'):
        return isinstance(fields.json_object(body).get("regionHealthReports"), list)
    start = head(body)
    return _HOST in start and feed_root(start) == "rss" and FEED.recognises(body, content_type)


@entry_by_entry
def _health(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if not isinstance(answer.get("regionHealthReports"), list):
        raise refusal(body, content_type)
    components = distinct(among(_placed(answer), "component", _component))
    return Snapshot(components=components, components_listed=True)


def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    start = head(body)
    if _HOST in start and feed_root(start) == "rss":
        return FEED.read(body, url, content_type)
    return _health(body, url, content_type)


OCI = Format(
    name="oci",
    title="Oracle Cloud Infrastructure",
    source="its feed; independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/v2/incident-summary.rss", details=("/api/v2/components.json",)),),
    hosts=("ocistatus.oraclecloud.com",),
)


def _placed(answer: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str | None]]:
    for region in objects(answer, "regionHealthReports", "component"):
        name = fields.name(region.get("regionName")) or fields.name(region.get("regionId"))
        for service in objects(region, "serviceHealthReports", "component"):
            yield service, name


def _component(placed: tuple[dict[str, Any], str | None]) -> Component:
    service, region = placed
    name = fields.name(service.get("serviceName"))
    component_id = identity(f"{region}/{name}" if region and name else None, "a service")
    word = str(service.get("serviceStatus") or "").replace(" ", "").lower()
    status = ComponentStatus.OPERATIONAL if word == _NORMAL else component_status(word)
    return Component(id=component_id, name=name or component_id, status=status, region=region)
