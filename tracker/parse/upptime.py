"""Upptime's `history/summary.json` and the issues of its repository -> Snapshot, in part: no comments of issues.

The file has the status of each site, and every check rewrites it (recorded; github.com/upptime/upptime). Incidents are
issues with the label `status`, which the software opens and closes; GitHub's REST API documents them. They are
requested when a site changes. Comments have an answer for each issue, and are not read. A page names its repository in
its data.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, marked
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, parted, status_key
from tracker.parse.sniff import mentions, refusal

_SITE: Final = frozenset({"slug", "status", "uptime", "dailyMinutesDown"})
_ISSUE: Final = frozenset({"number", "state", "labels", "comments_url"})
_STATUSES: Mapping[str, ComponentStatus] = {
    "up": ComponentStatus.OPERATIONAL,
    "degraded": ComponentStatus.DEGRADED_PERFORMANCE,
    "down": ComponentStatus.MAJOR_OUTAGE,
}
_REPOSITORY: Final = re.compile(
    rb"(?:raw\.githubusercontent\.com|github\.com|api\.github\.com/repos)/"
    rb"([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}?)(?=[/\"'#?\\\s<]|\.git\b)"
)
#: Owners of the software's own repositories, which every page names.
_OWN: Final = ("upptime/", "koj-co/", "AnandChowdhary/")


def _recognises(body: bytes, _: str | None) -> bool:
    named = mentions(body, b'"dailyMinutesDown"') or mentions(body, b'"comments_url"')
    return named and _kind(fields.json_or_none(body)) is not None


@entry_by_entry
def _read(body: bytes, _: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    kind = _kind(answer)
    if kind == "sites":
        components = distinct(each({"sites": answer}, "sites", "component", _component))
        return Snapshot(components=components, components_listed=True)
    if kind is None and answer != []:
        raise refusal(body, content_type)
    issues = (issue for issue in fields.objects_in(answer) if "pull_request" not in issue)
    incidents, maintenances = parted(among(issues, "incident", _incident))
    return Snapshot(incidents=incidents, maintenances=maintenances)


def _linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
    if b"upptime" not in html.lower():
        return ()
    named = (found[1].decode() for found in _REPOSITORY.finditer(html))
    repository = next((name for name in named if not name.startswith(_OWN)), None)
    if repository is None:
        return ()
    return tuple(
        Endpoints(
            primary=f"https://raw.githubusercontent.com/{repository}/{branch}/history/summary.json",
            details=(f"https://api.github.com/repos/{repository}/issues?state=all&labels=status&per_page=50",),
        )
        for branch in ("HEAD", "master")
    )


UPPTIME = Format(
    name="upptime",
    title="Upptime",
    in_part="no comments on incidents",
    source="recorded answers; GitHub's documentation",
    recognises=_recognises,
    read=_read,
    linked=_linked,
)


def _kind(answer: object) -> str | None:
    return "sites" if marked(answer, _SITE) else "issues" if marked(answer, _ISSUE) else None


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("name"))
    component_id = identity(entry.get("slug"), "a site", name=name or "")
    status = fields.known(_STATUSES, entry.get("status")) or ComponentStatus.UNKNOWN
    return Component(id=component_id, name=name or component_id, status=status)


def _incident(issue: dict[str, Any]) -> Incident:
    opened, closed = fields.moment(issue.get("created_at")), fields.moment(issue.get("closed_at"))
    incident_id = identity(issue.get("number"), "an issue", since=opened)
    labels = [name.lower() for name in fields.names(issue.get("labels"))]
    is_work = "maintenance" in labels
    is_open = issue.get("state") == "open"
    status = "active" if is_open else "completed" if is_work else "resolved"
    first = IncidentUpdate(
        id=status_key("opened", opened),
        status="active",
        body=fields.body_text(issue.get("body")),
        created_at=opened,
    )
    last = IncidentUpdate(id=status_key("closed", closed), status=status, created_at=closed)
    return Incident(
        id=incident_id,
        name=fields.name(issue.get("title")) or incident_id,
        status=status,
        impact=Impact.MAINTENANCE if is_work else None,
        link=fields.link(issue.get("html_url")),
        updates=(first,) if is_open else (first, last),
    )
