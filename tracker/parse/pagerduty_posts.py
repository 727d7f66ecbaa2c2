"""A PagerDuty status page's public API -> Snapshot.

Pages of 2026 draw themselves from it; it is not documented. Several independent public readers agree on its answers.
`/api/posts?is_featured=true` has the incidents and maintenances that the page shows now, with the beginning of the
newest text, so no text is read there. `/api/posts/<id>` has all updates of one post, also of one that has ended and is
no longer featured. `/api/services` has the names of the services, and `/api/impacted_services` the states of impacted
ones.

States and severities are codes that differ from page to page; `/api/post_enums` has their meanings. So the answers are
read together: the details are requested with every change of the posts.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from tracker.model.keys import key_of_update
from tracker.model.page import (
    Codes,
    Component,
    ComponentStatus,
    Impact,
    Incident,
    IncidentUpdate,
    Meaning,
    Reach,
    Snapshot,
)
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, marked, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, parted
from tracker.parse.sniff import mentions, refusal
from tracker.parse.text import encodable
from tracker.parse.words import UNKNOWN, status_word, vendor_word

#: By the list in an answer: keys that each of its entries has.
_MARKS: Final[Mapping[str, frozenset[str]]] = {
    "posts": frozenset({"id", "post_type", "latest_update"}),
    "post_enums": frozenset({"id", "name", "post_enum_type"}),
    "services": frozenset({"id", "name", "business_service_id"}),
}
_NO_POSTS: Final[Mapping[str, object]] = {"posts": [], "continuationToken": None}
_IMPACTS: Final[Mapping[str, Impact]] = {
    "all_good": Impact.NONE,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "maintenance": Impact.MAINTENANCE,
}
_COMPONENT_STATUSES: Final[Mapping[str, ComponentStatus]] = {
    "operational": ComponentStatus.OPERATIONAL,
    "all_good": ComponentStatus.OPERATIONAL,
    "minor": ComponentStatus.DEGRADED_PERFORMANCE,
    "partial_outage": ComponentStatus.PARTIAL_OUTAGE,
    "major": ComponentStatus.MAJOR_OUTAGE,
    "outage": ComponentStatus.MAJOR_OUTAGE,
    "maintenance": ComponentStatus.UNDER_MAINTENANCE,
}
_ENDPOINTS: Final = Endpoints(
    primary="/api/posts?is_featured=true&limit=500",
    details=("/api/post_enums", "/api/services", "/api/impacted_services"),
)
#: A key in the data of the page, which otherwise holds its layout.
_SIGN: Final = b"globalStatusHeadline"


def _recognises(body: bytes, _: str | None) -> bool:
    named = any(mentions(body, word) for word in (b'"post', b'"services"', b'"impacted_services"'))
    return named and _kind(fields.json_object(body)) is not None


def _kind(answer: dict[str, Any]) -> str | None:
    """Return the key of the list in an answer, None for another platform's answer."""
    if answer.keys() == {"status_page_id", "impacted_services"}:
        return "impacted_services"
    if answer.keys() == {"post"} and fields.mapping(answer["post"]).keys() >= _MARKS["posts"]:
        return "post"
    if answer == _NO_POSTS:
        return "posts"
    return next((key for key, marks in _MARKS.items() if marked(answer.get(key), marks)), None)


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    kind = _kind(answer)
    if kind is None:
        raise refusal(body, content_type)
    if kind == "post_enums":
        return Snapshot(meanings=_meanings(objects(answer, "post_enums", "update")))
    if kind == "impacted_services":
        return Snapshot(codes=Codes(components=_impacted(fields.objects_in(answer["impacted_services"]))))
    if kind == "services":
        shown = [entry for entry in objects(answer, "services", "component") if entry.get("is_active") is not False]
        return Snapshot(components=distinct(among(shown, "component", _component)), components_listed=True)
    return _posts(answer, fields.site(url))


def _linked(html: bytes, url: str) -> tuple[Endpoints, ...]:
    """Return the endpoints at the root of the host, whichever view of the page (`/posts/dashboard`) was given."""
    site = fields.site(url)
    if site is None or _SIGN not in html:
        return ()
    return (Endpoints(primary=site + _ENDPOINTS.primary, details=tuple(site + path for path in _ENDPOINTS.details)),)


PAGERDUTY_POSTS = Format(
    name="pagerduty-posts",
    title="PagerDuty status pages since 2026",
    source="independent readers",
    # Its pages name their data; on other pages it is requested last.
    precedence=60,
    recognises=_recognises,
    read=_read,
    endpoints=(_ENDPOINTS,),
    linked=_linked,
    each_incident="/api/posts/{id}",
)


def _meanings(entries: list[dict[str, Any]]) -> dict[str, Meaning]:
    return {code: _meaning(entry) for entry in entries if (code := _code(entry.get("id")))}


def _meaning(entry: dict[str, Any]) -> Meaning:
    word = entry.get("name")
    status = (status_word(word) or UNKNOWN) if entry.get("post_enum_type") == "status" else UNKNOWN
    return Meaning(
        status=status,
        vendor_status=vendor_word(word, status) if status != UNKNOWN else None,
        impact=fields.known(_IMPACTS, word),
        component_status=fields.known(_COMPONENT_STATUSES, word) or ComponentStatus.UNKNOWN,
    )


def _code(value: object) -> str:
    """Return a code, "" for none."""
    return encodable(value).strip() if isinstance(value, str) and len(value) <= fields.NAME_CAP else ""


def _impacted(entries: list[dict[str, Any]]) -> dict[str, str]:
    named = ((_code(entry.get("service_id")), _code(entry.get("impact_severity_id"))) for entry in entries)
    return {service_id: code for service_id, code in named if service_id and code}


def _component(entry: dict[str, Any]) -> Component:
    name = fields.name(entry.get("display_name")) or fields.name(entry.get("name"))
    component_id = identity(entry.get("id"), "a service", name=name or "")
    return Component(id=component_id, name=name or component_id, status=ComponentStatus.OPERATIONAL)


def _posts(answer: dict[str, Any], site: str | None) -> Snapshot:
    is_list = "posts" in answer
    posts = objects(answer, "posts", "incident") if is_list else [answer["post"]]
    statuses: dict[str, str] = {}
    severities: dict[str, str] = {}

    def incident(post: dict[str, Any]) -> Incident:
        found = _incident(post, site, has_texts=not is_list)
        newest = fields.mapping(post.get("latest_update"))
        statuses[found.id] = _code(newest.get("status_id"))
        severities[found.id] = _code(newest.get("severity_id"))
        statuses.update({key_of_update(found.id, update.id): update.status for update in found.updates})
        return replace(found, updates=tuple(replace(update, status=UNKNOWN) for update in found.updates))

    incidents, maintenances = parted(among(posts, "incident", incident))
    reach = Reach.NOTHING if not is_list or answer.get("continuationToken") else Reach.ALL
    return Snapshot(
        incidents=incidents,
        maintenances=maintenances,
        components_by_id=True,
        codes=Codes(statuses=statuses, severities=severities),
        incidents_reach=reach,
        maintenances_reach=reach,
    )


def _entries(post: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the updates of a post, each once; `latest_update` repeats the newest one."""
    entries = [*fields.objects_in(post.get("updates")), fields.mapping(post.get("latest_update"))]
    return list({str(entry.get("id") or entry.get("reported_at")): entry for entry in entries if entry}.values())


def _incident(post: dict[str, Any], site: str | None, *, has_texts: bool) -> Incident:
    post_id = identity(post.get("id"), "a post", since=fields.moment(post.get("first_update_at")))
    is_work = post.get("post_type") == "maintenance"
    entries = _entries(post)
    listed = each({"updates": entries}, "updates", "update", lambda entry: _update(entry, has_text=has_texts))
    return Incident(
        id=post_id,
        name=fields.name(post.get("title")) or post_id,
        status=UNKNOWN,
        impact=Impact.MAINTENANCE if is_work else None,
        link=fields.link(f"{site}/posts/details/{post_id}") if site else None,
        updates=oldest_first(distinct(listed)),
        components=fields.unique(service for entry in entries for service in _services(entry)),
        scheduled_for=fields.moment(post.get("starts_at")) if is_work else None,
        scheduled_until=fields.moment(post.get("ends_at")) if is_work else None,
    )


def _update(entry: dict[str, Any], *, has_text: bool) -> IncidentUpdate:
    """Return an update with the code of its status."""
    reported_at = fields.moment(entry.get("reported_at"))
    return IncidentUpdate(
        id=identity(entry.get("id"), "an update", since=reported_at),
        status=_code(entry.get("status_id")),
        body=fields.body_text(entry.get("message")) if has_text else "",
        created_at=reported_at,
        components=_services(entry),
    )


def _services(entry: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids of the services that an update names."""
    return fields.unique(_code(impact.get("service_id")) for impact in fields.objects_in(entry.get("impacts")))
