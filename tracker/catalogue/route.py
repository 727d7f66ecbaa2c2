"""One `[[route]]` of the catalogue, and `[fallback]`: their keys, what each may hold, and what comes of them."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import time
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracker.catalogue.mistakes import InvalidValue, alternatives, described, quoted
from tracker.catalogue.schema import refuse_unknown
from tracker.catalogue.values import boolean, choice, list_of, text
from tracker.errors import ConfigError
from tracker.model.channel import AnyChannelConfig
from tracker.model.page import SEVERITIES, Impact
from tracker.model.route import HOLDS_OBJECTS, AlertKind, QuietHours, Route

#: Keys that a route may have, in the order in which a newcomer meets them, with the fields that they set.
ROUTE_KEYS: Final = {
    "to": "to",
    "min_impact": "min_impact",
    "providers": "providers",
    "groups": "groups",
    "components": "components",
    "regions": "regions",
    "kinds": "kinds",
    "after": "after_s",
    "quiet_hours": "quiet_hours",
    "digest": "digest_s",
    "repeat": "repeat_s",
    "remind": "remind_s",
    "labels": "labels",
    "continue": "continues",
}
_QUIET_KEYS: Final = {"from": "start", "to": "end", "timezone": "timezone", "pass": "passes"}
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"([1-9]\d{0,5})([smhd])")
_LONGEST_S: Final = 30 * 86400
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_MOST_LABELS: Final = 20


def route_of(table: Mapping[str, object], place: str) -> Route:
    """Return the route that a table describes. Raises ConfigError."""
    refuse_unknown(table, ROUTE_KEYS, place)
    values = _checked(table, ROUTE_KEYS, _CHECKS, place)
    if not values.get("to"):
        raise ConfigError(f'{place}: to is missing; add to = ["oncall"] with the name of a [[channel]]')
    route = Route(**values)
    if route.digest_s is not None and (route.after_s or route.repeat_s):
        raise ConfigError(f"{place}: digest cannot be combined with after or repeat; remove one of them")
    return route


def fallback_of(table: object, file: str) -> tuple[str, ...]:
    """Return the names of the channels that hear of another channel's failures. Raises ConfigError."""
    place = f"{file}: [fallback]"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{file}: fallback is {described(table)}; write [fallback], with one bracket each side")
    refuse_unknown(table, ("to",), place)
    names = _checked(table, {"to": "to"}, _CHECKS, place).get("to", ())
    if not names:
        raise ConfigError(f'{place}: to is missing; add to = ["mail"] with the name of a [[channel]]')
    return tuple(names)


def refuse_strangers(names: Collection[str], known: Collection[str], place: str) -> None:
    """Refuse the name of a channel that is not there. Raises ConfigError."""
    for name in names:
        if name not in known:
            remedy = alternatives(name, known) if known else f'add [[channel]] with name = "{name}"'
            raise ConfigError(f"{place}: to names {quoted(name)}, which is no [[channel]]; {remedy}")


def refuse_digest(route: Route, channels: Mapping[str, AnyChannelConfig], place: str) -> None:
    """Refuse a digest for a channel that would hold each one open for ever. Raises ConfigError."""
    for name in route.to:
        if route.digest_s is not None and isinstance(channels[name], HOLDS_OBJECTS):
            raise ConfigError(
                f"{place}: digest cannot go to {quoted(name)}, which holds an incident for each alert; "
                "name a channel that shows messages"
            )


def seconds_of(value: object, example: str) -> int:
    """Return the seconds of a duration like `5m`. Raises InvalidValue."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST_S:
        raise InvalidValue(f'is {described(value)}, not a duration up to 30 days; write one, as in {example} = "5m"')
    return seconds


def _hold(value: object) -> int:
    return 0 if value == "0s" else seconds_of(value, "after")


def _checked(
    table: Mapping[str, object],
    keys: Mapping[str, str],
    checks: Mapping[str, Callable[[object], object]],
    place: str,
) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        try:
            values[keys[key]] = checks[key](value)
        except InvalidValue as error:
            raise ConfigError(f"{place}: {key} {error}") from None
    return values


def _impact(value: object) -> Impact:
    return Impact(choice(value, [severity.value for severity in SEVERITIES]))


def _kind(value: object) -> AlertKind:
    return AlertKind(choice(value, [kind.value for kind in AlertKind]))


def _quiet_hours(value: object) -> QuietHours:
    example = 'quiet_hours = { from = "22:00", to = "07:00", timezone = "Europe/Berlin", pass = "critical" }'
    if not isinstance(value, Mapping):
        raise InvalidValue(f"is {described(value)}, not a table; write one, as in {example}")
    for key in value:
        if key not in _QUIET_KEYS:
            raise InvalidValue(f"has the unknown key {quoted(str(key))}; {alternatives(str(key), _QUIET_KEYS)}")
    if not {"from", "to"} <= value.keys():
        raise InvalidValue(f"needs from and to; write them, as in {example}")
    try:
        values: Any = {_QUIET_KEYS[key]: _QUIET_CHECKS[key](given) for key, given in value.items()}
    except InvalidValue as error:
        raise InvalidValue(f"has a value that {error}") from None
    if values["start"] == values["end"]:
        raise InvalidValue("is a whole day, in which nothing would ever be sent; write another from or to")
    return QuietHours(**values)


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
        raise InvalidValue(f'is {quoted(name)}, which is no time zone; write one, as in "Europe/Berlin"') from None
    return name


def _labels(value: object) -> tuple[tuple[str, str], ...]:
    example = 'labels = { team = "payments" }'
    if not isinstance(value, Mapping) or len(value) > _MOST_LABELS:
        raise InvalidValue(f"is {described(value)}, not a table of up to {_MOST_LABELS}; write one, as in {example}")
    return tuple(sorted((text(name), text(content)) for name, content in value.items()))


_CHECKS: Final[Mapping[str, Callable[[object], object]]] = {
    "to": partial(list_of, check=text, example='to = ["oncall"]'),
    "providers": partial(list_of, check=text, example='providers = ["openai", "aws-*"]'),
    "groups": partial(list_of, check=text, example='groups = ["Payments"]'),
    "components": partial(list_of, check=text, example='components = ["API*", "!Beta*"]'),
    "regions": partial(list_of, check=text, example='regions = ["eu-*"]'),
    "min_impact": _impact,
    "kinds": partial(list_of, check=_kind, example='kinds = ["incident"]'),
    "after": _hold,
    "quiet_hours": _quiet_hours,
    "digest": partial(seconds_of, example="digest"),
    "repeat": partial(seconds_of, example="repeat"),
    "remind": partial(seconds_of, example="remind"),
    "labels": _labels,
    "continue": boolean,
}
_QUIET_CHECKS: Final[Mapping[str, Callable[[object], object]]] = {
    "from": _time,
    "to": _time,
    "timezone": _timezone,
    "pass": _impact,
}
