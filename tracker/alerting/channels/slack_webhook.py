"""Slack's incoming webhooks, and chats that take the same: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""

from collections.abc import Mapping
from typing import Any

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Message
from tracker.alerting.channels import wording
from tracker.alerting.channels.chat_webhook import ChatWebhook
from tracker.alerting.channels.slack_text import root_text
from tracker.model.channel import SlackWebhookConfig


class SlackWebhook:
    """A message for each change of state: such a webhook names no message that could be edited."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: SlackWebhookConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._webhook = ChatWebhook(config, environ, caller, "the webhook")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Post a message if status, severity or a maintenance's window changed, and at either end."""
        del in_doubt
        return self._webhook.post(message, handle, _message, _is_worth_a_message)


def _is_worth_a_message(message: Message, before: wording.Said) -> bool:
    has_changed = (message.severity, message.status) != (before.severity, before.status)
    return has_changed or wording.is_asked_for(message, before)


def _message(message: Message) -> dict[str, Any]:
    return {"text": root_text(message), "unfurl_links": False, "unfurl_media": False}
