"""Providers as the equivalent [[provider]] blocks of a providers.toml."""

import json
from collections.abc import Iterable

import msgspec

from tracker.catalogue.entry import PROVIDERS
from tracker.catalogue.format import FORMATS
from tracker.catalogue.names import slug
from tracker.model.format_definition import FormatDefinition
from tracker.model.key import Holds
from tracker.model.provider import Provider


def as_toml(providers: Iterable[Provider]) -> str:
    """Return one block a provider, after one for each format that a catalogue defined for them.

    Keys with their default values are left out.
    """
    listed = list(providers)
    definitions = dict.fromkeys(provider.definition for provider in listed if provider.definition is not None)
    blocks = [
        *(["[[format]]", *_definition_lines(definition), ""] for definition in definitions),
        *(["[[provider]]", *_lines(provider), ""] for provider in listed),
    ]
    return "\n".join(map("\n".join, blocks))


def _definition_lines(definition: FormatDefinition) -> list[str]:
    return [
        f"{entry.name} = {_table(value) if entry.key.holds is Holds.WORDS else _written(value)}"
        for entry in FORMATS.entries.values()
        if (value := getattr(definition, entry.field)) != entry.default
    ]


def _lines(provider: Provider) -> list[str]:
    usual = msgspec.structs.asdict(Provider(id="" if provider.id_given else slug(provider.name), name="", url=""))
    values = msgspec.structs.asdict(provider)
    return [
        f"{entry.name} = {_table(value) if entry.key.holds is Holds.HEADERS else _written(value)}"
        for entry in PROVIDERS.entries.values()
        if (value := values[entry.field]) != usual[entry.field]
    ]


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    """Return pairs as a table in one line; header names may hold characters that a bare key may not."""
    return f"{{ {', '.join(f'{_written(name)} = {_written(value)}' for name, value in pairs)} }}"


def _written(value: object) -> str:
    """Return a value in TOML: strings, numbers, booleans and lists of checked values are written as in JSON."""
    return json.dumps(value, ensure_ascii=False)
