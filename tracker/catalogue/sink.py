"""One `[[sink]]` of the catalogue: the webhook made from its keys (`tracker.model.provider`)."""

from collections.abc import Mapping
from typing import Final

from tracker.catalogue.schema import Schema
from tracker.errors import ConfigError
from tracker.model.provider import Webhook

SINKS: Final = Schema("sink", Webhook)


def webhook_of(table: Mapping[str, object], place: str) -> Webhook:
    """Return the webhook that a table describes. Raises ConfigError."""
    values = SINKS.values(table, place)
    SINKS.require(values, place)
    if "url" not in values and "url_env" not in values:
        url, variable = SINKS.entries["url"].example, SINKS.entries["url_env"].example
        raise ConfigError(
            f"{place}: url is missing; add {url}, or {variable} with the name of a variable that holds it"
        )
    if "url" in values and "url_env" in values:
        raise ConfigError(f"{place}: url and url_env are both given; remove one of them")
    return Webhook(**values)
