"""A revision in Instatus's public JSON, which has neither texts nor ended events, and in its feed, which has both."""

from datetime import UTC, datetime

from tracker.model.page import ComponentStatus
from tracker.simulator.draft import BADNESS
from tracker.simulator.feeds import entries, xml_text
from tracker.simulator.platform import Json, Platform, timestamp
from tracker.simulator.revision import Revision, VendorComponent, VendorIncident

_WORDS = {
    ComponentStatus.OPERATIONAL: "OPERATIONAL",
    ComponentStatus.UNDER_MAINTENANCE: "UNDERMAINTENANCE",
    ComponentStatus.DEGRADED_PERFORMANCE: "DEGRADEDPERFORMANCE",
    ComponentStatus.PARTIAL_OUTAGE: "PARTIALOUTAGE",
    ComponentStatus.MAJOR_OUTAGE: "MAJOROUTAGE",
}
_STATUSES = {"scheduled": "NOTSTARTEDYET", "in_progress": "INPROGRESS", "verifying": "INPROGRESS"}


def _summary(revision: Revision, url: str, _variation: int) -> Json:
    """Return the summary; a list is absent when it would be empty."""
    going_on = [item for item in revision.incidents if not item.is_closed]
    incidents = [_incident(item, revision, url) for item in going_on if not item.is_maintenance]
    maintenances = [_maintenance(item, url) for item in going_on if item.is_maintenance]
    wire: Json = {"page": {"name": revision.name, "url": url, "status": _page_status(revision)}}
    if incidents:
        wire["activeIncidents"] = incidents
    if maintenances:
        wire["activeMaintenances"] = maintenances
    return wire


def _components(revision: Revision, _url: str, _variation: int) -> Json:
    groups = {item.id: {"id": item.id, "name": item.name} for item in revision.components if item.is_group}
    return {
        "components": [
            {
                "id": item.id,
                "name": item.name,
                "description": "",
                "status": _WORDS[item.status],
                "group": groups.get(item.group_id or ""),
            }
            for item in revision.components
            if not item.is_group
        ]
    }


def _page_status(revision: Revision) -> str:
    failing = [item for item in _single(revision) if item.status != ComponentStatus.OPERATIONAL]
    if not failing:
        return "UP"
    worst = max((item.status for item in failing), key=BADNESS.index)
    if worst == ComponentStatus.UNDER_MAINTENANCE:
        return "UNDERMAINTENANCE"
    is_one = sum(item.status == worst for item in failing) == 1
    return f"ONE{_WORDS[worst]}" if is_one else "HASISSUES"


def _single(revision: Revision) -> list[VendorComponent]:
    return [item for item in revision.components if not item.is_group]


def _incident(item: VendorIncident, revision: Revision, url: str) -> Json:
    touched = [part.status for part in revision.touched_by(item)]
    return {
        "id": item.id,
        "name": item.name,
        "started": timestamp(item.started_at),
        "status": item.status.upper(),
        "impact": _WORDS[max(touched, key=BADNESS.index, default=ComponentStatus.OPERATIONAL)],
        "url": f"{url}/{item.id}",
        "updatedAt": timestamp(item.updated_at),
    }


def _maintenance(item: VendorIncident, url: str) -> Json:
    begins, ends = item.scheduled_for, item.scheduled_until
    return {
        "id": item.id,
        "name": item.name,
        "start": begins and timestamp(begins),
        "status": _STATUSES[item.status],
        "duration": str(int((ends - begins).total_seconds() // 60)) if begins and ends else "0",
        "url": f"{url}/{item.id}",
        "updatedAt": timestamp(item.updated_at),
    }


def _feed(revision: Revision, url: str, _variation: int) -> str:
    """Return `/history.rss`."""
    items = "".join(_item(item, revision, url) for item in entries(revision))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
  <channel>
    <title>{xml_text(revision.name)} Status - Incident history</title>
    <link>{xml_text(url)}</link>
{items}  </channel>
</rss>
"""


def _item(item: VendorIncident, revision: Revision, url: str) -> str:
    kind = "maintenance" if item.is_maintenance else "incident"
    names = ", ".join(part.name for part in revision.touched_by(item))
    head = f"<p><strong>Type:</strong> {kind.capitalize()}</p><p><strong>Affected Components:</strong> </p>"
    posts = "".join(
        f"<p><small>{_time(update.display_at or update.created_at)}</small><br>"
        f"<strong>{_word(update.status)}</strong> - {update.body}.</p>\n"
        for update in item.updates
    )
    return f"""    <item>
      <title>{xml_text(item.name)}</title>
      <description>Type: {kind.capitalize()}\n\nAffected Components: {xml_text(names)}\n</description>
      <content:encoded><![CDATA[{head}{xml_text(posts)}]]></content:encoded>
      <pubDate>{item.scheduled_for or item.started_at:%a, %d %b %Y %H:%M:%S %z}</pubDate>
      <guid>{xml_text(url)}/{kind}/{item.id}</guid>
    </item>
"""


def _time(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc:%b} <var data-var='date'> {utc.day}</var>, <var data-var='time'>{utc:%H:%M:%S}</var> GMT+0"


def _word(status: str) -> str:
    return "Not started yet" if status == "scheduled" else status.replace("_", " ").capitalize()


INSTATUS = Platform(
    name="instatus",
    answers={
        "/v3/summary.json": _summary,
        "/summary.json": _summary,
        "/v3/components.json": _components,
        "/history.rss": _feed,
    },
    answers_everything=True,
    has_validators=False,
)
