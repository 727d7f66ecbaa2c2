"""A revision in Example's `/status.json`, for `tracker/simulator/platforms/`: what `example_platform.py` reads."""

from tracker.model.page import Impact
from tracker.simulator.platform import Json, Platform, timestamp
from tracker.simulator.revision import Revision, VendorIncident

_SEVERITIES = {Impact.NONE: "low", Impact.MINOR: "low", Impact.MAJOR: "high", Impact.CRITICAL: "down"}


def _status(revision: Revision, _url: str, _variation: int) -> Json:
    shown = [item for item in revision.incidents if not item.is_closed and not item.is_maintenance]
    return {"example_page": revision.name, "events": [_event(item) for item in shown]}


def _event(item: VendorIncident) -> Json:
    return {
        "id": item.id,
        "title": item.name,
        "severity": _SEVERITIES[item.impact],
        "posts": [
            {"id": update.id, "state": update.status, "text": update.body, "at": timestamp(update.created_at)}
            for update in reversed(item.updates)
        ],
    }


EXAMPLE = Platform(name="example", answers={"/status.json": _status})
