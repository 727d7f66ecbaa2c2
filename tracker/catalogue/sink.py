"""One `[[sink]]` of the catalogue: its keys, what each may hold, and the webhook that comes of it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tracker.catalogue.address import receiver_address
from tracker.catalogue.entry import refuse_unknown
from tracker.catalogue.headers import header_variables
from tracker.catalogue.mistakes import InvalidValue
from tracker.catalogue.values import boolean, choice, identifier, list_of, text, variable
from tracker.errors import ConfigError
from tracker.model.event import EventKind
from tracker.model.provider import Webhook, WebhookFormat

#: Keys that a sink may have, in the order in which a newcomer meets them.
SINK_KEYS = (
    *("name", "url", "url_env", "format", "secret_env", "headers_env"),
    *("providers", "events", "allow_private"),
)
#: What is sent with every event and cannot be given otherwise.
_RESERVED = (
    *("content-type", "user-agent", "idempotency-key"),
    *("webhook-id", "webhook-timestamp", "webhook-signature"),
)


def webhook_of(table: Mapping[str, object], place: str) -> Webhook:
    """Return the webhook that a table describes. Raises ConfigError."""
    refuse_unknown(table, SINK_KEYS, place)
    values: dict[str, Any] = {}
    for key, value in table.items():
        try:
            values[key] = _CHECKS[key](value)
        except InvalidValue as mistake:
            raise ConfigError(f"{place}: {key} {mistake}") from None
    if "name" not in values:
        raise ConfigError(f'{place}: name is missing; add name = "ops"')
    if "url" not in values and "url_env" not in values:
        raise ConfigError(
            f'{place}: url is missing; add url = "https://hooks.example.com/updates", '
            'or url_env = "OPS_URL" with the name of a variable that holds it'
        )
    if "url" in values and "url_env" in values:
        raise ConfigError(f"{place}: url and url_env are both given; remove one of them")
    return Webhook(**values)


def _format(value: object) -> WebhookFormat:
    return WebhookFormat(choice(value, known=[each.value for each in WebhookFormat]))


_CHECKS: dict[str, Callable[[object], object]] = {
    "name": partial(identifier, key="name", otherwise='write one, as in name = "ops"'),
    "url": receiver_address,
    "url_env": partial(variable, key="url_env", example="OPS_URL"),
    "secret_env": partial(variable, key="secret_env", example="OPS_SECRET"),
    "headers_env": partial(header_variables, reserved=_RESERVED),
    "format": _format,
    "providers": partial(list_of, check=text, example='providers = ["openai", "aws-*"]'),
    "events": partial(
        list_of, check=partial(choice, known=[kind.value for kind in EventKind]), example='events = ["new_incident"]'
    ),
    "allow_private": boolean,
}
