"""One `[[format]]` of the catalogue: how a page of your own is read (`tracker.model.format_definition`)."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeAlias

from tracker.catalogue.mistakes import InvalidValue, quoted
from tracker.catalogue.schema import Schema
from tracker.errors import ConfigError
from tracker.model.format_definition import BodyKind, FormatDefinition

FORMATS: Final = Schema("format", FormatDefinition)
#: Checks the expressions of a definition. Raises InvalidValue, whose text begins with the key.
Understand: TypeAlias = Callable[[FormatDefinition], None]
#: The beginning of an expression's key, and the key of the list whose items it reads; without that it is useless.
_OWNERS: Final = {"update_": "updates", "component_": "component_list"}


def trusted(_: FormatDefinition) -> None:
    """Take expressions as they are: they are checked where the page is read."""


def definition_of(
    table: Mapping[str, object], place: str, formats: Collection[str], understand: Understand
) -> FormatDefinition:
    """Return the format that a table defines, once its parts fit together. Raises ConfigError."""
    values = FORMATS.values(table, place)
    FORMATS.require(values, place)
    definition = FormatDefinition(**values)
    try:
        _refuse_unfit(definition, formats)
        understand(definition)
    except InvalidValue as error:
        raise ConfigError(f"{place}: {error}") from None
    return definition


def _refuse_unfit(definition: FormatDefinition, formats: Collection[str]) -> None:
    if definition.name in {*formats, "auto"}:
        raise InvalidValue(f"name is {quoted(definition.name)}, the name of a built-in format; choose another name")
    if definition.kind is not BodyKind.JSON:
        if definition.always is None:
            raise InvalidValue(
                "always is missing: without it, a page without incidents and a rebuilt page look alike; "
                "name a part that the page always has, as in " + FORMATS.entries["always"].example
            )
        if definition.inside is not None:
            raise InvalidValue('inside is for json alone; remove it, or write kind = "json"')
    if definition.state is None and definition.update_state is None and not definition.only_open:
        raise InvalidValue(
            "state is missing: it says when an incident is over; add it, or only_open = true if the page lists only "
            "open incidents"
        )
    for begins, owner in _OWNERS.items():
        parts = [key for key in FORMATS.keys if key.startswith(begins) and key != owner and getattr(definition, key)]
        if parts and getattr(definition, owner) is None:
            raise InvalidValue(f"{parts[0]} is given and {owner} is not; add {FORMATS.entries[owner].example}")
    if definition.component_list is not None and definition.component_name is None:
        raise InvalidValue(f"component_name is missing; add {FORMATS.entries['component_name'].example}")
