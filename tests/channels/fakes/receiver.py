"""Receivers of one's own: of signed webhooks, and of what apprise posts as JSON."""

from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier

from tests.channels.fakes.service import Answered, Asked, FakeService, Shown
from tests.channels.fakes.slack import in_one_row
from tests.receiver import SECRET


class FakeReceiver(FakeService):
    """Verifies signatures with the library of the specification's authors, and knows repetitions by their id."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, dict[str, Any]] = {}
        self._seen: set[str] = set()

    def carry_out(self, asked: Asked) -> Answered:
        event = Verifier(SECRET).verify(asked.body, asked.headers)
        assert asked.headers["authorization"] == "Bearer r3ceiver-0123456789"
        if asked.headers["webhook-id"] not in self._seen:
            self._seen.add(asked.headers["webhook-id"])
            data = event["data"]
            alert = self.alerts.setdefault(data["key"], {"opened": 0, "closed": 0, "texts": []})
            alert["opened"] += event["type"] == "alert.opened"
            alert["closed"] += event["type"] == "alert.closed"
            alert["texts"] = [entry["text"] for entry in data["updates"]]
            alert["state"] = data["state"]
        return Answered(204)

    def shown(self) -> list[Shown]:
        return [
            Shown(key, alert["state"] == "open", alert["opened"], alert["closed"], alert["texts"])
            for key, alert in self.alerts.items()
        ]


class FakeAppriseTarget(FakeService):
    """What apprise's `json://` posts to."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, str]] = []

    def carry_out(self, asked: Asked) -> Answered:
        self.notes.append(asked.json)
        return Answered(200, {})

    def shown(self) -> list[Shown]:
        texts = [f"{note['type']} {note['title']}\n{note['message']}" for note in self.notes]
        return in_one_row(texts, is_end=lambda text: text.startswith("success"))
