"""`[[route]]` and `[fallback]` of the catalogue, made from their keys (`tracker.model.route`)."""

from collections.abc import Collection, Mapping
from typing import Final

from tracker.catalogue.mistakes import alternatives, described, quoted
from tracker.catalogue.schema import Schema
from tracker.errors import ConfigError
from tracker.model.channel import AnyChannelConfig
from tracker.model.route import HOLDS_OBJECTS, Fallback, Route

ROUTES: Final = Schema("route", Route)
FALLBACK: Final = Schema("fallback", Fallback)


def route_of(table: Mapping[str, object], place: str) -> Route:
    """Return the route that a table describes. Raises ConfigError."""
    values = ROUTES.values(table, place)
    ROUTES.require(values, place)
    route = Route(**values)
    if route.digest_s is not None and (route.after_s or route.repeat_s):
        raise ConfigError(f"{place}: digest cannot be combined with after or repeat; remove one of them")
    return route


def fallback_of(table: object, file: str) -> tuple[str, ...]:
    """Return the names of the channels that report another channel's failures. Raises ConfigError."""
    place = f"{file}: [fallback]"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{file}: fallback is {described(table)}; write [fallback], with one bracket each side")
    values = FALLBACK.values(table, place)
    FALLBACK.require(values, place)
    return Fallback(**values).to


def refuse_strangers(names: Collection[str], known: Collection[str], place: str) -> None:
    """Refuse the name of a channel that does not exist. Raises ConfigError."""
    for name in names:
        if name not in known:
            remedy = alternatives(name, known) if known else f'add [[channel]] with name = "{name}"'
            raise ConfigError(f"{place}: to names {quoted(name)}, which is not a [[channel]]; {remedy}")


def refuse_digest(route: Route, channels: Mapping[str, AnyChannelConfig], place: str) -> None:
    """Refuse a digest for a channel that would hold each one open forever. Raises ConfigError."""
    for name in route.to:
        if route.digest_s is not None and isinstance(channels[name], HOLDS_OBJECTS):
            raise ConfigError(
                f"{place}: digest cannot go to {quoted(name)}, which holds an incident for each alert; "
                "name a channel that shows messages"
            )
