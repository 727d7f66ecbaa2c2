"""Credentials for pages and receivers: header fields whose values are in the environment alone.

No message repeats a value, or any part of one.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from tracker.catalogue.headers import header_variables
from tracker.catalogue.mistakes import InvalidValue
from tracker.environment.secret import read_secret
from tracker.errors import ConfigError
from tracker.model.channel import ChannelConfig
from tracker.model.provider import Validators

#: An environment in which nothing is set.
NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})
NO_VALIDATORS: Final = Validators()
#: Servers refuse longer ones (RFC 9110, section 5.4, leaves it to them; most take 8 KiB in all).
_LONGEST: Final = 8192
#: RFC 9110, section 5.5, without characters beyond ASCII, which servers read in different ways.
_FIELD_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")


def headers_of(headers_env: Iterable[tuple[str, str]], environ: Mapping[str, str], place: str) -> dict[str, str]:
    """Return header fields with the values of their variables; `place` is the entry that names them.

    Raises ConfigError.
    """
    variables = dict(headers_env)
    if not variables:
        return {}
    try:
        # Checked once more: an entry that was written straight to the data server has bypassed the catalogue's check.
        header_variables(variables)
    except InvalidValue as error:
        raise ConfigError(f"{place}: headers_env {error}") from None
    return {name: _value(name, variable, environ, place) for name, variable in variables.items()}


def secret_of(variable: str, environ: Mapping[str, str], *, place: str, key: str) -> str:
    """Return the value of a variable, or of the file that VARIABLE_FILE names. Raises ConfigError."""
    try:
        value = read_secret(environ, variable)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from None
    if value is None:
        raise ConfigError(
            f"{place}: {key} names {variable}, which is not set; set it, or {variable}_FILE to a file that holds it"
        )
    return value


def require_secrets(config: ChannelConfig, environ: Mapping[str, str]) -> None:
    """Check that the environment holds all variables that a channel names. Raises ConfigError, without any value."""
    for field in config.__struct_fields__:
        value = getattr(config, field)
        if field == "headers_env":
            headers_of(value, environ, config.place)
        elif field.endswith("_env") and value is not None:
            secret_of(value, environ, place=config.place, key=field)


def _value(name: str, variable: str, environ: Mapping[str, str], place: str) -> str:
    # A line break at the end is an accident of editing; anywhere else it would begin another header.
    value = secret_of(variable, environ, place=place, key="headers_env").strip(" \t\r\n")
    if len(value) > _LONGEST:
        raise ConfigError(f"{place}: {variable} is longer than {_LONGEST} characters, too long for {name}; correct it")
    if not _FIELD_VALUE.fullmatch(value):
        raise ConfigError(
            f"{place}: {variable} is not a value of a header: it is empty, or has a line break, a control character or "
            f"letters beyond ASCII; write the whole value of {name} there"
        )
    return value
