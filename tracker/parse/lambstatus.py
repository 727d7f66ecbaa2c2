"""LambStatus's components, maintenances and feed -> Snapshot (github.com/ks888/LambStatus, `packages/lambda/src`).

`/api/components` lists the components; `/history.atom` lists the newest 25 events with all their texts, maintenance
included. Neither shows what the other has. For maintenance that is not over, `/api/maintenances` has its window. The
address of an entry ends with the id that the lists use. In the list, a maintenance is one update with its status at the
time of its last change, a stand-in for the texts of the feed. The software is no longer developed; Codacy's page runs
on it, as its own documentation and inket/stts show.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

import msgspec

from tracker.model.keys import key_of_update
from tracker.model.page import CLOSED_STATUSES, Component, Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import each, entry_by_entry, identity, marked
from tracker.parse.feed import FEED
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, status_key
from tracker.parse.sniff import feed_root, mentions, refusal
from tracker.parse.words import UNKNOWN, component_status, status_word

_WORKS: Final = "/api/maintenances"
_COMPONENT: Final = frozenset({"componentID", "name", "status"})
_ADDRESS: Final = re.compile(r"/(?:incidents|maintenances)/([A-Za-z0-9_-]{1,64})/?\Z")
_WORK: Final = frozenset({"maintenanceID", "name", "status"})


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"componentID"', b'"status"') and marked(fields.json_or_none(body), _COMPONENT)


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if feed_root(body) is not None:
        found = FEED.read(body, url, content_type)
        works = tuple(map(_with_own_id, found.maintenances))
        is_planned = any(work.status not in CLOSED_STATUSES for work in works)
        return msgspec.structs.replace(
            found,
            incidents=tuple(map(_with_own_id, found.incidents)),
            maintenances=works,
            continues_at=urljoin(url, _WORKS) if is_planned else None,
        )
    answer = fields.json_or_none(body)
    if marked(answer, _COMPONENT):
        components = distinct(each({"of": answer}, "of", "component", _component))
        return Snapshot(components=components, components_listed=True)
    if answer != [] and not marked(answer, _WORK):
        raise refusal(body, content_type)
    works = distinct(each({"of": answer}, "of", "maintenance", _work))
    stand_ins = tuple(key_of_update(work.id, work.updates[0].id) for work in works)
    return Snapshot(maintenances=works, maintenances_reach=Reach.ALL, stand_ins=stand_ins)


LAMBSTATUS = Format(
    name="lambstatus",
    title="LambStatus",
    source="its source",
    precedence=80,
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/api/components", details=("/history.atom",)),),
    details_apart=True,
)


def _with_own_id(event: Incident) -> Incident:
    """Return an entry of the feed under the id that the lists have, which ends its address."""
    found = _ADDRESS.search(event.link or "")
    return msgspec.structs.replace(event, id=found[1]) if found else event


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("componentID"), "a component", name=name or "")
    return Component(id=component_id, name=name or component_id, status=component_status(entry.get("status")))


def _work(entry: Mapping[str, Any]) -> Incident:
    begins, changed = fields.moment(entry.get("startAt")), fields.moment(entry.get("updatedAt"))
    work_id = identity(entry.get("maintenanceID"), "a maintenance", since=begins)
    status = status_word(entry.get("status")) or UNKNOWN
    return Incident(
        id=work_id,
        name=fields.name(entry.get("name")) or work_id,
        status=status,
        impact=Impact.MAINTENANCE,
        updates=(IncidentUpdate(id=status_key(status, changed), status=status, created_at=changed),),
        scheduled_for=begins,
        scheduled_until=fields.moment(entry.get("endAt")),
    )
