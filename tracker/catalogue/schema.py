"""The schema of a table of providers.toml: keys, checks, defaults and messages, all read from one struct.

A new key of an existing table is one edit: an annotated field of the struct.

    max_per_host: Annotated[int | None, CatalogueKey(help="Pages of its host …", unit="pages", most=1000)] = None

A new table takes a struct of such fields, `ROUTES = Schema("route", Route)`, the schema's name in
`tracker.catalogue.file.TABLES`, and a reader: `entries_of(document, ROUTES.kind, file, make)` for `[[route]]`,
`FALLBACK.values(table, place)` for a single `[fallback]`. `make` checks what must hold between keys.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Generic, NoReturn, TypeVar, get_args, get_origin

import msgspec

from tracker.catalogue.address import web_address
from tracker.catalogue.alert_values import (
    conversation,
    foreign_id,
    host,
    labels,
    mailbox,
    prometheus_labels,
    quiet_hours,
    seconds,
)
from tracker.catalogue.headers import header_variables
from tracker.catalogue.mistakes import InvalidValue, alternatives, quoted
from tracker.catalogue.values import (
    LONGEST_EXPRESSION,
    boolean,
    choice,
    identifier,
    list_of,
    text,
    time_zone,
    whole_number,
    word_table,
)
from tracker.errors import ConfigError
from tracker.model.event import EventKind
from tracker.model.filters import EXCLUDES
from tracker.model.key import CatalogueKey, Holds
from tracker.model.route import AlertKind

_VARIABLE: Final = re.compile("[A-Za-z_][A-Za-z0-9_]{0,199}")

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableKey:
    """One key of a table, with the declaration of its field in the struct."""

    name: str
    field: str
    #: Of a value: `int`, `bool`, `str`, an enumeration, or `tuple` for a list.
    type: type
    default: object
    key: CatalogueKey

    @property
    def example(self) -> str:
        """Return a line that a message may propose."""
        return f"{self.name} = {self.key.example}"

    def checked(self, value: object, words: Sequence[str] | None) -> object:
        """Return the checked value of the field; `words` are those that only the caller knows. Raises InvalidValue."""
        if self.type is tuple and not self.key.holds.is_table:
            return self._list(value)
        if self.key.holds is Holds.DURATION:
            return seconds(value, self.key.least, self.example)
        if self.type is bool:
            return boolean(value)
        if self.type is int:
            return whole_number(value, self.key.least, self.key.most, self.key.unit, self.example)
        if issubclass(self.type, StrEnum):
            return self.type(choice(value, self.key.choices or [each.value for each in self.type]))
        return choice(value, words) if words is not None else _CHECKS[self.key.holds](value, self)

    def _list(self, value: object) -> tuple[object, ...]:
        check = _CHECKS[self.key.holds]
        items = list_of(value, check=lambda item: check(item, self), example=self.example)
        if not items and self.key.is_required:
            raise InvalidValue(f"is empty; write at least one, as in {self.example}")
        if not items and not self.key.is_shared:
            self.refuse_empty()
        return items

    def refuse_empty(self) -> NoReturn:
        """Refuse an empty list, which reads like nothing and would mean all. Raises InvalidValue."""
        raise InvalidValue(f"is empty; leave it out for all, or write at least one, as in {self.example}")


class Schema(Generic[S]):
    """The keys of one kind of table, in the order in which a newcomer meets them: required ones first."""

    def __init__(self, kind: str, struct: type[S]) -> None:
        self.kind = kind
        self.struct = struct
        entries = [entry for field in msgspec.structs.fields(struct) if (entry := _entry(field)) is not None]
        entries.sort(key=lambda entry: not entry.key.is_required)
        self.entries: Mapping[str, TableKey] = {entry.name: entry for entry in entries}
        self.keys = tuple(self.entries)
        self.shared_keys = tuple(entry.name for entry in entries if entry.key.is_shared)
        self.filter_keys = tuple(entry.name for entry in entries if entry.key.is_filter)

    def values(
        self,
        table: Mapping[str, object],
        place: str,
        words: Mapping[str, Sequence[str]] | None = None,
        known: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """Return the values of a table by field, each one checked by itself. Raises ConfigError.

        `words` holds by key the values that only the caller knows, `known` the keys that are allowed (None: all).
        """
        known = self.keys if known is None else known
        values = {}
        refuse_unknown(table, known, place)
        for key, value in table.items():
            entry = self.entries[key]
            try:
                values[entry.field] = entry.checked(value, (words or {}).get(key))
            except InvalidValue as error:
                raise ConfigError(f"{place}: {key} {error}") from None
        return values

    def require(self, values: Mapping[str, object], place: str) -> None:
        """Refuse values without a required key. Raises ConfigError."""
        for entry in self.entries.values():
            if entry.key.is_required and entry.field not in values:
                raise ConfigError(f"{place}: {entry.name} is missing; add {entry.example}")


def refuse_unknown(table: Mapping[str, object], known: Collection[str], place: str) -> None:
    """Refuse a key that would otherwise have no effect. Raises ConfigError."""
    for key in table:
        if key not in known:
            raise ConfigError(f"{place}: unknown key {quoted(key)}; {alternatives(key, known)}")


def _entry(field: msgspec.structs.FieldInfo) -> TableKey | None:
    """Return the entry of a field, None for one that people do not write."""
    if get_origin(field.type) is not Annotated:
        return None
    annotated, *notes = get_args(field.type)
    for key in notes:
        if isinstance(key, CatalogueKey):
            default = None if field.default is msgspec.NODEFAULT else field.default
            return TableKey(
                name=key.name or field.name, field=field.name, type=_plain(annotated), default=default, key=key
            )
    return None


def _plain(annotation: Any) -> type:
    """Return the class of a value, without None and without the type of a list's items."""
    if isinstance(annotation, UnionType):
        (annotation,) = (each for each in get_args(annotation) if each is not NoneType)
    plain: type = get_origin(annotation) or annotation
    return plain


def _text(value: object, _entry: TableKey) -> str:
    return text(value)


def _identifier(value: object, entry: TableKey) -> str:
    otherwise = f"write one, as in {entry.example}" if entry.key.is_required else "leave it out"
    return identifier(value, entry.name, otherwise)


def _address(value: object, _entry: TableKey) -> str:
    return web_address(value)


def _secret_address(value: object, entry: TableKey) -> str:
    try:
        return web_address(value)
    except InvalidValue:
        proposal = entry.key.example.strip('"')
        raise InvalidValue(f"is not an http or https address without a user name; write one like {proposal}") from None


def _variable(value: object, entry: TableKey) -> str:
    """Return the name of a variable. The message does not repeat the value, which may be the secret itself."""
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        return value
    raise InvalidValue(f"is not the name of a variable; write one, as in {entry.example}")


def _headers(value: object, entry: TableKey) -> tuple[tuple[str, str], ...]:
    return header_variables(value, entry.key.reserved)


def _expression(value: object, _entry: TableKey) -> str:
    return text(value, LONGEST_EXPRESSION)


def _words(value: object, entry: TableKey) -> tuple[tuple[str, str], ...]:
    return word_table(value, entry.key.choices, entry.example)


def _zone(value: object, entry: TableKey) -> str:
    return time_zone(value, entry.example)


def _glob(value: object, _entry: TableKey) -> str:
    """Return a glob, or an exclusion and the glob behind it."""
    glob = text(value)
    if not glob.startswith(EXCLUDES):
        return glob
    excluded = glob.removeprefix(EXCLUDES).strip()
    if not excluded:
        raise InvalidValue(f'is {quoted(glob)}, which leaves out nothing; write what it leaves out, as in "!Beta*"')
    return EXCLUDES + excluded


def _event(value: object, _entry: TableKey) -> str:
    return choice(value, [kind.value for kind in EventKind])


def _event_or_exclusion(value: object, entry: TableKey) -> str:
    if isinstance(value, str) and value.startswith(EXCLUDES):
        return EXCLUDES + _event(value.removeprefix(EXCLUDES), entry)
    return _event(value, entry)


def _alert_kind(value: object, _entry: TableKey) -> AlertKind:
    return AlertKind(choice(value, [kind.value for kind in AlertKind]))


_CHECKS: Final[Mapping[Holds, Callable[[object, TableKey], object]]] = {
    Holds.TEXT: _text,
    Holds.IDENTIFIER: _identifier,
    Holds.ADDRESS: _address,
    Holds.SECRET_ADDRESS: _secret_address,
    Holds.VARIABLE: _variable,
    Holds.HEADERS: _headers,
    Holds.EXPRESSION: _expression,
    Holds.WORDS: _words,
    Holds.ZONE: _zone,
    Holds.GLOB: _glob,
    Holds.EVENT: _event,
    Holds.EVENT_OR_EXCLUSION: _event_or_exclusion,
    Holds.ALERT_KIND: _alert_kind,
    Holds.MAILBOX: lambda value, _entry: mailbox(value),
    Holds.HOST: lambda value, _entry: host(value),
    Holds.CONVERSATION: lambda value, _entry: conversation(value),
    Holds.FOREIGN_ID: lambda value, entry: foreign_id(value, entry.example),
    Holds.QUIET_HOURS: lambda value, entry: quiet_hours(value, entry.example),
    Holds.LABELS: lambda value, entry: labels(value, entry.example),
    Holds.PROMETHEUS_LABELS: lambda value, entry: prometheus_labels(value, entry.example),
}
