"""Slack's incoming webhooks: https://docs.slack.dev/messaging/formatting-message-text."""

from typing import Final

import msgspec

from tracker.delivery.sinks.chats.message import Message, calls_nobody, fitted

#: Slack advises 4,000 characters a message, and cuts at 40,000.
_LONGEST: Final = 4000
_SHORT: Final = 500


def body(message: Message) -> bytes:
    """Return the request's body. Addresses become links by themselves, and nothing is shown of what they lead to."""
    lines = [fitted(message.product, _SHORT, escaped)]
    lines += [f"*{label}:* {fitted(text, _SHORT, escaped)}" for label, text in message.facts]
    end = [f"*Links:* {' '.join(f'<{escaped(link)}>' for link in message.links)}"] if message.links else []
    end += [f"<{escaped(message.link)}>"] if message.link else []
    left = _LONGEST - sum(len(line) + 1 for line in (*lines, *end))
    lines += [fitted(message.text, left, _quoted)] if message.text else []
    text = "\n".join((*lines, *end))
    return msgspec.json.encode({"text": text, "unfurl_links": False, "unfurl_media": False})


def escaped(text: str) -> str:
    """Return a text that calls nobody, links nowhere else and ends no block of code: its other marks are harmless."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return calls_nobody(plain.replace("`", "'"))


def _quoted(text: str) -> str:
    return "\n".join(f">{escaped(line)}" for line in text.split("\n"))
