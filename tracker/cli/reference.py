"""The reference of all variables and keys, built from the definitions that the code reads. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

from tracker.catalogue import file as tables
from tracker.catalogue.channel import CHANNEL_TYPES
from tracker.catalogue.entry import PROVIDERS
from tracker.catalogue.format import FORMATS
from tracker.catalogue.route import FALLBACK, ROUTES
from tracker.catalogue.schema import Schema, TableKey
from tracker.catalogue.sink import SINKS
from tracker.environment.variables import VARIABLES, Variable
from tracker.model.key import Holds
from tracker.model.route import AlertKind

#: The tables of providers.toml, each with its purpose.
TABLES: Final[Sequence[tuple[Schema[Any], str]]] = (
    (PROVIDERS, "One page that is watched."),
    (FORMATS, "A format of your own, for a page that no built-in format reads (formats.md)."),
    (SINKS, "One receiver of updates in addition to the log."),
    *((schema, f'`type = "{name}"`: {schema.struct.__doc__}') for name, schema in CHANNEL_TYPES.items()),
    (ROUTES, "Which alerts go to which channels, and when."),
    (FALLBACK, "The channels that report another channel's failures."),
)
_HEAD: Final = """\
# Reference

All variables of the environment and all keys of `providers.toml`. This page is written from the code by
`tracker config reference`; a test checks that it is current.

## Variables of the environment

A variable with *file* may be given as a file instead: `NAME_FILE` names it. No variable's value is logged or stored.
"""
_VALUES: Final = {
    Holds.TEXT: "text",
    Holds.IDENTIFIER: "an id: a-z, 0-9 and -",
    Holds.ADDRESS: "an http or https address",
    Holds.SECRET_ADDRESS: "an http or https address",
    Holds.VARIABLE: "the name of a variable",
    Holds.EXPRESSION: "JMESPath, a CSS selector or XPath, by `kind`",
    Holds.WORDS: "a table of words with their meanings",
    Holds.ZONE: "the name of a time zone",
    Holds.HEADERS: "a table of headers, each with the name of a variable",
    Holds.GLOB: "globs",
    Holds.EVENT: "kinds of events",
    Holds.EVENT_OR_EXCLUSION: "kinds of events, a `!` before those left out",
    Holds.ALERT_KIND: f"kinds of alerts: {', '.join(f'`{kind}`' for kind in AlertKind)}",
    Holds.MAILBOX: "mail addresses",
    Holds.HOST: "a name or an address",
    Holds.CONVERSATION: "an id or a `#name`",
    Holds.FOREIGN_ID: "an id",
    Holds.DURATION: "a duration up to 30 days: `90s`, `5m`, `4h`, `2d`",
    Holds.QUIET_HOURS: "a table with `from`, `to`, `timezone` and `pass`, the least impact that passes",
    Holds.LABELS: "a table of labels",
    Holds.PROMETHEUS_LABELS: "a table of labels",
}


def reference() -> str:
    """Return the reference in Markdown."""
    lines = [_HEAD, *_variables(VARIABLES)]
    lines += ["", "## providers.toml", ""]
    lines += [f"`[defaults]` may set for all pages: {', '.join(f'`{key}`' for key in PROVIDERS.shared_keys)}."]
    headings = set()
    for schema, what in TABLES:
        heading = tables.TABLES[schema.kind]
        if heading not in headings:
            lines += ["", f"### {heading}"]
        headings.add(heading)
        lines += ["", f"{what} Keys that are required come first.", ""]
        lines += _keys(schema.entries.values())
    return "\n".join(lines) + "\n"


def _variables(variables: Iterable[Variable]) -> Iterator[str]:
    yield "| variable | meaning | default | file | read by |"
    yield "| --- | --- | --- | --- | --- |"
    for each in variables:
        default = _code(each.default) if each.default and " " not in each.default else each.default
        yield _row(_code(each.name), each.help, default, "yes" if each.has_file else "", each.of or "all")


def _keys(entries: Iterable[TableKey]) -> Iterator[str]:
    yield "| key | value | meaning | default | example |"
    yield "| --- | --- | --- | --- | --- |"
    for entry in entries:
        default = "*required*" if entry.key.is_required else _default(entry)
        example = _code(entry.example) if entry.key.example else ""
        yield _row(_code(entry.name), _value(entry), entry.key.help, default, example)


def _value(entry: TableKey) -> str:
    """Return the values of a key, in words."""
    if entry.type is bool:
        return "true or false"
    if entry.type is int and entry.key.holds is not Holds.DURATION:
        return f"{entry.key.least:,} to {entry.key.most:,} {entry.key.unit}".rstrip()
    if issubclass(entry.type, StrEnum):
        words = entry.key.choices or [each.value for each in entry.type]
        return ", ".join(_code(word) for word in words)
    value = _VALUES[entry.key.holds]
    is_list = entry.type is tuple and not entry.key.holds.is_table
    if is_list:
        return f"a list of {value}"
    return "a mail address" if entry.key.holds is Holds.MAILBOX else value


def _default(entry: TableKey) -> str:
    default = entry.default
    if default is None or default == ():
        return ""
    if entry.key.holds is Holds.DURATION and isinstance(default, int):
        return _code(f"{default // 60}m")
    return _code(str(default).lower() if isinstance(default, bool) else str(default))


def _code(text: str) -> str:
    return text if "`" in text else f"`{text}`"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
