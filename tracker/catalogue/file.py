"""`providers.toml`: bytes to providers and sinks, every mistake in it to one line that names its place and remedy."""

import re
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from tracker.catalogue.channel import channel_config_of
from tracker.catalogue.entry import PROVIDERS, assembled, checked
from tracker.catalogue.format import FORMATS, Understand, definition_of, trusted
from tracker.catalogue.mistakes import InvalidValue, alternatives, described, quoted
from tracker.catalogue.route import FALLBACK, ROUTES, fallback_of, refuse_digest, refuse_strangers, route_of
from tracker.catalogue.sink import SINKS, webhook_of
from tracker.errors import ConfigError
from tracker.model.format_definition import FormatDefinition
from tracker.model.plain import visible
from tracker.model.provider import Provider, Webhook
from tracker.model.route import Alerting

#: Some 160,000 providers; a longer file is not a catalogue.
_LONGEST_FILE = 16 * 1024 * 1024
#: How much of a path or of a parser's sentence one message repeats, in characters.
_LINE = 200
#: The tables of a file, as people write them.
TABLES: Final = {
    "defaults": "[defaults]",
    **{schema.kind: f"[[{schema.kind}]]" for schema in (PROVIDERS, SINKS, FORMATS)},
    "channel": "[[channel]]",
    ROUTES.kind: "[[route]]",
    FALLBACK.kind: "[fallback]",
}

T = TypeVar("T")


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of a catalogue file, from one reading."""

    providers: tuple[Provider, ...]
    sinks: tuple[Webhook, ...]
    alerting: Alerting


def load_contents(path: Path, *, formats: Collection[str], understand: Understand = trusted) -> Contents:
    """Return the contents of a file, which is read once: it may be a pipe, or be replaced. Raises ConfigError."""
    file, data = _read(path)
    return Contents(
        providers=read_catalogue(data, file=file, formats=formats, understand=understand),
        sinks=read_sinks(data, file=file),
        alerting=read_alerting(data, file=file),
    )


def load_catalogue(path: Path, *, formats: Collection[str], understand: Understand = trusted) -> tuple[Provider, ...]:
    """Return the providers of a catalogue file in its order. Raises ConfigError."""
    file, data = _read(path)
    return read_catalogue(data, file=file, formats=formats, understand=understand)


def load_definitions(path: Path, *, formats: Collection[str], understand: Understand) -> dict[str, FormatDefinition]:
    """Return the formats that a catalogue file defines, by name. Raises ConfigError."""
    file, data = _read(path)
    return _definitions(_document(data, file), file, formats, understand)


def read_catalogue(
    data: bytes, *, file: str, formats: Collection[str], understand: Understand = trusted
) -> tuple[Provider, ...]:
    """Return the providers of a catalogue's bytes; `file` is its name in messages. Raises ConfigError.

    `understand` checks the expressions of a `[[format]]`; this module knows nothing about expressions.
    """
    document = _document(data, file)
    definitions = _definitions(document, file, formats, understand)
    formats = (*formats, *definitions)
    defaults = _defaults(document.get("defaults", {}), file, formats)

    def provider_of(table: dict[str, Any], place: str) -> Provider:
        values = {**defaults, **checked(table, place, formats)}
        _refuse_empty(table, place, defaults)
        return assembled({**values, "definition": definitions.get(values.get("format", ""))}, place, origin="file")

    providers = entries_of(document, PROVIDERS.kind, file, provider_of)
    if not providers:
        raise ConfigError(f"{file}: no providers; add [[provider]] with a name and a url below it")
    _refuse_twice("id", {place: provider.id for place, provider in providers}, file)
    return tuple(provider for _, provider in providers)


def read_sinks(data: bytes, *, file: str) -> tuple[Webhook, ...]:
    """Return the sinks of a catalogue's bytes; `file` is its name in messages. Raises ConfigError."""
    sinks = entries_of(_document(data, file), SINKS.kind, file, webhook_of)
    _refuse_twice("name", {place: sink.name for place, sink in sinks}, file)
    return tuple(sink for _, sink in sinks)


def read_alerting(data: bytes, *, file: str) -> Alerting:
    """Return the alerting part of a catalogue's bytes; `file` is its name in messages. Raises ConfigError."""
    document = _document(data, file)
    channels = entries_of(document, "channel", file, channel_config_of)
    _refuse_twice("name", {place: channel.name for place, channel in channels}, file)
    routes = entries_of(document, ROUTES.kind, file, route_of)
    known = {channel.name: channel for _, channel in channels}
    for place, route in routes:
        refuse_strangers(route.to, known, f"{file}: {place}")
        refuse_digest(route, known, f"{file}: {place}")
    fallback = fallback_of(document[FALLBACK.kind], file) if FALLBACK.kind in document else ()
    refuse_strangers(fallback, known, f"{file}: [fallback]")
    return Alerting(
        channels=tuple(channel for _, channel in channels),
        routes=tuple(route for _, route in routes),
        fallback=fallback,
    )


def _read(path: Path) -> tuple[str, bytes]:
    """Return the name of a file in messages, and its bytes."""
    file = visible(str(path), _LINE)
    try:
        with path.open("rb") as stream:
            data = stream.read(_LONGEST_FILE + 1)
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file; create it or name another catalogue") from None
    except IsADirectoryError:
        raise ConfigError(f"{file}: is a directory; name the file in it, as in providers.toml") from None
    except (OSError, ValueError) as error:
        # ValueError: the path holds a NUL.
        reason = getattr(error, "strerror", None) or "not a valid path"
        raise ConfigError(f"{file}: cannot be read ({reason}); correct its path or permissions") from None
    if len(data) > _LONGEST_FILE:
        raise ConfigError(f"{file}: is larger than {_LONGEST_FILE} bytes; name a catalogue")
    return file, data


#: Keys of this many parts are refused unread: for each part, the reader's memory grows by all parts before it.
_MOST_PARTS: Final = 64
_PART: Final = rb"(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+"
#: It begins where a word does: from the middle of a long one each attempt would read on to its end.
_DEEP: Final = re.compile(rb"(?<![A-Za-z0-9_-])(?:%b){%d}" % (_PART, _MOST_PARTS - 1))


def _document(data: bytes, file: str) -> dict[str, Any]:
    """Return the contents of the TOML. Raises ConfigError if it is not valid, or has a table that we do not know."""
    if deep := _DEEP.search(data):
        line = data.count(b"\n", 0, deep.start()) + 1
        raise ConfigError(f"{file}: line {line} has a key of {_MOST_PARTS} parts or more; no key here has over 3")
    try:
        # Editors on Windows put a byte order mark first, which TOML does not allow.
        document = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}: line {line} is not UTF-8; save the file in that encoding") from None
    except (ValueError, RecursionError) as error:
        # Not only TOMLDecodeError: a number of 5000 digits is a plain ValueError, a thousand brackets a RecursionError.
        reason = visible(str(error), _LINE) if isinstance(error, tomllib.TOMLDecodeError) else "number or nesting"
        raise ConfigError(f"{file}: is not valid TOML: {reason}; correct that place") from None
    for key in document:
        if key not in TABLES:
            raise ConfigError(f"{file}: unknown {_kind(document[key])} {quoted(key)}; {_meant(key)}")
    return document


def _definitions(
    document: dict[str, Any], file: str, formats: Collection[str], understand: Understand
) -> dict[str, FormatDefinition]:
    """Return the formats that the file itself defines, by name."""
    found = entries_of(
        document, FORMATS.kind, file, lambda table, place: definition_of(table, place, formats, understand)
    )
    _refuse_twice("name", {place: definition.name for place, definition in found}, file)
    return {definition.name: definition for _, definition in found}


def _defaults(table: object, file: str, formats: Collection[str]) -> dict[str, Any]:
    """Return the checked values that hold for every provider without its own."""
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: defaults is {described(table)}; write [defaults], with one bracket each side")
    place = f"{file}: [defaults]"
    for key in table:
        if key in PROVIDERS.keys and key not in PROVIDERS.shared_keys:
            raise ConfigError(f"{place}: {key} cannot be shared; move it below a [[provider]]")
    values = checked(table, place, formats, known=PROVIDERS.shared_keys)
    _refuse_empty(table, place, {})
    return values


def _refuse_empty(table: dict[str, Any], place: str, defaults: dict[str, Any]) -> None:
    """Refuse an empty list, unless it takes back one of the defaults. Raises ConfigError."""
    for key, value in table.items():
        entry = PROVIDERS.entries[key]
        if value == [] and not defaults.get(entry.field):
            try:
                entry.refuse_empty()
            except InvalidValue as error:
                raise ConfigError(f"{place}: {key} {error}") from None


def entries_of(
    document: dict[str, Any], kind: str, file: str, make: Callable[[dict[str, Any], str], T]
) -> list[tuple[str, T]]:
    """Return the result of `make` for each entry of a kind, with the entry's name in messages. Raises ConfigError."""
    entries = document.get(kind, [])
    if not isinstance(entries, list):
        raise ConfigError(f"{file}: {kind} is {described(entries)}; write [[{kind}]], with two brackets each side")
    made = []
    for position, entry in enumerate(entries, start=1):
        place = _entry_name(kind, position, entry)
        if not isinstance(entry, dict):
            raise ConfigError(f"{file}: {place}: is {described(entry)}, not a table; write it below [[{kind}]]")
        made.append((place, make(entry, f"{file}: {place}")))
    return made


def _refuse_twice(key: str, ids: dict[str, str], file: str) -> None:
    """Refuse two entries of one id."""
    places: dict[str, str] = {}
    for place, entry_id in ids.items():
        if entry_id in places:
            raise ConfigError(
                f'{file}: {place}: {key} "{entry_id}" is that of {places[entry_id]} too; '
                f'give one of them its own, as in {key} = "{entry_id[:61]}-2"'
            )
        places[entry_id] = place


def _entry_name(kind: str, position: int, entry: object) -> str:
    """Return the name of an entry in messages: by its position, and its name if it has one."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"{kind} {position} {quoted(name)}" if isinstance(name, str) else f"{kind} {position}"


def _kind(value: object) -> str:
    """Return the kind of an unknown top-level key."""
    return "table" if isinstance(value, dict | list) else "key"


def _meant(key: str) -> str:
    """Return the remedy for a top-level key that we do not know."""
    if key in PROVIDERS.shared_keys:
        return "move it below [defaults] or a [[provider]]"
    if key in PROVIDERS.keys:
        return "move it below a [[provider]]"
    return alternatives(key, tuple(TABLES.values()))
