"""Events to the receivers behind webhooks: their addresses, and the signed requests."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tracker.catalogue.address import web_address
from tracker.catalogue.mistakes import InvalidValue
from tracker.delivery.poster import Poster, PostRequest
from tracker.delivery.retry_policy import ReceiverResponse
from tracker.delivery.sinks.chats import body_of
from tracker.environment.credentials import headers_of, secret_of
from tracker.errors import ConfigError
from tracker.model.clock import Clock
from tracker.model.event import Event
from tracker.model.provider import Webhook
from tracker.model.webhook_signature import message_id, signature, signing_keys

#: Statuses that ask who posts (RFC 9110, sections 15.5.2 and 15.5.4).
_WHO_ARE_YOU: Final = (401, 403)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The URL of a receiver, and our credentials there. Never stored, never shown."""

    url: str
    #: () where events are not signed.
    keys: tuple[bytes, ...] = ()
    headers: dict[str, str] = {}


class WebhookSender:
    """The `EventSender` that posts events over HTTP. Secrets are looked up for each event, so that they may change."""

    def __init__(self, poster: Poster, environ: Mapping[str, str], clock: Clock) -> None:
        self._poster = poster
        self._environ = environ
        self._clock = clock

    def send(self, webhook: Webhook, event: Event) -> ReceiverResponse:
        """Post one event. Raises FetchError, ConfigError."""
        receiver = endpoint(webhook, self._environ)
        body = body_of(event, webhook.format)
        key, sent_at = message_id(event.id), self._clock()
        headers = {
            **receiver.headers,
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": str(int(sent_at.timestamp())),
        }
        if receiver.keys:
            headers["webhook-signature"] = signature(key, sent_at, body, receiver.keys)
        answer = self._poster.post(
            PostRequest(url=receiver.url, headers=headers, body=body, allow_private=webhook.allow_private)
        )
        if answer.status not in _WHO_ARE_YOU:
            return answer
        return msgspec.structs.replace(answer, text=f"{answer.text}; {_remedy(webhook)}".removeprefix("; "))


def endpoint(webhook: Webhook, environ: Mapping[str, str]) -> Endpoint:
    """Return the receiver of a webhook, completed from the environment. Raises ConfigError, which shows no value."""
    url = webhook.url or _secret(webhook, "url_env", webhook.url_env or "", environ)
    if webhook.url is None:
        try:
            url = web_address(url)
        except InvalidValue:
            raise ConfigError(
                f"{_place(webhook)}: {webhook.url_env} holds no http or https address; correct it"
            ) from None
    headers = headers_of(webhook.headers_env, environ, _place(webhook))
    if webhook.secret_env is None:
        return Endpoint(url=url, headers=headers)
    try:
        keys = signing_keys(_secret(webhook, "secret_env", webhook.secret_env, environ))
    except ValueError as error:
        raise ConfigError(
            f"{_place(webhook)}: the key in {webhook.secret_env} {error}; "
            'make one with: echo "whsec_$(openssl rand -base64 32)"'
        ) from None
    return Endpoint(url=url, keys=keys, headers=headers)


def shown_address(webhook: Webhook) -> str:
    """Return the public part of a webhook's address: the host, or the variable that holds the URL."""
    return urlsplit(webhook.url).netloc if webhook.url else f"${webhook.url_env}"


def _place(webhook: Webhook) -> str:
    return f'sink "{webhook.name}"'


def _secret(webhook: Webhook, key: str, variable: str, environ: Mapping[str, str]) -> str:
    return secret_of(variable, environ, place=_place(webhook), key=key)


def _remedy(webhook: Webhook) -> str:
    """Return a hint for a receiver that wants credentials."""
    given = ", ".join(f"{name} from {variable}" for name, variable in webhook.headers_env)
    if given:
        return f"see what headers_env gives it: {given}"
    return "if it wants a header such as Authorization, name its variable in headers_env"
