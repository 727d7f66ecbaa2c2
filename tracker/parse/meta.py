"""Meta's `/data/orgs.json` -> Snapshot, in part: no incidents.

It lists the products with their services, each with a status word; independent public readers agree on its keys and
words. `Resolved` stays for hours after an end. Texts about outages are in a list and a feed of each product
(`/data/outages/<product>.json`, `/outage-events-feed-<product>.rss`); a feed can be watched as one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct
from tracker.parse.sniff import mentions, refusal

_SERVICES: Final = "services"
_WORD: Final = b"No known issues"
_STATUSES: Mapping[str, ComponentStatus] = {
    "no known issues": ComponentStatus.OPERATIONAL,
    "resolved": ComponentStatus.OPERATIONAL,
    "low disruptions": ComponentStatus.DEGRADED_PERFORMANCE,
    "some disruptions": ComponentStatus.DEGRADED_PERFORMANCE,
    "medium disruptions": ComponentStatus.PARTIAL_OUTAGE,
    "high disruptions": ComponentStatus.MAJOR_OUTAGE,
    "major disruptions": ComponentStatus.MAJOR_OUTAGE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"services"', _WORD) and _products(fields.json_or_none(body)) is not None


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    products = _products(fields.json_or_none(body))
    if products is None:
        raise refusal(body, content_type)
    return Snapshot(components=distinct(among(_placed(products), "component", _component)), components_listed=True)


META = Format(
    name="meta",
    title="Meta",
    in_part="no incidents: each product has a list of its own",
    source="independent readers",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/data/orgs.json"),),
    hosts=("metastatus.com",),
)


def _products(answer: object) -> list[dict[str, Any]] | None:
    """Return the products of an answer, None where it has none."""
    products = fields.objects_in(answer)
    return products if any(isinstance(product.get(_SERVICES), list) for product in products) else None


def _placed(products: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for product in products:
        for service in objects(product, _SERVICES, "component"):
            yield product, service


def _component(placed: tuple[dict[str, Any], dict[str, Any]]) -> Component:
    product, service = placed
    group = fields.name(product.get("name")) or fields.name(product.get("id"))
    name, given = fields.name(service.get("name")), service.get("id")
    known = str(given) if isinstance(given, int | str) and str(given).strip() else name
    product_id = fields.name(product.get("id")) or group
    component_id = identity(f"{product_id}/{known}" if product_id and known else None, "a service")
    return Component(
        id=component_id,
        name=name or component_id,
        status=fields.known(_STATUSES, service.get("status")) or ComponentStatus.UNKNOWN,
        group=group,
    )
