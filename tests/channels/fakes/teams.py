"""A Teams workflow that posts what its webhook gets.

After https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook.
"""

from tests.channels.fakes.service import Answered, Asked, FakeService, Shown, refuse
from tests.channels.fakes.slack import in_one_row


class FakeTeams(FakeService):
    """Takes Adaptive Cards of up to 28 KB, counted in UTF-16."""

    PATH = "/workflows/0123456789abcdef/triggers/manual/paths/invoke"

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[list[dict[str, str]]] = []

    def carry_out(self, asked: Asked) -> Answered:
        refuse(asked.path != self.PATH, 404, {"error": {"code": "WorkflowNotFound"}})
        refuse(2 * len(asked.body.decode()) > 2 * 28 * 1024, 413, {"error": {"code": "RequestEntityTooLarge"}})
        message = asked.json
        attachment = message["attachments"][0]
        card = attachment["content"]
        is_card = (
            attachment["contentType"] == "application/vnd.microsoft.card.adaptive" and card["type"] == "AdaptiveCard"
        )
        refuse(message.get("type") != "message" or not is_card, 400, {"error": {"code": "InvalidCard"}})
        refuse(any(not block["text"] for block in card["body"]), 400, {"error": {"code": "InvalidCard"}})
        self.cards.append(card["body"])
        return Answered(202, "")

    def shown(self) -> list[Shown]:
        texts = ["\n".join(block["text"] for block in card) for card in self.cards]
        ends = {text for text, card in zip(texts, self.cards, strict=True) if card[1]["color"] == "Good"}
        return in_one_row(texts, is_end=ends.__contains__)
