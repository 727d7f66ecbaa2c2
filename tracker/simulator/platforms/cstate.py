"""A revision as a site that cState built: systems and issues without texts, in Go's notation of times, and its feed."""

from datetime import datetime

from tracker.model.page import ComponentStatus
from tracker.simulator.feeds import xml_text
from tracker.simulator.platform import Json, Platform
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident

_SEVERITIES = {"none": "notice", "minor": "disrupted", "major": "down", "critical": "down", "maintenance": "notice"}
#: From the best to the worst.
_ORDER = ("ok", "notice", "disrupted", "down")
_STATUSES = {
    ComponentStatus.OPERATIONAL: "ok",
    ComponentStatus.UNDER_MAINTENANCE: "notice",
    ComponentStatus.DEGRADED_PERFORMANCE: "disrupted",
    ComponentStatus.PARTIAL_OUTAGE: "disrupted",
    ComponentStatus.MAJOR_OUTAGE: "down",
}


def index(revision: Revision, url: str, _variation: int) -> Json:
    """Return `index.json`."""
    systems = [component for component in revision.components if not component.is_group]
    statuses = [_STATUSES[component.status] for component in systems]
    return {
        "is": "index",
        "cStateVersion": "5.3",
        "apiVersion": "2.0",
        "title": revision.name,
        "baseURL": url,
        "summaryStatus": max(statuses, key=_ORDER.index, default="ok"),
        "categories": [{"name": item.name, "hideTitle": False} for item in revision.components if item.is_group],
        "systems": [_system(component, revision, url) for component in systems],
        "buildDate": f"{revision.updated_at:%Y-%m-%d}",
        "buildTime": f"{revision.updated_at:%H:%M}",
        "buildTimezone": "UTC",
    }


def issues(revision: Revision, url: str, _variation: int) -> Json:
    """Return `issues/index.json`."""
    return {
        "is": "issues",
        "title": "Issues",
        "baseURL": url,
        "description": "",
        "pages": [_issue(incident, revision, url) for incident in revision.incidents],
    }


def feed(revision: Revision, url: str, _variation: int) -> str:
    """Return `index.xml`, which holds every issue."""
    items = "".join(_item(incident, url) for incident in revision.incidents)
    return f"""<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
  <channel>
    <title>{xml_text(revision.name)}</title>
    <link>{xml_text(url)}/</link>
    <description>Incident History</description>
    <generator>github.com/cstate</generator>
{items}  </channel>
</rss>
"""


def _item(incident: VendorIncident, url: str) -> str:
    link = f"{xml_text(url)}/issues/{incident.id}/"
    ended = incident.resolved_at if incident.is_closed else None
    posts = "".join(
        f"<p><em>{update.status.replace('_', ' ').capitalize()}</em> - {xml_text(update.body)} "
        f'<span class="faded">({_shown(update.display_at or update.created_at)})</span></p>\n'
        for update in incident.updates
    )
    return f"""    <item>
      <title>{"[Resolved] " if incident.is_closed else ""}{xml_text(incident.name)}</title>
      <link>{link}</link>
      <pubDate>{incident.created_at:%a, %d %b %Y %H:%M:%S %z}</pubDate>
      <guid>{link}</guid>
      <category>{_moment(ended) if ended else ""}</category>
      <description>{xml_text(posts)}</description>
    </item>
"""


def _shown(moment: datetime) -> str:
    """Return a time with seconds, as pages show it unless they are set otherwise."""
    return f"{moment:%H:%M:%S} \u2014 {moment:%b} {moment.day}"


def _system(component: VendorComponent, revision: Revision, url: str) -> Json:
    groups = {group.id: group.name for group in revision.components if group.is_group}
    return {
        "name": component.name,
        "category": groups.get(component.group_id or "", "Uncategorized"),
        "status": _STATUSES[component.status],
        "unresolvedIssues": [
            _issue(incident, revision, url)
            for incident in revision.incidents
            if component.id in incident.component_ids and not incident.is_closed
        ],
    }


def _issue(incident: VendorIncident, revision: Revision, url: str) -> Json:
    return {
        "is": "issue",
        "title": incident.name,
        "createdAt": _moment(incident.created_at),
        "lastMod": _moment(incident.updated_at),
        "permalink": f"{url}/issues/{incident.id}/",
        "severity": _SEVERITIES[incident.impact],
        "resolved": incident.is_closed,
        "informational": incident.is_maintenance,
        "resolvedAt": _moment(incident.resolved_at) if incident.is_closed and incident.resolved_at else "<no value>",
        "affected": [component.name for component in revision.touched_by(incident)],
        "filename": f"{incident.id}.md",
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} +0000 UTC"


CSTATE = Platform(
    name="cstate",
    answers={"/index.json": index, "/issues/index.json": issues, "/index.xml": feed},
    html_paths=("/", "/issues/"),
)
