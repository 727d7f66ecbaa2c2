"""Webhooks of chats that cannot edit a message: they get a new one for each change that is worth it."""

from collections.abc import Callable, Mapping
from typing import Any

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Message, Operation
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import Api, address, handle_of, remembered
from tracker.model.channel import SlackWebhookConfig, TeamsConfig


class ChatWebhook:
    """Posts an alert's messages to one webhook."""

    def __init__(
        self, config: SlackWebhookConfig | TeamsConfig, environ: Mapping[str, str], caller: Caller, service: str
    ) -> None:
        """`service` is what messages call it."""
        self._config = config
        self._environ = environ
        self._api = Api(caller, config, service, "url_env")

    def post(
        self,
        message: Message,
        handle: str | None,
        payload: Callable[[Message], Mapping[str, Any]],
        is_worth_a_message: Callable[[Message, wording.Said], bool],
    ) -> str | None:
        """Post a message and return its handle; return the former one after a change that is not worth a message."""
        before = remembered(handle, wording.Said)
        if message.act is Operation.CHANGE and before is not None and not is_worth_a_message(message, before):
            return handle
        url = address(self._config, self._config.url, self._config.url_env, self._environ)
        self._api.accepted(self._api.call(url, payload(message), is_repeatable=False))
        return handle_of(wording.said(message))
