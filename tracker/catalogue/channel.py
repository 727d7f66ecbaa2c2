"""One `[[channel]]` of the catalogue, made from the keys of its type (`tracker.model.channel`)."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from tracker.catalogue.mistakes import InvalidValue
from tracker.catalogue.schema import Schema, refuse_unknown
from tracker.catalogue.values import choice
from tracker.errors import ConfigError
from tracker.model.channel import AnyChannelConfig, EmailConfig, MailSecurity

#: The types, each with its keys.
CHANNEL_TYPES: Final[Mapping[str, Schema[AnyChannelConfig]]] = {
    str(kind.__struct_config__.tag): Schema("channel", kind) for kind in get_args(AnyChannelConfig)
}


def channel_config_of(table: Mapping[str, object], place: str) -> AnyChannelConfig:
    """Return the channel that a table describes; `place` is its name in messages. Raises ConfigError."""
    schema = CHANNEL_TYPES[_type_of(table, place)]
    refuse_unknown(table, ("type", *schema.keys), place)
    values = schema.values({key: value for key, value in table.items() if key != "type"}, place)
    schema.require(values, place)
    if "url" in schema.keys:
        _require_one_address(schema, values, place)
    if schema.struct is EmailConfig:
        _check_login(values, place)
    return schema.struct(**values)


def _type_of(table: Mapping[str, object], place: str) -> str:
    if "type" not in table:
        raise ConfigError(f'{place}: type is missing; add type = "slack", or one of {", ".join(CHANNEL_TYPES)}')
    try:
        return choice(table["type"], known=list(CHANNEL_TYPES))
    except InvalidValue as error:
        raise ConfigError(f"{place}: type {error}") from None


def _require_one_address(schema: Schema[AnyChannelConfig], values: Mapping[str, object], place: str) -> None:
    if "url" in values and "url_env" in values:
        raise ConfigError(f"{place}: url_env and url are both given; remove one of them")
    if "url" not in values and "url_env" not in values:
        proposal = schema.entries["url_env"].example
        raise ConfigError(f"{place}: url_env is missing; add {proposal} with the name of a variable that holds it")


def _check_login(values: Mapping[str, Any], place: str) -> None:
    if ("username_env" in values) != ("password_env" in values):
        missing = "password_env" if "username_env" in values else "username_env"
        raise ConfigError(f'{place}: {missing} is missing; add {missing} = "SMTP_{missing[:8].upper()}"')
    if "password_env" in values and values.get("security") is MailSecurity.NONE:
        raise ConfigError(f'{place}: security "none" would send the password unencrypted; write "starttls"')
