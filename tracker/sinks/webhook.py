"""Events to the receivers behind webhooks: where each one is, and the signed request that tells it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from tracker.catalogue.address import web_address
from tracker.catalogue.mistakes import Mistake
from tracker.errors import ConfigError
from tracker.events import Event, encode_event
from tracker.models import Webhook
from tracker.ports import Clock, Poster, PostRequest
from tracker.settings import read_secret
from tracker.sinks.signature import message_id, signature, signing_keys
from tracker.verdicts import Answer


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a webhook's receiver is and what it knows us by. Never stored, never shown."""

    url: str
    #: () where events are not signed.
    keys: tuple[bytes, ...] = ()


class WebhookSender:
    """The `Sender` that posts events over HTTP. Secrets are looked up for each event, so that they may change."""

    def __init__(self, poster: Poster, environ: Mapping[str, str], clock: Clock) -> None:
        self._poster = poster
        self._environ = environ
        self._clock = clock

    def send(self, webhook: Webhook, event: Event) -> Answer:
        """Post one event. Raises FetchError, ConfigError."""
        receiver = endpoint(webhook, self._environ)
        body = encode_event(event)
        key, sent_at = message_id(event.id), self._clock()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": str(int(sent_at.timestamp())),
        }
        if receiver.keys:
            headers["webhook-signature"] = signature(key, sent_at, body, receiver.keys)
        return self._poster.post(
            PostRequest(url=receiver.url, headers=headers, body=body, allow_private=webhook.allow_private)
        )


def endpoint(webhook: Webhook, environ: Mapping[str, str]) -> Endpoint:
    """Return where a webhook's receiver is, with what the environment says. Raises ConfigError, without any value."""
    url = webhook.url or _secret(webhook, "url_env", webhook.url_env or "", environ)
    if webhook.url is None:
        try:
            url = web_address(url)
        except Mistake:
            raise ConfigError(
                f'sink "{webhook.name}": {webhook.url_env} holds no http or https address; correct it'
            ) from None
    if webhook.secret_env is None:
        return Endpoint(url=url)
    try:
        return Endpoint(url=url, keys=signing_keys(_secret(webhook, "secret_env", webhook.secret_env, environ)))
    except ValueError as error:
        raise ConfigError(
            f'sink "{webhook.name}": the key in {webhook.secret_env} {error}; '
            'make one with: echo "whsec_$(openssl rand -base64 32)"'
        ) from None


def shown_address(webhook: Webhook) -> str:
    """Return where a webhook leads as far as everybody may know: the host, or the variable that holds the URL."""
    return urlsplit(webhook.url).netloc if webhook.url else f"${webhook.url_env}"


def _secret(webhook: Webhook, key: str, variable: str, environ: Mapping[str, str]) -> str:
    value = read_secret(environ, variable)
    if value is None:
        raise ConfigError(
            f'sink "{webhook.name}": {key} names {variable}, which is not set; '
            f"set it, or {variable}_FILE to a file that holds it"
        )
    return value
