"""Providers as the [[provider]] blocks of a providers.toml that would say the same."""

import json
from collections.abc import Iterable

import msgspec

from tracker.catalogue.entry import PROVIDER_KEYS
from tracker.catalogue.names import slug
from tracker.model.provider import Provider

#: Keys whose fields are called otherwise.
_FIELDS = {"interval": "interval_s"}


def as_toml(providers: Iterable[Provider]) -> str:
    """Return one block a provider; keys that would say what holds anyway are left out."""
    return "\n".join("\n".join(["[[provider]]", *_lines(provider), ""]) for provider in providers)


def _lines(provider: Provider) -> list[str]:
    usual = msgspec.structs.asdict(Provider(id="" if provider.id_given else slug(provider.name), name="", url=""))
    values = msgspec.structs.asdict(provider)
    fields = {key: _FIELDS.get(key, key) for key in PROVIDER_KEYS}
    given = {key: values[field] for key, field in fields.items() if values[field] != usual[field]}
    return [f"{key} = {_table(value) if key == 'headers_env' else _written(value)}" for key, value in given.items()]


def _table(pairs: Iterable[tuple[str, str]]) -> str:
    """Return pairs as a table in one line; header names may hold what a bare key may not."""
    return f"{{ {', '.join(f'{_written(name)} = {_written(value)}' for name, value in pairs)} }}"


def _written(value: object) -> str:
    """Return a value in TOML: strings, numbers, switches and lists of checked values are written as in JSON."""
    return json.dumps(value, ensure_ascii=False)
