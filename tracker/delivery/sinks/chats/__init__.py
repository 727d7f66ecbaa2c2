"""Events as messages for incoming webhooks of chats: a module for each, which knows its marks and its limits."""

from collections.abc import Callable, Mapping
from typing import Final

from tracker.delivery.sinks.chats import discord, slack, teams
from tracker.delivery.sinks.chats.message import ChatMessage, message_of
from tracker.model.event import Event, encode_event
from tracker.model.plain import inert_json
from tracker.model.provider import WebhookFormat

#: Writes a message as the body of a request.
Chat = Callable[[ChatMessage], bytes]

CHATS: Final[Mapping[WebhookFormat, Chat]] = {
    WebhookFormat.SLACK: slack.body,
    WebhookFormat.DISCORD: discord.body,
    WebhookFormat.TEAMS: teams.body,
}


def body_of(event: Event, format: WebhookFormat) -> bytes:
    """Return the body of the request for an event."""
    chat = CHATS.get(format)
    return inert_json(encode_event(event)) if chat is None else chat(message_of(event))
