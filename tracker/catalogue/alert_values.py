"""Checks of the values of channels and routes: each returns the value, or raises InvalidValue."""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracker.catalogue.mistakes import InvalidValue, alternatives, described, quoted
from tracker.catalogue.values import choice, text
from tracker.model.page import SEVERITIES, Impact
from tracker.model.route import QuietHours

#: One address as mail headers and SMTP take it (RFC 5321), without quoted names, which are not used in practice.
_MAILBOX: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}")
_CONVERSATION: Final = re.compile(r"#?[^\s#<>@\"'`]{1,80}")
_FOREIGN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"([1-9]\d{0,5})([smhd])")
_LONGEST_S: Final = 30 * 86400
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_QUIET_KEYS: Final = {"from": "start", "to": "end", "timezone": "timezone", "pass": "passes"}
#: Prometheus data model; names that begin with two underscores are its own.
_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]{0,99}")
#: The labels that every alert gets and that no channel may set.
_OWN_LABELS: Final = frozenset({"alertname", "provider", "incident", "kind", "severity", "drill"})
_MOST_LABELS: Final = 20


def mailbox(value: object) -> str:
    """Return one mail address."""
    return _matching(value, _MAILBOX, 'write one address alone, as in "oncall@example.com"')


def host(value: object) -> str:
    """Return a host's name or address."""
    return _matching(value, _HOST, 'write a name or address alone, as in host = "smtp.acme.com"')


def conversation(value: object) -> str:
    """Return the checked name of a conversation of Slack."""
    return _matching(value, _CONVERSATION, 'write its id, as in channel = "C0123456789"')


def foreign_id(value: object, example: str) -> str:
    """Return an id that a service gave out."""
    return _matching(value, _FOREIGN_ID, f"write the id that the service shows, as in {example}")


def seconds(value: object, least: int, example: str) -> int:
    """Return the seconds of a duration like `5m`; `0s` is allowed if `least` is 0."""
    if value == "0s" and least == 0:
        return 0
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    duration_s = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < duration_s <= _LONGEST_S:
        raise InvalidValue(f"is {described(value)}, not a duration up to 30 days; write one, as in {example}")
    return duration_s


def quiet_hours(value: object, example: str) -> QuietHours:
    """Return the quiet hours that a table describes."""
    if not isinstance(value, Mapping):
        raise InvalidValue(f"is {described(value)}, not a table; write one, as in {example}")
    for key in value:
        if key not in _QUIET_KEYS:
            raise InvalidValue(f"has the unknown key {quoted(str(key))}; {alternatives(str(key), _QUIET_KEYS)}")
    if not {"from", "to"} <= value.keys():
        raise InvalidValue(f"needs from and to; write them, as in {example}")
    checks = {"from": _time, "to": _time, "timezone": _timezone, "pass": _impact}
    try:
        values: dict[str, Any] = {_QUIET_KEYS[key]: checks[key](given) for key, given in value.items()}
    except InvalidValue as error:
        raise InvalidValue(f"has a value that {error}") from None
    if values["start"] == values["end"]:
        raise InvalidValue("is a whole day, in which nothing would ever be sent; write another from or to")
    return QuietHours(**values)


def labels(value: object, example: str) -> tuple[tuple[str, str], ...]:
    """Return labels, sorted by name."""
    if not isinstance(value, Mapping) or len(value) > _MOST_LABELS:
        raise InvalidValue(f"is {described(value)}, not a table of up to {_MOST_LABELS}; write one, as in {example}")
    return tuple(sorted((text(name), text(content)) for name, content in value.items()))


def prometheus_labels(value: object, example: str) -> tuple[tuple[str, str], ...]:
    """Return labels that Prometheus takes, without those that the tracker sets itself."""
    pairs = labels(value, example)
    for name, _ in pairs:
        if not _LABEL.fullmatch(name):
            raise InvalidValue(f"has the name {quoted(name)}, which is not a label; write one, as in {example}")
        if name in _OWN_LABELS:
            raise InvalidValue(f"gives {name}, which the tracker sets itself; remove it")
    return pairs


def _matching(value: object, pattern: re.Pattern[str], otherwise: str) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise InvalidValue(f"is {described(value)}; {otherwise}")


def _time(value: object) -> time:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidValue(f'is {described(value)}, not a time of day; write one, as in "22:00"')
    return time(int(found[1]), int(found[2]))


def _timezone(value: object) -> str:
    name = text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidValue(f'is {quoted(name)}, which is not a time zone; write one, as in "Europe/Berlin"') from None
    return name


def _impact(value: object) -> Impact:
    return Impact(choice(value, [severity.value for severity in SEVERITIES]))
