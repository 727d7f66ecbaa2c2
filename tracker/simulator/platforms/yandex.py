"""A revision in Yandex Cloud's incidents: numbered comments, newest first, in HTML; no maintenances."""

from html import escape

from tracker.simulator.platform import Json, Platform, number, timestamp
from tracker.simulator.revision import Revision, VendorIncident

#: The incidents on a page of the list.
LIST_LENGTH = 20
_TYPES = {"investigating": "investigation", "resolved": "resolved"}


def incidents(revision: Revision, _url: str, _variation: int) -> Json:
    """Return the first page of the list."""
    shown = [incident for incident in revision.incidents if not incident.is_maintenance]
    return {"items": [_incident(incident, revision) for incident in shown[:LIST_LENGTH]], "count": len(shown)}


def _incident(incident: VendorIncident, revision: Revision) -> Json:
    level = 2 if incident.impact in ("major", "critical") else 1
    return {
        "id": incident.number,
        "title": incident.name,
        # As on the real page, an incident is called open for a while after its end.
        "status": "open" if incident.status != "postmortem" else "resolved",
        "startDate": timestamp(incident.created_at),
        "endDate": timestamp(incident.resolved_at) if incident.is_closed and incident.resolved_at else None,
        "createdAt": timestamp(incident.created_at),
        "updatedAt": timestamp(incident.updated_at),
        "levelId": level,
        "level": {"level": level, "label": "Unavailable" if level > 1 else "Minor"},
        "isReportPublished": False,
        "report": None,
        "reportPublishedTime": None,
        "services": [
            {"id": number(component.id), "name": component.name, "slug": component.id}
            for component in revision.touched_by(incident)
        ],
        "comments": [
            {
                "id": number(update.id),
                "incidentId": incident.number,
                "type": _TYPES.get(update.status, "update"),
                "content": f"<p>{escape(update.body)}</p>\n",
                "createdAt": timestamp(update.created_at),
                "updatedAt": timestamp(update.updated_at),
            }
            for update in incident.updates
        ],
        "installations": [{"code": "ru", "zones": [{"id": "ru-central1-a", "installationId": 1}]}],
    }


YANDEX = Platform(
    name="yandex",
    answers={"/api/incidents": incidents},
    answers_everything=True,
    host="status.yandex.cloud",
)
