"""OneUptime's overview of a status page (`/status-page-api/overview/<host or id>`) -> Snapshot.

OneUptime is open source, and its server writes this shape (github.com/OneUptime/oneuptime,
`Common/Server/API/StatusPageAPI.ts`; the page's own `llms.txt` offers the address to programs). One answer has the
resources, the open incidents, episodes, maintenances and announcements, and separate lists of their notes and changes
of state. Times and ids may be wrapped: `{"_type": "DateTime", "value": …}`.

An incident begins with its description, in its first state. Its changes of state and its notes follow; a note has the
state of its time. States have names that a team chooses, and flags with their meanings. Ended incidents are no longer
listed. An announcement is an event without a state: it is reported and never open.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from tracker.model.page import Impact, Incident, IncidentUpdate, Snapshot
from tracker.parse import _fields as fields
from tracker.parse.entries import among, each, entry_by_entry, identity, objects
from tracker.parse.format import Endpoints, Format
from tracker.parse.listed import distinct, oldest_first, with_status_before
from tracker.parse.mentions import names_of
from tracker.parse.oneuptime_monitors import Monitors, id_of, plain
from tracker.parse.sniff import mentions, refusal
from tracker.parse.words import UNKNOWN, UPDATE, is_closing, status_word, vendor_word

_KEYS: Final = frozenset({"activeIncidents", "incidentPublicNotes", "monitorStatuses", "statusPageResources"})
_API: Final = "/status-page-api/overview/"
_PREVIEW: Final = re.compile(r"/status-page/([0-9a-fA-F-]{36})(?:/|$)")
_SIGN: Final = b"/status-page/env.js"
_DECLARED: Final = "declared"
# The names of severities, unless a team renames them.
_IMPACTS: Final[Mapping[str, Impact]] = {
    "critical_incident": Impact.CRITICAL,
    "major_incident": Impact.MAJOR,
    "minor_incident": Impact.MINOR,
}
_FLAGS: Final[Mapping[str, str]] = {
    "isResolvedState": "resolved",
    "isScheduledState": "scheduled",
    "isOngoingState": "in_progress",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """The names that one kind of event has in the answer."""

    owner: str
    notes: str
    timelines: str
    state: str
    path: str = ""
    is_work: bool = False


_INCIDENTS: Final = _Kind(
    owner="incidentId",
    notes="incidentPublicNotes",
    timelines="incidentStateTimelines",
    state="incidentState",
    path="incidents",
)
_EPISODES: Final = _Kind(
    owner="incidentEpisodeId",
    notes="episodePublicNotes",
    timelines="episodeStateTimelines",
    state="incidentState",
)
_WORKS: Final = _Kind(
    owner="scheduledMaintenanceId",
    notes="scheduledMaintenanceEventsPublicNotes",
    timelines="scheduledMaintenanceStateTimelines",
    state="scheduledMaintenanceState",
    path="scheduled-events",
    is_work=True,
)


def _recognises(body: bytes, _: str | None) -> bool:
    return mentions(body, b'"statusPageResources"', b'"monitorStatuses"') and _is_overview(fields.json_object(body))


def _is_overview(answer: dict[str, Any]) -> bool:
    return answer.keys() >= _KEYS and all(isinstance(answer[key], list) for key in _KEYS)


@entry_by_entry
def _read(body: bytes, url: str, content_type: str | None) -> Snapshot:
    answer = fields.json_object(body)
    if not _is_overview(answer):
        raise refusal(body, content_type)
    page = _Page(answer, _base(url))
    incidents = [
        *each(answer, "activeIncidents", "incident", lambda entry: page.event(entry, _INCIDENTS)),
        *each(answer, "activeEpisodes", "incident", lambda entry: page.event(entry, _EPISODES)),
        *each(answer, "activeAnnouncements", "incident", page.announcement),
    ]
    works = each(answer, "scheduledMaintenanceEvents", "maintenance", lambda entry: page.event(entry, _WORKS))
    return Snapshot(
        incidents=distinct(incidents),
        maintenances=distinct(works),
        components=distinct(among(page.monitors.resources, "component", page.monitors.component)),
        components_listed=True,
        open_only=True,
    )


def _linked(html: bytes, url: str) -> tuple[Endpoints, ...]:
    site = fields.site(url)
    if site is None or _SIGN not in html:
        return ()
    preview = _PREVIEW.match(urlsplit(url).path)
    return (Endpoints(primary=f"{site}{_API}{preview[1] if preview else urlsplit(url).netloc}"),)


ONEUPTIME = Format(
    name="oneuptime",
    title="OneUptime",
    source="its source",
    recognises=_recognises,
    read=_read,
    linked=_linked,
)


def _base(url: str) -> str | None:
    """Return the address below which the page shows its events; on OneUptime's own host it holds the page's id."""
    site = fields.site(url)
    path = urlsplit(url).path if site else ""
    page = path.removeprefix(_API) if path.startswith(_API) else ""
    return f"{site}/status-page/{page}" if site and _PREVIEW.fullmatch(f"/status-page/{page}") else site


def _moment(entry: Mapping[str, Any], *keys: str) -> datetime | None:
    """Return the first of these times that the entry has."""
    return next((time for key in keys if (time := fields.moment(plain(entry.get(key))))), None)


class _Page:
    """The lists of an answer that complete the entries of others."""

    def __init__(self, answer: dict[str, Any], base: str | None) -> None:
        self._answer = answer
        self._base = base
        self.monitors = Monitors(answer)
        self._belonging: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}

    def event(self, entry: dict[str, Any], kind: _Kind) -> Incident:
        """Return an incident, an episode or a maintenance."""
        event_id = identity(plain(entry.get("_id")), "an event", since=_moment(entry, "createdAt"))
        updates = self._updates(entry, event_id, kind)
        current = entry.get("currentScheduledMaintenanceState" if kind.is_work else "currentIncidentState")
        severity = fields.mapping(entry.get("incidentSeverity")).get("name")
        mentioned = self.monitors.mentioned(entry.get("monitors"))
        return Incident(
            id=event_id,
            name=fields.name(entry.get("title")) or event_id,
            status=_state(current)[0] if current else updates[-1].status,
            impact=Impact.MAINTENANCE if kind.is_work else fields.known(_IMPACTS, severity),
            link=self._link(kind.path, event_id),
            updates=updates,
            components=names_of(mentioned),
            mentions=mentioned,
            scheduled_for=_moment(entry, "startsAt") if kind.is_work else None,
            scheduled_until=_moment(entry, "endsAt") if kind.is_work else None,
        )

    def announcement(self, entry: dict[str, Any]) -> Incident:
        """Return an announcement with its text."""
        shown_at = _moment(entry, "showAnnouncementAt", "createdAt")
        own_id = identity(plain(entry.get("_id")), "an announcement", since=shown_at)
        body = fields.body_text(entry.get("description"))
        return Incident(
            id=own_id,
            name=fields.name(entry.get("title")) or own_id,
            status=UNKNOWN,
            impact=Impact.NONE,
            link=self._link("announcements", own_id),
            updates=(IncidentUpdate(id=_DECLARED, status=UNKNOWN, body=body, created_at=shown_at),),
        )

    def _link(self, path: str, event_id: str) -> str | None:
        return fields.link(f"{self._base}/{path}/{event_id}") if path and self._base else None

    def _updates(self, entry: dict[str, Any], event_id: str, kind: _Kind) -> tuple[IncidentUpdate, ...]:
        timeline = oldest_first(self._of(event_id, kind.timelines, kind.owner), lambda each: _moment(each, "startsAt"))
        first = timeline[0] if timeline else None
        begins, begins_as = _state(first.get(kind.state)) if first else ("scheduled" if kind.is_work else UPDATE, None)
        declared = IncidentUpdate(
            id=_DECLARED,
            status=begins,
            vendor_status=begins_as,
            body=fields.body_text(entry.get("description")),
            created_at=_moment(entry, "declaredAt", "createdAt"),
        )
        changes = among(timeline[1:], "update", lambda change: _change(change, kind))
        notes = among(self._of(event_id, kind.notes, kind.owner), "update", _note)
        after = oldest_first((*changes, *oldest_first(notes)), newest_first=False)
        return with_status_before(distinct((declared, *after)), UNKNOWN if kind.is_work else "investigating")

    def _of(self, event_id: str, key: str, owner: str) -> Iterable[dict[str, Any]]:
        """Return the entries of a list that belong to an event."""
        by_owner = self._belonging.get((key, owner))
        if by_owner is None:
            by_owner = self._belonging[key, owner] = {}
            for entry in objects(self._answer, key, "update"):
                by_owner.setdefault(id_of(entry.get(owner)), []).append(entry)
        return by_owner.get(event_id, ())


def _state(state: object) -> tuple[str, str | None]:
    """Return a state in the field's word, and in the vendor's own word if that is another.

    A state's flags have its meaning. A team may call a state fixed without the flag for the end of an incident.
    """
    holder = fields.mapping(state)
    word = holder.get("name")
    flagged = next((status for flag, status in _FLAGS.items() if holder.get(flag) is True), None)
    named = status_word(word) or UNKNOWN
    status = flagged or ("monitoring" if is_closing(named) else named)
    if status == "resolved" and "isOngoingState" in holder:
        status = "completed"
    return status, vendor_word(word, status)


def _change(entry: dict[str, Any], kind: _Kind) -> IncidentUpdate:
    status, vendor_status = _state(entry.get(kind.state))
    since = _moment(entry, "startsAt", "createdAt")
    update_id = identity(plain(entry.get("_id")), "a change of state", since=since)
    return IncidentUpdate(id=update_id, status=status, vendor_status=vendor_status, created_at=since)


def _note(entry: dict[str, Any]) -> IncidentUpdate:
    posted_at = _moment(entry, "postedAt")
    update_id = identity(plain(entry.get("_id")), "a note", since=posted_at)
    return IncidentUpdate(id=update_id, status=UPDATE, body=fields.body_text(entry.get("note")), created_at=posted_at)
