"""A revision in Statuspage's JSON (`/api/v2/*.json`), as recorded answers of real pages have it."""

from collections.abc import Iterable

from tracker.model.page import ComponentStatus, Impact
from tracker.simulator.feeds import atom, rss, xml_text
from tracker.simulator.platform import Json, Platform, page_for_people, timestamp
from tracker.simulator.revision import AffectedComponent, Revision, VendorComponent, VendorIncident, VendorUpdate

#: The incidents and maintenances that the lists show.
LIST_LENGTH = 50

#: The page's own word by its worst component; on real pages, incidents do not count here.
_INDICATORS = (
    (ComponentStatus.MAJOR_OUTAGE, Impact.MAJOR, "Partial System Outage"),
    (ComponentStatus.PARTIAL_OUTAGE, Impact.MINOR, "Minor Service Outage"),
    (ComponentStatus.DEGRADED_PERFORMANCE, Impact.MINOR, "Partially Degraded Service"),
    (ComponentStatus.UNDER_MAINTENANCE, Impact.MAINTENANCE, "Service Under Maintenance"),
)


def summary(revision: Revision, url: str) -> Json:
    """Return open and planned entries: `summary.json`."""
    going_on = [item for item in revision.incidents if not item.is_closed]
    return {
        "page": page(revision, url),
        "components": [component(item, revision) for item in revision.components],
        "incidents": [incident(item, revision, url) for item in newest(going_on, maintenances=False)],
        "scheduled_maintenances": [incident(item, revision, url) for item in newest(going_on, maintenances=True)],
        "status": status(revision),
    }


def page(revision: Revision, url: str) -> Json:
    """Return the head that all answers share."""
    return {
        "id": revision.page_id,
        "name": revision.name,
        "url": url,
        "time_zone": revision.time_zone,
        "updated_at": timestamp(revision.updated_at, revision.time_zone),
    }


def status(revision: Revision) -> Json:
    """Return the page's overall word."""
    statuses = [item.status for item in revision.components if not item.is_group]
    if statuses and all(item == ComponentStatus.MAJOR_OUTAGE for item in statuses):
        return {"indicator": Impact.CRITICAL, "description": "Major Service Outage"}
    for worst, indicator, description in _INDICATORS:
        if worst in statuses:
            return {"indicator": indicator, "description": description}
    return {"indicator": Impact.NONE, "description": "All Systems Operational"}


def component(item: VendorComponent, revision: Revision) -> Json:
    """Return one component; a group also lists its components."""
    wire: Json = {
        "id": item.id,
        "name": item.name,
        "status": item.status,
        "created_at": timestamp(item.created_at, revision.time_zone),
        "updated_at": timestamp(item.updated_at, revision.time_zone),
        "position": item.position,
        "description": None,
        "showcase": not item.is_group,
        "start_date": None if item.is_group else item.created_at.date().isoformat(),
        "group_id": item.group_id,
        "page_id": revision.page_id,
        "group": item.is_group,
        "only_show_if_degraded": False,
    }
    if item.is_group:
        wire["components"] = [other.id for other in revision.components if other.group_id == item.id]
    return wire


def incident(item: VendorIncident, revision: Revision, url: str) -> Json:
    """Return an incident or a maintenance with all its updates."""
    zone = revision.time_zone
    wire: Json = {
        "id": item.id,
        "name": item.name,
        "status": item.status,
        "created_at": timestamp(item.created_at, zone),
        "updated_at": timestamp(item.updated_at, zone),
        "monitoring_at": item.monitoring_at and timestamp(item.monitoring_at, zone),
        "resolved_at": item.resolved_at and timestamp(item.resolved_at, zone),
        "impact": item.impact,
        # Real pages have an address at stspg.io here; a simulated one must not lead to the internet.
        "shortlink": f"{url}/incidents/{item.id}",
        "started_at": timestamp(item.started_at, zone),
        "page_id": revision.page_id,
        "reminder_intervals": None,
        "incident_updates": [incident_update(update, item.id, zone) for update in item.updates],
        "components": [component(part, revision) for part in revision.touched_by(item)],
    }
    if item.scheduled_for and item.scheduled_until:
        wire["scheduled_for"] = timestamp(item.scheduled_for, zone)
        wire["scheduled_until"] = timestamp(item.scheduled_until, zone)
    return wire


def incident_update(update: VendorUpdate, incident_id: str, zone: str) -> Json:
    """Return one incident update."""
    return {
        "id": update.id,
        "status": update.status,
        "body": update.body,
        "incident_id": incident_id,
        "created_at": timestamp(update.created_at, zone),
        "updated_at": timestamp(update.updated_at, zone),
        "display_at": update.display_at and timestamp(update.display_at, zone),
        # Real pages send null, not an empty list.
        "affected_components": [affected(changed) for changed in update.affected] or None,
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }


def affected(changed: AffectedComponent) -> Json:
    """Return the change of an incident update to one component."""
    return {
        "code": changed.id,
        "name": changed.name,
        "old_status": changed.old_status,
        "new_status": changed.new_status,
    }


def newest(incidents: Iterable[VendorIncident], *, maintenances: bool) -> list[VendorIncident]:
    """Return incidents, or maintenances, as the lists order them: by their newest display_at."""
    wanted = [item for item in incidents if item.is_maintenance is maintenances]
    return sorted(wanted, key=lambda item: (item.displayed_at, item.number), reverse=True)[:LIST_LENGTH]


def _html(revision: Revision, url: str) -> str:
    """Return the HTML page, which links the feeds."""
    return page_for_people(
        revision,
        url,
        f"""<link rel="alternate" type="application/atom+xml" title="Atom" href="{xml_text(url)}/history.atom">
<link rel="alternate" type="application/rss+xml" title="RSS" href="{xml_text(url)}/history.rss">""",
    )


def _incidents(revision: Revision, url: str) -> Json:
    return {
        "page": page(revision, url),
        "incidents": [incident(item, revision, url) for item in newest(revision.incidents, maintenances=False)],
    }


def _maintenances(revision: Revision, url: str) -> Json:
    return {
        "page": page(revision, url),
        "scheduled_maintenances": [
            incident(item, revision, url) for item in newest(revision.incidents, maintenances=True)
        ],
    }


STATUSPAGE = Platform(
    name="statuspage",
    answers={
        "/api/v2/summary.json": lambda revision, url, _: summary(revision, url),
        "/api/v2/status.json": lambda revision, url, _: {"page": page(revision, url), "status": status(revision)},
        "/api/v2/components.json": lambda revision, url, _: {
            "page": page(revision, url),
            "components": [component(item, revision) for item in revision.components],
        },
        "/api/v2/incidents.json": lambda revision, url, _: _incidents(revision, url),
        "/api/v2/scheduled-maintenances.json": lambda revision, url, _: _maintenances(revision, url),
        "/history.atom": lambda revision, url, _: atom(revision, url),
        "/history.rss": lambda revision, url, _: rss(revision, url),
    },
    html=_html,
    html_paths=("/", "/incidents/"),
)
