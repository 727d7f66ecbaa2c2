"""Teams' workflows that post the body of a webhook: an Adaptive Card in a message.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

from typing import Any, Final

import msgspec

from tracker.delivery.sinks.chats.message import ChatMessage
from tracker.model.marks import as_markdown, fitted

#: All of a message has 28 KB, in UTF-16; JSON doubles backslashes and line breaks.
_LONGEST: Final = 4000
_SHORT: Final = 500


def body(message: ChatMessage) -> bytes:
    """Return the request's body."""
    blocks = [_block(fitted(message.product, _SHORT, as_markdown), weight="Bolder")]
    blocks += [
        _block(f"**{label}:** {fitted(text, _SHORT, as_markdown)}", spacing="None") for label, text in message.facts
    ]
    if message.text:
        # A single line break is a blank in Markdown.
        blocks.append(_block(fitted(message.text.replace("\n", "\n\n"), _LONGEST, as_markdown)))
    if message.links:
        blocks.append(_block(f"**Links:** {' '.join(message.links)}", spacing="None"))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    if message.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": message.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return msgspec.json.encode({"type": "message", "attachments": [attachment]})


def _block(text: str, **options: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **options}
