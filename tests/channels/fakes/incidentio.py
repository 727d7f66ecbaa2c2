"""incident.io's alert events, after https://docs.incident.io/api-reference/alert-events-v2/createhttp."""

from typing import Any

from tests.channels.fakes.service import Answered, Asked, FakeService, Shown, refuse

TOKEN = "inc-tok3n-0123456789"
SOURCE = "01GW2G3V0S59R238FAHPDS1R66"


class FakeIncidentIo(FakeService):
    """Alerts by deduplication key; one that is resolved fires again as another."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[dict[str, Any]] = []

    def carry_out(self, asked: Asked) -> Answered:
        refuse(asked.headers.get("authorization") != f"Bearer {TOKEN}", 401, {"type": "authentication_error"})
        refuse((asked.method, asked.path) != ("POST", f"/v2/alert_events/http/{SOURCE}"), 404, {"type": "not_found"})
        event = asked.json
        is_whole = bool(event.get("title")) and event.get("status") in {"firing", "resolved"}
        refuse(not is_whole or not isinstance(event.get("metadata", {}), dict), 422, {"type": "validation_error"})
        key = event["deduplication_key"]
        firing = next((each for each in self.alerts if each["key"] == key and each["is_open"]), None)
        if event["status"] == "firing":
            if firing is None:
                firing = {"key": key, "is_open": True, "events": []}
                self.alerts.append(firing)
            firing["events"].append(event)
        elif firing is not None:
            firing["is_open"] = False
            firing["events"].append(event)
        return Answered(
            202, {"deduplication_key": key, "message": "Event accepted for processing", "status": "success"}
        )

    def shown(self) -> list[Shown]:
        # The description lists the updates, newest first, parted by empty lines.
        return [
            Shown(
                each["key"],
                is_open=each["is_open"],
                closed=0 if each["is_open"] else 1,
                texts=each["events"][-1]["description"].split("\n\n")[::-1],
            )
            for each in self.alerts
        ]
