"""A revision as incident.io's Statuspage-compatible answers and its feeds have it.

Nearly the same words as Statuspage's, with the differences that break a reader written for Statuspage: null lists, no
components on incidents, ids of another form, no groups, and answers that differ although nothing is new.
"""

import random
from datetime import UTC, datetime
from email.utils import format_datetime

from tracker.model.page import Impact
from tracker.simulator.feeds import entries, xml_characters, xml_text
from tracker.simulator.platform import Json, Platform
from tracker.simulator.platforms import incidentio_native as native
from tracker.simulator.platforms import statuspage
from tracker.simulator.platforms.incidentio_native import ulid
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident, VendorUpdate

#: The components and incidents that an answer shows at most.
LIST_LENGTH = 25

_DESCRIPTIONS = {
    Impact.NONE: "All Systems Operational",
    Impact.MINOR: "Partial System Degradation",
    Impact.MAJOR: "Partial System Outage",
    Impact.CRITICAL: "Full System Outage",
    Impact.MAINTENANCE: "Service Under Maintenance",
}


def summary(revision: Revision, url: str, variation: int) -> Json:
    """Return `summary.json`: lists are null when they would be empty."""
    going_on = [item for item in revision.incidents if not item.is_closed]
    return {
        **_status(revision, url, variation),
        **_components(revision, url, variation),
        "incidents": [incident(item, revision) for item in statuspage.newest(going_on, maintenances=False)] or None,
        "scheduled_maintenances": None,
    }


def incident(item: VendorIncident, revision: Revision) -> Json:
    """Return an incident without components, shortlink and start; times are there only if they are set."""
    incident_id = ulid(item.created_at, item.id)
    wire: Json = {
        "id": incident_id,
        "name": item.name,
        "status": item.status,
        "impact": item.impact,
        "page_id": ulid(revision.created_at, revision.page_id),
        "created_at": timestamp(item.created_at),
        "updated_at": timestamp(item.updated_at),
        "incident_updates": [_incident_update(update, incident_id) for update in item.updates],
    }
    if item.monitoring_at:
        wire["monitoring_at"] = timestamp(item.monitoring_at)
    if item.resolved_at:
        wire["resolved_at"] = timestamp(item.resolved_at)
    return wire


def atom(revision: Revision, url: str, variation: int) -> str:
    """Return the Atom feed: the latest update of each incident, under an address with two slashes."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
    <id>{xml_text(url)}/</id>
    <title>{xml_text(revision.name)} status</title>
    <updated>{revision.updated_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</updated>
    <generator>incident.io</generator>
    <link rel="alternate" href="{xml_text(url)}/"/>
    <subtitle>{xml_text(revision.name)} status page updates</subtitle>
{"".join(_atom_entry(item, revision, url, variation) for item in entries(revision))}</feed>
"""


def rss(revision: Revision, url: str, variation: int) -> str:
    """Return the RSS feed, with the same entries."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
    <channel>
        <title>{xml_text(revision.name)} status</title>
        <link>{xml_text(url)}/</link>
        <description>{xml_text(revision.name)} status page updates</description>
        <generator>incident.io</generator>
{"".join(_rss_item(item, revision, url, variation) for item in entries(revision))}    </channel>
</rss>
"""


def timestamp(moment: datetime) -> str:
    """Return a moment in whole seconds of UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _page(revision: Revision, url: str) -> Json:
    return {
        "id": ulid(revision.created_at, revision.page_id),
        "name": revision.name,
        "url": f"{url}/",
        "updated_at": timestamp(revision.updated_at),
    }


def _status(revision: Revision, url: str, _variation: int) -> Json:
    indicator = statuspage.status(revision)["indicator"]
    return {
        "page": _page(revision, url),
        "status": {"indicator": indicator, "description": _DESCRIPTIONS[indicator]},
    }


def _components(revision: Revision, url: str, variation: int) -> Json:
    """Return some of the components in some order, both of which differ between answers."""
    single = [item for item in revision.components if not item.is_group]
    shown = random.Random(variation).sample(single, min(len(single), LIST_LENGTH))
    return {
        "page": _page(revision, url),
        "components": [_component(item, position, revision) for position, item in enumerate(shown)],
    }


def _component(item: VendorComponent, position: int, revision: Revision) -> Json:
    return {
        "id": ulid(item.created_at, item.id),
        "name": item.name,
        "status": item.status,
        "position": position,
        "page_id": ulid(revision.created_at, revision.page_id),
        "created_at": timestamp(item.created_at),
        # One date for all, as if each change had changed every component.
        "updated_at": timestamp(revision.updated_at),
    }


def _incidents(revision: Revision, url: str, _variation: int) -> Json:
    shown = statuspage.newest(revision.incidents, maintenances=False)[:LIST_LENGTH]
    return {"page": _page(revision, url), "incidents": [incident(item, revision) for item in shown] or None}


def _incident_update(update: VendorUpdate, incident_id: str) -> Json:
    return {
        "id": ulid(update.created_at, update.id),
        "status": update.status,
        "body": update.body,
        "incident_id": incident_id,
        "created_at": timestamp(update.created_at),
        "updated_at": timestamp(update.updated_at),
        "display_at": timestamp(update.display_at or update.created_at),
    }


def _content(item: VendorIncident, revision: Revision, variation: int) -> str:
    """Return an entry's HTML; the order of the components differs between answers."""
    latest = item.updates[0] if item.updates else None
    word = item.status.replace("_", " ").capitalize()
    html = f"<b>Status: {word}</b><br/><br/>{latest.body if latest else ''}"
    touched = revision.touched_by(item)
    if not touched:
        return html
    random.Random(variation).shuffle(touched)
    lines = "\n".join(f"<li>{c.name} ({c.status.replace('_', ' ').capitalize()})</li>" for c in touched)
    return f"{html}<br/><br/><b>Affected components</b>\n<ul>\n{lines}\n</ul>"


def _cdata(text: str) -> str:
    return f"<![CDATA[{xml_characters(text).replace(']]>', ']]]]><![CDATA[>')}]]>"


def _address(item: VendorIncident, url: str) -> str:
    return f"{xml_text(url)}//incidents/{ulid(item.created_at, item.id)}"


def _atom_entry(item: VendorIncident, revision: Revision, url: str, variation: int) -> str:
    html = _cdata(_content(item, revision, variation))
    return f"""    <entry>
        <title type="html">{_cdata(item.name)}</title>
        <id>{_address(item, url)}</id>
        <link href="{_address(item, url)}"/>
        <updated>{item.updated_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")}</updated>
        <summary type="html">{html}</summary>
        <content type="html">{html}</content>
    </entry>
"""


def _rss_item(item: VendorIncident, revision: Revision, url: str, variation: int) -> str:
    html = _cdata(_content(item, revision, variation))
    return f"""        <item>
            <title>{_cdata(item.name)}</title>
            <link>{_address(item, url)}</link>
            <guid>{_address(item, url)}</guid>
            <pubDate>{format_datetime(item.updated_at.astimezone(UTC), usegmt=True)}</pubDate>
            <description>{html}</description>
            <content:encoded>{html}</content:encoded>
        </item>
"""


INCIDENTIO = Platform(
    name="incidentio",
    answers={
        "/proxy/{host}": native.summary,
        "/proxy/{host}/incidents": native.incidents,
        "/api/v1/summary": native.widget,
        "/api/v2/summary.json": summary,
        "/api/v2/status.json": _status,
        "/api/v2/components.json": _components,
        "/api/v2/incidents.json": _incidents,
        "/history.atom": atom,
        "/feed.atom": atom,
        "/history.rss": rss,
        "/feed.rss": rss,
    },
    html_paths=("/", "/incidents/", "//incidents/"),
    has_validators=False,
    varies=True,
)
