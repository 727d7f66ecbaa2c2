"""openstatus's `/feed/json` -> Snapshot (github.com/openstatusHQ/openstatus, apps/status-page, route `feed/json`).

One answer has the whole page: components, status reports and maintenances with their updates, and all of the history.
Ids are the vendor's; reports and maintenances are numbered apart, so the id of a maintenance has a prefix. A report has
a status. A maintenance only has a window: the time at which the answer was made, which has no other use here, shows
whether it is planned, in progress or over. Its first text, its begin and its end are updates whose ids are made here.
Reports have no severity. Only components with a monitor have a status.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tracker.model.page import (
    Component,
    ComponentStatus,
    Impact,
    Incident,
    IncidentUpdate,
    Mention,
    Reach,
    Snapshot,
    is_made,
)
from tracker.parse import _fields as fields
from tracker.parse.entries import by_id, each, entry_by_entry, identity
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first
from tracker.parse.mentions import identified, names_of
from tracker.parse.sniff import refusal
from tracker.parse.words import UNKNOWN, UPDATE, status_word

_PATH = "/feed/json"
_COMPONENT_STATUSES: Mapping[str, ComponentStatus] = {
    "success": ComponentStatus.OPERATIONAL,
    "degraded": ComponentStatus.DEGRADED_PERFORMANCE,
    "error": ComponentStatus.MAJOR_OUTAGE,
    "info": ComponentStatus.UNDER_MAINTENANCE,
}
_INDICATORS: Mapping[str, Impact] = {
    "success": Impact.NONE,
    "degraded": Impact.MINOR,
    "error": Impact.MAJOR,
    "info": Impact.MAINTENANCE,
}
_NEVER = datetime.max.replace(tzinfo=UTC)


def _recognises(body: bytes, _: str | None) -> bool:
    return _is_page(fields.json_object(body))


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if not _is_page(answer):
        raise refusal(body, content_type)
    components = _components(answer)
    names = {component.id: component.name for component in components}
    made_at, site = fields.moment(answer.get("updatedAt")), _site(url)
    reports = each(answer, "statusReports", "incident", lambda entry: _report(entry, names, site))
    maintenances = each(answer, "maintenances", "maintenance", lambda entry: _maintenance(entry, names, made_at, site))
    return Snapshot(
        name=fields.name(answer.get("title")),
        indicator=fields.known(_INDICATORS, answer.get("status")),
        incidents=distinct(reports),
        maintenances=distinct(maintenances),
        components=components,
        components_listed=True,
        incidents_reach=Reach.ALL,
        maintenances_reach=Reach.ALL,
    )


OPENSTATUS = Format(
    name="openstatus",
    title="openstatus",
    precedence=15,
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary=_PATH),),
    signs=(b"openstatus.dev",),
)


def _is_page(answer: dict[str, Any]) -> bool:
    return all(isinstance(answer.get(key), list) for key in ("statusReports", "maintenances", "monitors"))


def _site(url: str) -> str | None:
    """Return the page's address: the answer's up to its path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_page = parts.scheme in ("http", "https") and parts.netloc and parts.path.endswith(_PATH)
    return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(_PATH)}" if is_page else None


def _components(answer: dict[str, Any]) -> tuple[Component, ...]:
    """Return the page's components with the statuses of their monitors; pages of older versions list these alone."""
    monitors = by_id(fields.objects_in(answer.get("monitors")))
    groups = by_id(fields.objects_in(answer.get("pageComponentGroups")))

    def component(entry: dict[str, Any]) -> Component:
        name = fields.name(entry.get("name"))
        group = fields.name(groups.get(str(entry.get("groupId")), {}).get("name"))
        component_id = identity(entry.get("id"), "a component", name=f"{group or ''}\0{name}" if name else "")
        word = entry.get("status") or monitors.get(str(entry.get("monitorId")), {}).get("status")
        status = fields.known(_COMPONENT_STATUSES, word) or ComponentStatus.UNKNOWN
        return Component(id=component_id, name=name or component_id, status=status, group=group)

    return distinct(
        each(answer, "pageComponents" if "pageComponents" in answer else "monitors", "component", component)
    )


def _report(entry: dict[str, Any], names: Mapping[str, str], site: str | None) -> Incident:
    report_id = identity(entry.get("id"), "an incident", since=fields.moment(entry.get("createdAt")))
    status = status_word(entry.get("status"))
    listed = each(entry, "statusReportUpdates", "update", lambda update: _update(update, status or UNKNOWN))
    updates = oldest_first(distinct(listed), newest_first=True)
    return Incident(
        id=report_id,
        name=fields.name(entry.get("title")) or report_id,
        status=status or (updates[-1].status if updates else UNKNOWN),
        link=_link(site, "report", report_id),
        updates=updates,
        components=names_of(_named(entry, names)),
        mentions=_named(entry, names),
    )


def _link(site: str | None, kind: str, entry_id: str) -> str | None:
    return fields.link(site if is_made(entry_id) else f"{site}/events/{kind}/{entry_id}")


def _update(entry: dict[str, Any], otherwise: str) -> IncidentUpdate:
    created_at = fields.moment(entry.get("date"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an incident update", since=created_at),
        status=status_word(entry.get("status")) or otherwise,
        body=fields.body_text(entry.get("message")),
        created_at=created_at,
    )


def _maintenance(
    entry: dict[str, Any], names: Mapping[str, str], made_at: datetime | None, site: str | None
) -> Incident:
    begins, ends = fields.moment(entry.get("from")), fields.moment(entry.get("to"))
    since = fields.moment(entry.get("createdAt")) or begins
    maintenance_id = identity(entry.get("id"), "a maintenance", since=since)
    listed = each(entry, "maintenanceUpdates", "update", lambda update: _update(update, UPDATE))
    posted = oldest_first(listed, newest_first=True)
    reached = tuple(_reached(begins, ends, made_at))
    announced = IncidentUpdate(id="announced", status="scheduled", body=fields.body_text(entry.get("message")))
    later = sorted((*posted, *reached), key=lambda update: update.created_at or _NEVER)
    return Incident(
        id=f"maintenance-{maintenance_id}",
        name=fields.name(entry.get("name")) or maintenance_id,
        status=reached[-1].status if reached else "scheduled",
        impact=Impact.MAINTENANCE,
        link=_link(site, "maintenance", maintenance_id),
        updates=distinct((announced, *later)),
        components=names_of(_named(entry, names)),
        mentions=_named(entry, names),
        scheduled_for=begins,
        scheduled_until=ends,
    )


def _reached(begins: datetime | None, ends: datetime | None, made_at: datetime | None) -> Iterator[IncidentUpdate]:
    """Yield the begin and the end of a window, if they have passed."""
    if made_at is None:
        return
    if begins is not None and begins <= made_at:
        yield IncidentUpdate(id="begun", status="in_progress", created_at=begins)
    if ends is not None and ends <= made_at:
        yield IncidentUpdate(id="ended", status="completed", created_at=ends)


def _named(entry: dict[str, Any], names: Mapping[str, str]) -> tuple[Mention, ...]:
    ids = entry.get("pageComponents", entry.get("monitors"))
    return identified(ids, names) if isinstance(ids, list) else ()
