"""Slack's incoming webhooks, and chats that take the same: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""

from collections.abc import Mapping

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Act, Message
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, address, handle_of, remembered
from tracker.alerting.channels.slack_text import root_text
from tracker.model.channel import SlackWebhookConfig


class SlackWebhook:
    """A message for each change of state: such a webhook names no message that could be edited."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: SlackWebhookConfig, environ: Mapping[str, str], caller: Caller) -> None:
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, "the webhook", "url_env")

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Post a message if status, severity or a maintenance's window changed, and at either end."""
        del in_doubt
        before = remembered(handle, wording.Said)
        if message.act is Act.CHANGE and before is not None and not _is_worth_a_message(message, before):
            return handle
        url = address(self._config, self._config.url, self._config.url_env, self._environ)
        payload = {"text": root_text(message), "unfurl_links": False, "unfurl_media": False}
        self._api.accepted(self._api.call(url, payload, is_repeatable=False))
        return handle_of(wording.said(message))


def _is_worth_a_message(message: Message, before: wording.Said) -> bool:
    has_changed = (message.severity, message.status) != (before.severity, before.status)
    return has_changed or wording.is_asked_for(message, before)
