"""PagerDuty's Events API v2, after https://developer.pagerduty.com/docs/send-alert-event."""

from typing import Any

from tests.channels.fakes.service import Answered, Asked, FakeService, Fault, Shown, refuse

ROUTING_KEY = "R0UT1NGKEY0123456789abcdefABCDEF"
_SEVERITIES = {"critical", "error", "warning", "info"}


class FakePagerDuty(FakeService):
    """Incidents by dedup key; a resolved one is never found again."""

    def __init__(self) -> None:
        super().__init__()
        self.incidents: list[dict[str, Any]] = []

    def carry_out(self, asked: Asked) -> Answered:
        refuse((asked.method, asked.path) != ("POST", "/v2/enqueue"), 404, {"status": "Not Found"})
        refuse(len(asked.body) > 512 * 1024, 413, {"status": "Payload Too Large"})
        event = asked.json
        self._judge(event)
        key = event["dedup_key"]
        open_one = next((each for each in self.incidents if each["key"] == key and each["is_open"]), None)
        if event["event_action"] == "trigger":
            if open_one is None:
                open_one = {"key": key, "is_open": True, "log": []}
                self.incidents.append(open_one)
            open_one["log"].append(event["payload"])
        elif open_one is not None and event["event_action"] == "resolve":
            open_one["is_open"] = False
        return Answered(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _judge(self, event: dict[str, Any]) -> None:
        errors = []
        if event.get("routing_key") != ROUTING_KEY:
            errors.append("Invalid routing key")
        if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            errors.append("event_action is invalid")
        if not 0 < len(event.get("dedup_key", "")) <= 255:
            errors.append("dedup_key is invalid")
        if event.get("event_action") == "trigger":
            payload = event.get("payload", {})
            if not 0 < len(payload.get("summary", "")) <= 1024 or not payload.get("source"):
                errors.append("payload.summary or payload.source is invalid")
            if payload.get("severity") not in _SEVERITIES:
                errors.append("payload.severity is invalid")
            errors += ["links is invalid" for link in event.get("links", ()) if not link.get("href")]
        refuse(errors, 400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors})

    def failure(self, fault: Fault) -> Answered:
        if fault is Fault.REFUSED:
            words = {"status": "invalid event", "message": f"Event object is invalid for {ROUTING_KEY}", "errors": []}
            return Answered(400, words)
        return super().failure(fault)

    def shown(self) -> list[Shown]:
        return [
            Shown(
                each["key"],
                is_open=each["is_open"],
                closed=0 if each["is_open"] else 1,
                texts=[entry["custom_details"].get("Latest update", "") for entry in each["log"]],
            )
            for each in self.incidents
        ]
