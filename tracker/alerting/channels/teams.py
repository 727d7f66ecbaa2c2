"""Teams' workflows that post the body of a webhook: an Adaptive Card in a message.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

from collections.abc import Mapping
from typing import Any, Final

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Message, Operation, Severity
from tracker.alerting.channels import wording
from tracker.alerting.channels.chat_webhook import ChatWebhook
from tracker.model.channel import TeamsConfig
from tracker.model.marks import as_markdown, fitted, safe_link

#: All of a message has 28 KB after Teams has processed it, which may be in UTF-16: no card comes near.
_TEXT: Final = 3000
_SHORT: Final = 300
_COLOURS: Final = {
    Severity.CRITICAL: "Attention",
    Severity.ERROR: "Attention",
    Severity.WARNING: "Warning",
    Severity.INFO: "Accent",
}


class Teams:
    """A card when an alert opens, gets worse and ends: a workflow's messages cannot be edited."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: TeamsConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._webhook = ChatWebhook(config, environ, caller, "Teams")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Post a card, unless the alert changed without getting worse and without a move of its maintenance."""
        del in_doubt
        return self._webhook.post(message, handle, _message, _is_worth_a_message)


def _is_worth_a_message(message: Message, before: wording.Said) -> bool:
    return message.severity.rank > before.severity.rank or wording.is_asked_for(message, before)


def _message(message: Message) -> dict[str, Any]:
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": _blocks(message),
    }
    link = safe_link(message.link)
    if link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the status page", "url": link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _blocks(message: Message) -> list[dict[str, Any]]:
    colour = "Good" if message.act is Operation.CLOSE else _COLOURS[message.severity]
    blocks = [
        _block(_short(wording.headline(message)), weight="Bolder", size="Medium"),
        _block(_short(wording.state(message)), weight="Bolder", color=colour, spacing="None"),
    ]
    blocks += [_block(f"**{_short(name)}:** {_short(text)}", spacing="None") for name, text in wording.facts(message)]
    if children := wording.children(message):
        blocks.append(_block(_paragraphs(children, _TEXT)))
    if text := wording.newest_text(message):
        blocks.append(_block(_paragraphs(text, _TEXT)))
    return blocks


def _block(text: str, **options: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **options}


def _short(text: str) -> str:
    return fitted(text, _SHORT, as_markdown)


def _paragraphs(text: str, limit: int) -> str:
    """Return lines as paragraphs: a single line break is a blank in Markdown."""
    return fitted(text.replace("\n", "\n\n"), limit, as_markdown)
