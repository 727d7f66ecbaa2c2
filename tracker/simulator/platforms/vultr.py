"""A revision in Vultr's `alerts.json`: open and recently ended alerts, in two words, without components."""

from datetime import datetime

from tracker.simulator.platform import Json, Platform, timestamp
from tracker.simulator.revision import Revision, VendorIncident

#: The alerts that are listed.
LIST_LENGTH = 20
#: The region of all incidents of the simulated vendor.
REGION = "ams"


def alerts(revision: Revision, _url: str, _variation: int) -> Json:
    """Return `alerts.json`; the list is null when it would be empty."""
    return {"service_alerts": [_alert(incident) for incident in revision.incidents[:LIST_LENGTH]] or None}


def _alert(incident: VendorIncident) -> Json:
    entries = [
        {"updated_at": _moment(update.display_at or update.created_at), "message": _message(update.body, incident)}
        for update in incident.updates
    ]
    return {
        "id": incident.id,
        "region": REGION,
        "subject": f"Scheduled Maintenance: {incident.name}" if incident.is_maintenance else incident.name,
        "start_date": _moment(incident.created_at),
        "updated_at": entries[0]["updated_at"] if incident.is_closed and entries else "",
        "status": "resolved" if incident.is_closed else "ongoing",
        "entries": entries or None,
    }


def _message(body: str, incident: VendorIncident) -> str:
    """Return an update's text; the window of a maintenance is nowhere else."""
    if incident.scheduled_for is None or incident.scheduled_until is None:
        return body
    return (
        f"{body}\r\n\r\nStart Time: {incident.scheduled_for:%Y-%m-%d %H:%M:%S} UTC\r\n"
        f"End Time: {incident.scheduled_until:%Y-%m-%d %H:%M:%S} UTC"
    )


def _moment(moment: datetime) -> str:
    return timestamp(moment).replace("Z", "+00:00")


VULTR = Platform(name="vultr", answers={"/alerts.json": alerts}, has_validators=False, host="status.vultr.com")
