"""cState's JSON, version 2 of its API, and its feed -> Snapshot (github.com/cstate/cstate, `layouts`).

`/index.json` holds the systems, each with its unresolved issues; `/issues/index.json` holds the issues of all times.
Neither has texts: an issue there is one update, at the time of its last change, a stand-in for the newest one of the
feed (`/index.xml`, `cstate_feed`), which has texts but neither severity nor systems. Most pages do not date a change of
an issue, but each change rebuilds the site, and the index holds the build time: when that changes, the other answers
are read again. The index lacks issues without a system, so absence from it proves nothing; the other answers show ended
issues. The id of an issue is the name of its file, as in its address.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tracker.errors import ParseError
from tracker.model.keys import key_of_update
from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, Reach, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.cstate_feed import RESOLVED, UNRESOLVED, id_in, incidents_of, is_history
from tracker.parse.entries import among, entry_by_entry, identity, objects
from tracker.parse.feed import opened
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import digest_key, distinct, parted, status_key
from tracker.parse.sniff import refusal

_INDEX: Final = "index"
_ISSUES: Final = "issues"

_IMPACTS: Final[Mapping[str, Impact]] = {
    "ok": Impact.NONE,
    "notice": Impact.NONE,
    "disrupted": Impact.MINOR,
    "down": Impact.MAJOR,
}
# A notice announces something that does not disturb the system.
_COMPONENT_STATUSES: Final[Mapping[str, ComponentStatus]] = {
    "ok": ComponentStatus.OPERATIONAL,
    "notice": ComponentStatus.OPERATIONAL,
    "disrupted": ComponentStatus.PARTIAL_OUTAGE,
    "down": ComponentStatus.MAJOR_OUTAGE,
}


def _recognises(body: bytes, _: str | None) -> bool:
    return is_history(body) or (b'"is"' in body and _is_cstate(fields.json_or_none(body)))


def _is_cstate(answer: object) -> bool:
    if not isinstance(answer, dict):
        return False
    if answer.get("is") == _INDEX:
        return "cStateVersion" in answer and "systems" in answer
    return answer.get("is") == _ISSUES and "baseURL" in answer and "pages" in answer


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    if is_history(body):
        return Snapshot(
            incidents=distinct(incidents_of(opened(body, url, content_type).entries)), incidents_reach=Reach.ALL
        )
    answer = fields.json_or_none(body)
    if not _is_cstate(answer):
        raise refusal(body, content_type)
    systems = objects(answer, "systems", "component")
    listed = [issue for system in systems for issue in objects(system, "unresolvedIssues", "incident")]
    pages = [page for page in objects(answer, "pages", "incident") if page.get("is") == "issue"]
    incidents, _ = parted(among((*listed, *pages), "incident", _incident))
    is_index = answer["is"] == _INDEX
    return Snapshot(
        name=fields.name(answer.get("title")) if is_index else None,
        indicator=fields.known(_IMPACTS, answer.get("summaryStatus")),
        incidents=incidents,
        components=distinct(among(systems, "component", _component)),
        components_listed=is_index,
        incidents_reach=Reach.NOTHING if is_index else Reach.ALL,
        stand_ins=tuple(key_of_update(each.id, each.updates[-1].id) for each in incidents),
        built=_built(answer),
    )


CSTATE = Format(
    name="cstate",
    title="cState",
    recognises=_recognises,
    read=_read,
    endpoints=(Endpoints(primary="/index.json", details=("/issues/index.json", "/index.xml")),),
    signs=(b"cstate",),
)


def _incident(issue: dict[str, Any]) -> Incident:
    link, began_at = fields.link(issue.get("permalink")), _moment(issue.get("createdAt"))
    incident_id = identity(id_in(link) or issue.get("filename"), "an issue", since=began_at)
    is_over = issue.get("resolved") is True
    changed_at = _moment(issue.get("lastMod")) or began_at
    ended_at = _moment(issue.get("resolvedAt")) or changed_at
    status, since = (RESOLVED, ended_at) if is_over else (UNRESOLVED, changed_at)
    return Incident(
        id=incident_id,
        name=fields.name(issue.get("title")) or incident_id,
        status=status,
        impact=fields.known(_IMPACTS, issue.get("severity")),
        link=link,
        updates=(
            IncidentUpdate(
                id=status if is_over else status_key(status, since),
                status=status,
                created_at=since,
            ),
        ),
        components=fields.words(issue.get("affected")),
    )


def _built(answer: dict[str, Any]) -> str | None:
    """Return the build time of the site, as its index writes it."""
    said = [fields.name(answer.get(key)) for key in ("buildDate", "buildTime", "buildTimezone")]
    return " ".join(filter(None, said)) or None


def _component(system: dict[str, Any]) -> Component:
    """Return a system. Raises ParseError for one without a name."""
    group, name = fields.name(system.get("category")), fields.name(system.get("name"))
    if name is None:
        raise ParseError("the answer holds a system without a name")
    status = fields.known(_COMPONENT_STATUSES, system.get("status")) or ComponentStatus.UNKNOWN
    return Component(id=digest_key(group or "", name), name=name, status=status, group=group)


def _moment(value: object) -> datetime | None:
    """Return a time in Go's notation, or as the author of an issue may have written it."""
    return fields.moment(value, UTC)
