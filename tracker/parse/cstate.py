"""cState's read-only JSON, version 2 of its API -> Snapshot (github.com/cstate/cstate, `layouts/*.json`).

`/index.json` holds the systems, each with its unresolved issues; `/issues/index.json` holds the issues of all times.
Neither holds a text: an issue is a page that its author writes on. So each status of an issue is one update without
a text, at the time of its last change. The index lacks issues that concern no system, so that absence from it tells
nothing; the other answer shows what ended. The file is the id. When the site was built says nothing and is not read.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tracker.models import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import digest_key, distinct, parted, status_key
from tracker.parse.sniff import refusal

_INDEX: Final = "index"
_ISSUES: Final = "issues"
#: Go's way to write a time: `2026-02-03 04:05:06 +0000 UTC`.
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?: ([+-]\d\d)(\d\d))?")
_UNRESOLVED: Final = "unresolved"
_RESOLVED: Final = "resolved"

_IMPACTS: Final[Mapping[str, Impact]] = {
    "ok": Impact.NONE,
    "notice": Impact.NONE,
    "disrupted": Impact.MINOR,
    "down": Impact.MAJOR,
}
# A notice is word of something that does not disturb the system.
_COMPONENT_STATUSES: Final[Mapping[str, ComponentStatus]] = {
    "ok": ComponentStatus.OPERATIONAL,
    "notice": ComponentStatus.OPERATIONAL,
    "disrupted": ComponentStatus.PARTIAL_OUTAGE,
    "down": ComponentStatus.MAJOR_OUTAGE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return b'"is"' in body and _is_cstate(fields.json_or_none(body))


def _is_cstate(answer: object) -> bool:
    if not isinstance(answer, dict):
        return False
    if answer.get("is") == _INDEX:
        return "cStateVersion" in answer and "systems" in answer
    return answer.get("is") == _ISSUES and "baseURL" in answer and "pages" in answer


def _read(body: bytes, _url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_or_none(body)
    if not _is_cstate(answer):
        raise refusal(body, content_type)
    systems = fields.objects(answer, "systems")
    listed = [issue for system in systems for issue in fields.objects(system, "unresolvedIssues")]
    pages = [page for page in fields.objects(answer, "pages") if page.get("is") == "issue"]
    incidents, _ = parted(map(_incident, (*listed, *pages)))
    is_index = answer["is"] == _INDEX
    return Snapshot(
        name=fields.name(answer.get("title")) if is_index else None,
        indicator=fields.known(_IMPACTS, answer.get("summaryStatus")),
        incidents=incidents,
        components=distinct(filter(None, map(_component, systems))),
        components_listed=is_index,
        incidents_reach=Reach.NOTHING if is_index else Reach.ALL,
    )


CSTATE = Format(
    name="cstate",
    title="cState",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/index.json", details=("/issues/index.json",)),),
)


def _incident(issue: dict[str, Any]) -> Incident:
    incident_id = fields.identifier(issue.get("filename") or issue.get("permalink"), "an issue")
    is_over = issue.get("resolved") is True
    changed_at = _moment(issue.get("lastMod")) or _moment(issue.get("createdAt"))
    ended_at = _moment(issue.get("resolvedAt")) or changed_at
    status, since = (_RESOLVED, ended_at) if is_over else (_UNRESOLVED, changed_at)
    affected = issue.get("affected")
    return Incident(
        id=incident_id,
        name=fields.name(issue.get("title")) or incident_id,
        status=status,
        impact=fields.known(_IMPACTS, issue.get("severity")),
        link=fields.link(issue.get("permalink")),
        updates=(
            IncidentUpdate(
                id=status if is_over else status_key(status, since),
                status=status,
                created_at=since,
            ),
        ),
        components=fields.unique(map(fields.name, affected if isinstance(affected, list) else ())),
    )


def _component(system: dict[str, Any]) -> Component | None:
    group, name = fields.name(system.get("category")), fields.name(system.get("name"))
    if name is None:
        return None
    status = fields.known(_COMPONENT_STATUSES, system.get("status")) or ComponentStatus.UNKNOWN
    return Component(id=digest_key(group or "", name), name=name, status=status, group=group)


def _moment(value: object) -> datetime | None:
    """Return a time in Go's notation, or as the author of an issue may have written it."""
    found = _TIME.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        return fields.moment(value, UTC)
    zone = f"{found[3]}:{found[4]}" if found[3] else "+00:00"
    return fields.moment(f"{found[1]}T{found[2]}{zone}")
