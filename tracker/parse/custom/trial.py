"""Tries a definition on one body: the findings of each expression, the result, and the reasons for gaps."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tracker.errors import ParseError
from tracker.model.format_definition import FormatDefinition
from tracker.model.page import Snapshot
from tracker.parse.custom.apart import TOO_COSTLY
from tracker.parse.custom.entries import Entries
from tracker.parse.custom.format import Compiled, compiled, custom_format
from tracker.parse.custom.language import BadExpression

#: Keys by the list whose entries they are parts of, the list first.
_PARTS: Final = {
    "incidents": (
        *("id", "title", "state", "impact", "text", "time", "begins", "ends", "components", "link", "updates"),
    ),
    "updates": ("update_id", "update_state", "update_text", "update_time"),
    "component_list": ("component_name", "component_state"),
}
_TIMES: Final = frozenset({"time", "begins", "ends", "update_time"})
_LONGEST: Final = 60


class ExpressionTrial(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one expression."""

    key: str
    expression: str
    #: Entries in which the expression finds something; for a list, the entries that it finds.
    found: int
    entries: int
    #: The first value that it finds, "" for none.
    sample: str = ""
    #: The reason why it finds nothing, or the problem with its findings; None without one.
    problem: str | None = None


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a definition on one body."""

    parts: tuple[ExpressionTrial, ...]
    #: The resulting snapshot, None without one.
    snapshot: Snapshot | None = None
    error: str | None = None


def tried(definition: FormatDefinition, body: bytes, url: str = "") -> Trial:
    """Return the findings of a definition in a body. Raises InvalidValue; ParseError when the body cannot be opened."""
    known = compiled(definition)
    root = known.language.opened(body)
    snapshot, problem = None, None
    try:
        snapshot = custom_format(definition).read(body, url, None)
    except ParseError as error:
        problem = str(error)
    parts = () if problem in TOO_COSTLY else tuple(_parts(known, root))
    return Trial(parts=parts, snapshot=snapshot, error=problem)


def _parts(known: Compiled, root: Any) -> Iterator[ExpressionTrial]:
    for key in ("always", "incidents", "component_list"):
        if key not in known.queries:
            continue
        entries = _found(known, key, root)
        yield _part(known, key, [root], is_list=key != "always")
        yield from _inside(known, key, entries)


def _inside(known: Compiled, owner: str, entries: list[Any]) -> Iterator[ExpressionTrial]:
    for key in _PARTS.get(owner, ()):
        if key not in known.queries:
            continue
        yield _part(known, key, entries)
        if key == "updates":
            yield from _inside(known, key, [value for entry in entries for value in _found(known, key, entry)])


def _part(known: Compiled, key: str, entries: list[Any], *, is_list: bool = False) -> ExpressionTrial:
    expression = str(getattr(known.definition, key))
    found = [values for entry in entries if (values := _found(known, key, entry))]
    first = found[0][0] if found else None
    sample = "" if first is None else " ".join(known.language.rich(first).split())
    problem: str | None
    if not found:
        problem = "there is no entry to look into" if not entries else _why(known, key, entries[0])
    else:
        problem = _what_is_wrong(known, key, (values[0] for values in found))
    return ExpressionTrial(
        key=key,
        expression=expression,
        found=sum(map(len, found)) if is_list else len(found),
        entries=sum(map(len, found)) if is_list else len(entries),
        sample=sample if len(sample) <= _LONGEST else sample[: _LONGEST - 1] + "…",
        problem=problem,
    )


def _why(known: Compiled, key: str, entry: Any) -> str:
    """Return the part of an expression that still finds something, and a description of what it finds."""
    expression = str(getattr(known.definition, key))
    step = ""
    there = [entry]
    for shorter in known.language.steps(expression):
        try:
            values = known.language.compiled(shorter, is_part=False)(entry)
        except (BadExpression, ParseError):
            continue
        if not values:
            return f"{shorter} finds nothing; {_place(step)} has {known.language.inside(there)}"
        there, step = values, shorter
    return f"it finds nothing; {_place(step)} has {known.language.inside(there)}"


def _place(step: str) -> str:
    return step or "the place where it begins"


def _what_is_wrong(known: Compiled, key: str, values: Iterable[Any]) -> str | None:
    reader = Entries(known.definition, known.language, {key: lambda node: [node]}, "")
    for value in values:
        plain = known.language.plain(value)
        if key in _TIMES and reader.time(key, value) is None:
            zone = "" if known.definition.zone else "; if it names no zone, add zone"
            return f"{str(plain)[:_LONGEST]!r} is not read as a time{zone}"
        if key in ("title", "id", "state", "update_id", "update_state") and plain is None:
            return f"it finds {known.language.inside([value])} where a text or a number is needed"
    return None


def _found(known: Compiled, key: str, node: Any) -> list[Any]:
    try:
        return known.queries[key](node)
    except ParseError:
        return []
