"""One entry of the catalogue: its keys, what each may hold, and the provider that comes of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from tracker.catalogue.address import web_address
from tracker.catalogue.headers import header_variables
from tracker.catalogue.mistakes import InvalidValue, alternatives, described, quoted
from tracker.catalogue.names import name_of, slug
from tracker.catalogue.values import LONGEST_TEXT, boolean, choice, identifier, list_of, text
from tracker.errors import ConfigError
from tracker.model.event import EventKind
from tracker.model.filters import EXCLUDES, SEVERITIES
from tracker.model.page import Impact
from tracker.model.provider import Cadence, FirstSight, Provider

#: Keys that say what of a page is told (`tracker.model.filters`).
FILTER_KEYS = ("components", "regions", "min_impact", "events", "maintenance")
#: Keys that every provider may have and `[defaults]` may set for all.
SHARED_KEYS = ("interval", "cadence", "format", "group", "allow_private", "max_per_host", *FILTER_KEYS, "first_sight")
#: Keys that a provider may have, in the order in which a newcomer meets them.
PROVIDER_KEYS = ("name", "url", "id", "headers_env", *SHARED_KEYS)

_LONGEST_INTERVAL_S = 86_400
#: Vendors are asked no more often than this; who has allowed private addresses polls a page of their own.
_SHORTEST_PUBLIC_S = 10
_MOST_PER_HOST = 1000


def new_provider(
    url: str,
    *,
    formats: Collection[str],
    name: str | None = None,
    id: str | None = None,
    headers_env: Mapping[str, str] | None = None,
    format: str = "auto",
    interval_s: int = 60,
    cadence: str = Cadence.ADAPTIVE,
    group: str | None = None,
    allow_private: bool = False,
    max_per_host: int | None = None,
    components: Sequence[str] = (),
    regions: Sequence[str] = (),
    min_impact: str = Impact.NONE,
    events: Sequence[str] = (),
    maintenance: bool = True,
    first_sight: str = FirstSight.OPEN,
    origin: str = "command",
) -> Provider:
    """Return the provider for a page given by hand; its name defaults to one made from the host. Raises ConfigError."""
    place = "new provider" if name is None else f"new provider {quoted(name)}"
    given = {
        "url": url,
        "name": name,
        "id": id,
        "headers_env": headers_env,
        "format": format,
        "interval": interval_s,
        "cadence": cadence,
        "group": group,
        "allow_private": allow_private,
        "max_per_host": max_per_host,
        "components": components,
        "regions": regions,
        "min_impact": min_impact,
        "events": events,
        "maintenance": maintenance,
        "first_sight": first_sight,
    }
    values = checked({key: value for key, value in given.items() if value is not None}, place, formats)
    values.setdefault("name", name_of(values["url"])[:LONGEST_TEXT])
    return assembled(values, place, origin)


def refiltered(provider: Provider, filters: Mapping[str, object]) -> Provider:
    """Return the provider with other values of the FILTER_KEYS that are given. Raises ConfigError."""
    return replace(provider, **checked(filters, f"provider {quoted(provider.id)}", ()))


def refuse_unknown(table: Mapping[str, object], known: Collection[str], place: str) -> None:
    """Refuse a key that would otherwise be ignored without a word. Raises ConfigError."""
    for key in table:
        if key not in known:
            raise ConfigError(f"{place}: unknown key {quoted(key)}; {alternatives(key, known)}")


def checked(table: Mapping[str, object], place: str, formats: Collection[str]) -> dict[str, Any]:
    """Return the values of a table, each one checked by itself. Raises ConfigError."""
    checks = _checks(formats)
    values = {}
    for key, value in table.items():
        try:
            values[key] = checks[key](value)
        except InvalidValue as error:
            raise ConfigError(f"{place}: {key} {error}") from None
    return values


def assembled(values: Mapping[str, Any], place: str, origin: str) -> Provider:
    """Return the provider of checked values, once they fit together. Raises ConfigError."""
    for key, example in (("name", "OpenAI"), ("url", "https://status.openai.com")):
        if key not in values:
            raise ConfigError(f'{place}: {key} is missing; add {key} = "{example}"')
    fields = {key: value for key, value in values.items() if key != "interval"}
    made = {"id": slug(values["name"]), "interval_s": values.get("interval", 60), "id_given": "id" in values}
    provider = Provider(**{**made, **fields, "origin": origin})
    if provider.interval_s < _SHORTEST_PUBLIC_S and not provider.allow_private:
        raise ConfigError(
            f"{place}: interval is {provider.interval_s}, less than the {_SHORTEST_PUBLIC_S} seconds that we owe "
            f"a page of others; write {_SHORTEST_PUBLIC_S} or more (a page of your own: allow_private = true)"
        )
    return provider


def _checks(formats: Collection[str]) -> dict[str, Callable[[object], object]]:
    """Return for each key what turns its value into what the provider holds, or raises Mistake."""
    return {
        "name": text,
        "url": web_address,
        "id": partial(identifier, key="id", otherwise="leave it out"),
        "headers_env": header_variables,
        "interval": _interval,
        "cadence": _cadence,
        "format": partial(choice, known=("auto", *sorted({*formats} - {"auto"}))),
        "group": text,
        "allow_private": boolean,
        "max_per_host": _per_host,
        "components": partial(list_of, check=_pattern, example='components = ["API*"]'),
        "regions": partial(list_of, check=_pattern, example='regions = ["eu-*"]'),
        "min_impact": _severity,
        "events": partial(list_of, check=_kind, example='events = ["new_incident"]'),
        "maintenance": boolean,
        "first_sight": _first_sight,
    }


def _interval(value: object) -> int:
    """Return a number of seconds."""
    # To Python, true is the integer 1.
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue(f"is {described(value)}, not a whole number of seconds; write one, as in interval = 60")
    if not 1 <= value <= _LONGEST_INTERVAL_S:
        raise InvalidValue(f"is {described(value)}, not from 1 to {_LONGEST_INTERVAL_S} seconds; write interval = 60")
    return value


def _cadence(value: object) -> Cadence:
    """Return the word for when the interval is departed from."""
    return Cadence(choice(value, [word.value for word in Cadence]))


def _per_host(value: object) -> int:
    """Return a number of pages."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue(f"is {described(value)}, not a whole number of pages; write one, as in max_per_host = 2")
    if not 1 <= value <= _MOST_PER_HOST:
        raise InvalidValue(f"is {described(value)}, not from 1 to {_MOST_PER_HOST} pages; write max_per_host = 2")
    return value


def _pattern(value: object) -> str:
    """Return a glob, or an exclusion and the glob behind it."""
    glob = text(value)
    if not glob.startswith(EXCLUDES):
        return glob
    excluded = glob.removeprefix(EXCLUDES).strip()
    if not excluded:
        raise InvalidValue(f'is {quoted(glob)}, which leaves out nothing; write what it leaves out, as in "!Beta*"')
    return EXCLUDES + excluded


def _kind(value: object) -> str:
    """Return the name of a kind of events, or an exclusion of one."""
    known = [kind.value for kind in EventKind]
    if isinstance(value, str) and value.startswith(EXCLUDES):
        return EXCLUDES + choice(value.removeprefix(EXCLUDES), known)
    return choice(value, known)


def _severity(value: object) -> Impact:
    """Return the least impact that is told."""
    return Impact(choice(value, [severity.value for severity in SEVERITIES]))


def _first_sight(value: object) -> FirstSight:
    """Return the word for what is told of a new page."""
    return FirstSight(choice(value, [word.value for word in FirstSight]))
