"""One `[[channel]]` of the catalogue: its type, the keys of that type, what each may hold, what comes of it."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, get_args

from tracker.catalogue.address import receiver_address, web_address
from tracker.catalogue.headers import header_variables
from tracker.catalogue.mistakes import InvalidValue, described, quoted
from tracker.catalogue.schema import refuse_unknown
from tracker.catalogue.values import boolean, choice, identifier, list_of, text, variable, whole_number
from tracker.errors import ConfigError
from tracker.model.channel import AnyChannelConfig, MailSecurity

#: The types, each with the struct that its tables become.
CHANNEL_TYPES: Final[Mapping[str, type[AnyChannelConfig]]] = {
    kind.__struct_config__.tag: kind for kind in get_args(AnyChannelConfig)
}
#: Keys that are called otherwise in the file.
_IN_FILE: Final = {"sender": "from", "recipients": "to"}
#: What a type cannot do without: of each group at least one key.
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "pagerduty": (("routing_key_env",),),
    "slack": (("token_env",), ("channel",)),
    "slack-webhook": (("url_env", "url"),),
    "discord": (("url_env", "url"),),
    "teams": (("url_env", "url"),),
    "email": (("host",), ("from",), ("to",)),
    "alertmanager": (("api_url",),),
    "jsm": (("api_key_env",),),
    "incidentio": (("token_env",), ("source",)),
    "webhook": (("url_env", "url"),),
    "apprise": (("url_env",),),
}
_EXAMPLES: Final[Mapping[str, str]] = {
    "routing_key_env": 'routing_key_env = "PAGERDUTY_ROUTING_KEY"',
    "token_env": 'token_env = "ONCALL_TOKEN"',
    "channel": 'channel = "C0123456789"',
    "url_env": 'url_env = "ONCALL_URL" with the name of a variable that holds it',
    "host": 'host = "smtp.example.com"',
    "from": 'from = "status@example.com"',
    "to": 'to = ["oncall@example.com"]',
    "api_url": 'api_url = "http://alertmanager:9093"',
    "api_key_env": 'api_key_env = "JSM_API_KEY"',
    "source": 'source = "01GW2G3V0S59R238FAHPDS1R66"',
}
#: One address as mail headers and SMTP take it (RFC 5321), without quoted names, which nobody has.
_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}")
_CHANNEL: Final = re.compile(r"#?[^\s#<>@\"'`]{1,80}")
_SOURCE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Prometheus data model; names that begin with two underscores are its own.
_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,99}")
#: What every alert gets and cannot be given otherwise.
_OWN_LABELS: Final = frozenset({"alertname", "provider", "incident", "kind", "severity", "drill"})
#: Header fields that a signed webhook has of its own.
_RESERVED: Final = (
    *("content-type", "user-agent", "idempotency-key"),
    *("webhook-id", "webhook-timestamp", "webhook-signature"),
)


def channel_config_of(table: Mapping[str, object], place: str) -> AnyChannelConfig:
    """Return the channel that a table describes; `place` is what messages call it. Raises ConfigError."""
    name = _type_of(table, place)
    kind = CHANNEL_TYPES[name]
    keys = {_IN_FILE.get(field, field): field for field in kind.__struct_fields__}
    refuse_unknown(table, ("type", *keys), place)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key == "type":
            continue
        try:
            values[keys[key]] = _CHECKS[key](value)
        except InvalidValue as error:
            raise ConfigError(f"{place}: {key} {error}") from None
    _refuse_gaps(name, table, place)
    return kind(**values)


def _type_of(table: Mapping[str, object], place: str) -> str:
    if "type" not in table:
        raise ConfigError(f'{place}: type is missing; add type = "slack", or one of {", ".join(CHANNEL_TYPES)}')
    try:
        return choice(table["type"], known=list(CHANNEL_TYPES))
    except InvalidValue as error:
        raise ConfigError(f"{place}: type {error}") from None


def _refuse_gaps(kind: str, table: Mapping[str, object], place: str) -> None:
    """Refuse a channel that lacks a key, or has two of which only one can hold."""
    if "name" not in table:
        raise ConfigError(f'{place}: name is missing; add name = "oncall"')
    for group in _NEEDED[kind]:
        given = [key for key in group if key in table]
        if not given:
            raise ConfigError(f"{place}: {group[0]} is missing; add {_EXAMPLES[group[0]]}")
        if len(given) > 1:
            raise ConfigError(f"{place}: {given[0]} and {given[1]} are both given; remove one of them")
    if ("username_env" in table) != ("password_env" in table):
        missing = "password_env" if "username_env" in table else "username_env"
        raise ConfigError(f'{place}: {missing} is missing; add {missing} = "SMTP_{missing[:8].upper()}"')
    if "password_env" in table and table.get("security") == MailSecurity.NONE:
        raise ConfigError(f'{place}: security "none" would show the password to everybody on the way; write "starttls"')


def _matching(value: object, pattern: re.Pattern[str], otherwise: str) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise InvalidValue(f"is {described(value)}; {otherwise}")


def _several(value: object, check: Callable[[object], str], example: str) -> tuple[str, ...]:
    values = list_of(value, check=check, example=example)
    if not values:
        raise InvalidValue(f"is empty; write at least one, as in {example}")
    return values


def _labels(value: object) -> tuple[tuple[str, str], ...]:
    example = 'labels = { team = "payments" }'
    if not isinstance(value, Mapping):
        raise InvalidValue(f"is {described(value)}, not a table; write one, as in {example}")
    for name, content in value.items():
        if not isinstance(name, str) or not _LABEL.fullmatch(name):
            raise InvalidValue(f"has the name {quoted(str(name))}, which is no label; write one, as in {example}")
        if name in _OWN_LABELS:
            raise InvalidValue(f"gives {name}, which the tracker sets itself; remove it")
        if not isinstance(content, str):
            raise InvalidValue(f"gives {name} {described(content)}; write some text in quotes")
    return tuple((name, text(content)) for name, content in value.items())


_mailbox = partial(_matching, pattern=_MAILBOX, otherwise='write one address alone, as in "oncall@example.com"')

_CHECKS: Final[Mapping[str, Callable[[object], object]]] = {
    "name": partial(identifier, key="name", otherwise='write one, as in name = "oncall"'),
    "allow_private": boolean,
    "api_url": web_address,
    "url": receiver_address,
    **{
        key: partial(variable, key=key, example=example)
        for key, example in (
            ("url_env", "ONCALL_URL"),
            ("token_env", "ONCALL_TOKEN"),
            ("routing_key_env", "PAGERDUTY_ROUTING_KEY"),
            ("api_key_env", "JSM_API_KEY"),
            ("secret_env", "ONCALL_SECRET"),
            ("username_env", "SMTP_USERNAME"),
            ("password_env", "SMTP_PASSWORD"),
        )
    },
    "headers_env": partial(header_variables, reserved=_RESERVED),
    "channel": partial(_matching, pattern=_CHANNEL, otherwise='write its id, as in channel = "C0123456789"'),
    "source": partial(_matching, pattern=_SOURCE, otherwise="write the id that the alert source's address ends with"),
    "host": partial(_matching, pattern=_HOST, otherwise='write a name or address alone, as in host = "smtp.acme.com"'),
    "port": partial(whole_number, least=1, most=65535, unit="ports", example="port = 587"),
    "security": lambda value: MailSecurity(choice(value, known=[each.value for each in MailSecurity])),
    "from": _mailbox,
    "to": partial(_several, check=_mailbox, example='to = ["oncall@example.com"]'),
    "labels": _labels,
}
