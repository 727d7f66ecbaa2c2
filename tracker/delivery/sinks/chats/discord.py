"""Discord's webhooks: https://docs.discord.com/developers/resources/webhook#execute-webhook."""

from typing import Final

import msgspec

from tracker.delivery.sinks.chats.message import ChatMessage
from tracker.model.marks import as_markdown, fitted, units

#: More is refused.
_LONGEST: Final = 2000
_SHORT: Final = 300
#: So that nothing is shown of what addresses lead to (SUPPRESS_EMBEDS).
_FLAGS: Final = 1 << 2


def body(message: ChatMessage) -> bytes:
    """Return the request's body."""
    lines = [fitted(message.product, _SHORT, as_markdown)]
    lines += [f"**{label}:** {fitted(text, _SHORT, as_markdown)}" for label, text in message.facts]
    end = [f"**Links:** {' '.join(f'<{link}>' for link in message.links)}"] if message.links else []
    end += [f"<{message.link}>"] if message.link else []
    left = _LONGEST - sum(units(line) + 1 for line in (*lines, *end))
    lines += [fitted(message.text, left, _quoted)] if message.text else []
    # The text is escaped, and this holds whatever is in it: nobody is called.
    said = {"content": "\n".join((*lines, *end)), "allowed_mentions": {"parse": []}, "flags": _FLAGS}
    return msgspec.json.encode(said)


def _quoted(text: str) -> str:
    return "\n".join(f"> {as_markdown(line)}" for line in text.split("\n"))
