"""Jira Service Management Operations' integration events.

After https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v1/api-group-integration-events/.
"""

import re
from typing import Any
from urllib.parse import unquote

from tests.channels.fakes.service import Answered, Asked, FakeService, Fault, Shown, refuse

KEY = "jsm-k3y-0123456789"
_ALERTS = "/jsm/ops/integration/v2/alerts"


class FakeJsm(FakeService):
    """Alerts by alias, which only one open alert has; answers come before anything is carried out."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[dict[str, Any]] = []

    def carry_out(self, asked: Asked) -> Answered:
        refuse(asked.headers.get("authorization") != f"GenieKey {KEY}", 401, {"message": "Key format is not valid!"})
        refuse(asked.method != "POST", 405, {"message": "Method not allowed"})
        body = asked.json
        if asked.path == _ALERTS:
            self._create(body)
        else:
            found = re.fullmatch(f"{_ALERTS}/([^/]+)/(close|notes)", asked.path)
            refuse(found is None, 404, {"message": "No such path"})
            assert found
            refuse(asked.query.get("identifierType") != "alias", 422, {"message": "Identifier is not valid!"})
            self._act(unquote(found[1]), found[2], body)
        return Answered(202, {"result": "Request will be processed", "took": 0.1, "requestId": "43a29c5c"})

    def failure(self, fault: Fault) -> Answered:
        return (
            Answered(422, {"message": "Request body is not valid"})
            if fault is Fault.REFUSED
            else super().failure(fault)
        )

    def _create(self, body: dict[str, Any]) -> None:
        limits = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100}
        is_long = any(len(body.get(name, "")) > limit for name, limit in limits.items())
        is_odd = body.get("priority", "P3") not in {"P1", "P2", "P3", "P4", "P5"} or not body.get("message")
        is_odd = is_odd or any(not isinstance(text, str) for text in body.get("details", {}).values())
        refuse(is_long or is_odd or len(body.get("tags", ())) > 20, 422, {"message": "Request body is not valid"})
        alert = self._open(body["alias"])
        if alert is None:
            self.alerts.append({"alias": body["alias"], "is_open": True, "texts": [body["description"]], "count": 1})
        else:
            alert["count"] += 1

    def _act(self, alias: str, act: str, body: dict[str, Any]) -> None:
        refuse(len(body.get("note", "")) > 25_000, 422, {"message": "Note is too long"})
        alert = self._open(alias)
        if alert is not None:
            alert["texts"].append(body["note"])
            alert["is_open"] = act != "close"

    def _open(self, alias: str) -> dict[str, Any] | None:
        return next((each for each in self.alerts if each["alias"] == alias and each["is_open"]), None)

    def shown(self) -> list[Shown]:
        return [
            Shown(each["alias"], is_open=each["is_open"], closed=0 if each["is_open"] else 1, texts=each["texts"])
            for each in self.alerts
        ]
