"""Discord's webhooks, after https://docs.discord.com/developers/resources/webhook and .../resources/message."""

from typing import Any

from tests.channels.fakes.service import Answered, Asked, FakeService, Fault, Shown, length, refuse

_GREEN = 0x2E7D32


class FakeDiscord(FakeService):
    """A webhook's messages, which it can edit."""

    PATH = "/api/webhooks/123456/t0ken-0123456789abcdef"

    def __init__(self) -> None:
        super().__init__()
        self.messages: dict[str, dict[str, Any]] = {}
        self._next = 1000

    def carry_out(self, asked: Asked) -> Answered:
        refuse(not asked.path.startswith(self.PATH), 404, {"code": 10015, "message": "Unknown Webhook"})
        self._judge(asked.json)
        rest = asked.path.removeprefix(self.PATH)
        if asked.method == "POST" and not rest:
            self._next += 1
            self.messages[str(self._next)] = {**asked.json, "edits": 0}
            return Answered(200, {"id": str(self._next)}) if asked.query.get("wait") == "true" else Answered(204)
        refuse(asked.method != "PATCH" or not rest.startswith("/messages/"), 405, {"code": 0})
        message = self.messages.get(rest.removeprefix("/messages/"))
        refuse(message is None, 404, {"code": 10008, "message": "Unknown Message"})
        assert message
        message.update(asked.json)
        message["edits"] += 1
        return Answered(200, {"id": rest.removeprefix("/messages/")})

    def failure(self, fault: Fault) -> Answered:
        match fault:
            case Fault.REFUSED:
                return Answered(400, {"code": 50035, "message": "Invalid Form Body"})
            case Fault.SLOW_DOWN:
                body = {"message": "You are being rate limited.", "retry_after": 6.4, "global": False}
                return Answered(429, body, {"Retry-After": "7"})
            case _:
                return super().failure(fault)

    @staticmethod
    def _judge(body: dict[str, Any]) -> None:
        embeds = body.get("embeds", [])
        is_fine = 0 < len(embeds) <= 10 and length(body.get("content", "")) <= 2000
        total = 0
        for embed in embeds:
            title, text = length(embed.get("title", "")), length(embed.get("description", ""))
            is_fine = is_fine and title <= 256 and 0 < text <= 4096 and len(embed.get("fields", ())) <= 25
            total += title + text
        parse = body.get("allowed_mentions", {}).get("parse", ["everyone"])
        refuse(not is_fine or total > 6000 or parse, 400, {"code": 50035, "message": "Invalid Form Body"})

    def shown(self) -> list[Shown]:
        return [
            Shown(
                name,
                is_open=message["embeds"][0]["color"] != _GREEN,
                closed=int(message["embeds"][0]["color"] == _GREEN),
                texts=message["embeds"][0]["description"].split("\n"),
            )
            for name, message in self.messages.items()
        ]
