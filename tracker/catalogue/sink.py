"""One `[[sink]]` of the catalogue: its keys, what each may hold, and the webhook that comes of it."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tracker.catalogue.address import web_address
from tracker.catalogue.entry import refuse_unknown
from tracker.catalogue.headers import header_variables
from tracker.catalogue.mistakes import InvalidValue
from tracker.catalogue.values import boolean, choice, identifier, list_of, text
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

_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]{0,199}")


def webhook_of(table: Mapping[str, object], place: str) -> Webhook:
    """Return the webhook that a table describes. Raises ConfigError."""
    refuse_unknown(table, SINK_KEYS, place)
    values: dict[str, Any] = {}
    for key, value in table.items():
        try:
            values[key] = _CHECKS[key](value)
        except InvalidValue as error:
            raise ConfigError(f"{place}: {key} {error}") from None
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


def _address(value: object) -> str:
    """Return where events are posted. The message does not repeat what is given: it may be a secret."""
    try:
        return web_address(value)
    except InvalidValue:
        raise InvalidValue(
            "is not an http or https address without a user name; write one like https://hooks.example.com/updates"
        ) from None


def _format(value: object) -> WebhookFormat:
    return WebhookFormat(choice(value, known=[each.value for each in WebhookFormat]))


def _variable(value: object, key: str, example: str) -> str:
    """Return the name of a variable. The message does not repeat what is given, which may be the secret itself."""
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        return value
    raise InvalidValue(f'is not the name of a variable; write one, as in {key} = "{example}"')


_CHECKS: dict[str, Callable[[object], object]] = {
    "name": partial(identifier, key="name", otherwise='write one, as in name = "ops"'),
    "url": _address,
    "url_env": partial(_variable, key="url_env", example="OPS_URL"),
    "secret_env": partial(_variable, key="secret_env", example="OPS_SECRET"),
    "headers_env": partial(header_variables, reserved=_RESERVED),
    "format": _format,
    "providers": partial(list_of, check=text, example='providers = ["openai", "aws-*"]'),
    "events": partial(
        list_of, check=partial(choice, known=[kind.value for kind in EventKind]), example='events = ["new_incident"]'
    ),
    "allow_private": boolean,
}
