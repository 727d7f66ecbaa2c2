"""Slack's incoming webhooks: https://docs.slack.dev/messaging/formatting-message-text."""

from typing import Final

import msgspec

from tracker.delivery.sinks.chats.message import ChatMessage
from tracker.model.marks import as_mrkdwn, fitted

#: Slack advises 4,000 characters a message, and cuts at 40,000.
_LONGEST: Final = 4000
_SHORT: Final = 500


def body(message: ChatMessage) -> bytes:
    """Return the request's body. Addresses become links by themselves, without a preview."""
    lines = [fitted(message.product, _SHORT, as_mrkdwn)]
    lines += [f"*{label}:* {fitted(text, _SHORT, as_mrkdwn)}" for label, text in message.facts]
    end = [f"*Links:* {' '.join(f'<{as_mrkdwn(link)}>' for link in message.links)}"] if message.links else []
    end += [f"<{as_mrkdwn(message.link)}>"] if message.link else []
    left = _LONGEST - sum(len(line) + 1 for line in (*lines, *end))
    lines += [fitted(message.text, left, _quoted)] if message.text else []
    text = "\n".join((*lines, *end))
    return msgspec.json.encode({"text": text, "unfurl_links": False, "unfurl_media": False})


def _quoted(text: str) -> str:
    return "\n".join(f">{as_mrkdwn(line)}" for line in text.split("\n"))
