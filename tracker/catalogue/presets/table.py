"""The table of vendors, and how some of them name their regions and services: data that ships with the package."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec


class Preset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vendor that is known by name."""

    #: The id that a provider of this name gets.
    id: str
    name: str
    #: `ai`, `cloud`, `dev`, ...
    category: str
    url: str
    #: The name of the page's platform, None where it is not known. A hint that decides nothing.
    platform: str | None = None
    #: Name of the format that the page answered in, where the platform is not known. A hint that decides nothing.
    answers: str | None = None
    #: The month in which the page was last seen so: `2026-09`.
    seen: str
    #: Hosts where the page was before.
    moved_from: tuple[str, ...] = ()
    #: The reason why the page cannot be read, or not in full, if its format does not declare it.
    unread: str | None = None
    in_part: str | None = None
    #: Other words for the vendor, in lower case.
    aliases: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Return the host of its page."""
        return urlsplit(self.url).netloc


class Scopes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names that the page of one vendor has for the parts that a person may choose from."""

    #: Globs, one of which matches the code of any region; () where codes are not known.
    regions: tuple[str, ...] = ()
    #: Pages of their own for some regions or accounts: a name in lower case -> the page's address.
    pages: Mapping[str, str] = {}
    #: The address of the page of any other name, with `{}` for that; "" where there is none.
    any_page: str = ""
    #: Component names under which the page reports problems of many services at once.
    umbrella: tuple[str, ...] = ()
    #: Short name of a service, in lower case -> glob on the component names of the page.
    services: Mapping[str, str] = {}


#: For vendors of which nothing is known but the address.
_NO_SCOPES: Final = Scopes()


@cache
def presets() -> tuple[Preset, ...]:
    """Return all vendors, by category and then by id."""
    return tuple(
        msgspec.convert({"id": preset_id, "category": category, **entry}, Preset)
        for category, entries in _shipped("vendors.toml").items()
        for preset_id, entry in entries.items()
    )


@cache
def _all_scopes() -> dict[str, Scopes]:
    return msgspec.convert(_shipped("scopes.toml"), dict[str, Scopes])


def scopes(preset_id: str) -> Scopes:
    """Return the names that a vendor has for its regions and services."""
    return _all_scopes().get(preset_id, _NO_SCOPES)


def _shipped(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
