"""One `[[provider]]` of the catalogue: the provider made from its keys (`tracker.model.provider`)."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from msgspec.structs import replace

from tracker.catalogue.mistakes import quoted
from tracker.catalogue.names import name_of, slug
from tracker.catalogue.schema import Schema
from tracker.catalogue.values import LONGEST_TEXT
from tracker.errors import ConfigError
from tracker.model.provider import Provider

PROVIDERS: Final = Schema("provider", Provider)
#: Vendors are polled no more often than this; with private addresses allowed, the page is the user's own.
_SHORTEST_PUBLIC_S: Final = 10


def new_provider(url: str, *, formats: Collection[str], origin: str = "command", **fields: object) -> Provider:
    """Return the provider for a page given by hand, from fields of `Provider`; None counts as not given.

    Its name defaults to one made from the host. Raises ConfigError.
    """
    keys = {entry.field: entry.name for entry in PROVIDERS.entries.values()}
    if not fields.keys() <= keys.keys():
        raise TypeError(f"a provider has no fields {sorted(fields.keys() - keys.keys())}")
    given = {keys[field]: value for field, value in {"url": url, **fields}.items() if value is not None}
    name = given.get("name")
    place = f"new provider {quoted(name)}" if isinstance(name, str) else "new provider"
    values = checked(given, place, formats)
    values.setdefault("name", name_of(values["url"])[:LONGEST_TEXT])
    return assembled(values, place, origin)


def refiltered(provider: Provider, filters: Mapping[str, object]) -> Provider:
    """Return the provider with other values of the filters that are given, by key. Raises ConfigError."""
    return replace(provider, **checked(filters, f"provider {quoted(provider.id)}", (), known=PROVIDERS.filter_keys))


def checked(
    table: Mapping[str, object], place: str, formats: Collection[str], known: Collection[str] | None = None
) -> dict[str, Any]:
    """Return by field the values of a table, each one checked by itself. Raises ConfigError."""
    return PROVIDERS.values(table, place, {"format": ("auto", *sorted({*formats} - {"auto"}))}, known)


def assembled(values: Mapping[str, Any], place: str, origin: str) -> Provider:
    """Return the provider of checked values that fit together. Raises ConfigError if they do not."""
    PROVIDERS.require(values, place)
    given = {"id": slug(values["name"]), "id_given": "id" in values, **values, "origin": origin}
    provider = Provider(**given)
    if provider.interval_s < _SHORTEST_PUBLIC_S and not provider.allow_private:
        raise ConfigError(
            f"{place}: interval is {provider.interval_s}, less than {_SHORTEST_PUBLIC_S} seconds, the "
            f"least for a page of others; write {_SHORTEST_PUBLIC_S} or more (a page of your own: allow_private = true)"
        )
    return provider
