"""A schema: keys, checks and messages come from the fields of a struct, of one that the product does not know, too."""

import tomllib
from enum import StrEnum
from typing import Annotated

import msgspec
import pytest

from tracker.catalogue import PROVIDERS, SINKS
from tracker.catalogue.schema import Schema
from tracker.errors import ConfigError
from tracker.model.key import CatalogueKey, Holds


class Tone(StrEnum):
    LOW = "low"
    HIGH = "high"


class Bell(msgspec.Struct, frozen=True, kw_only=True):
    """A table that nothing of the product has."""

    id: Annotated[str, CatalogueKey(help="Its id.", holds=Holds.IDENTIFIER, example='"front"', is_required=True)]
    tone: Annotated[Tone, CatalogueKey(help="Its tone.", example='"low"')] = Tone.LOW
    pause_s: Annotated[int | None, CatalogueKey(name="pause", help="Rest.", unit="seconds", most=9, example="5")] = None
    token_env: Annotated[str | None, CatalogueKey(help="Its token.", holds=Holds.VARIABLE, example='"BELL_TOKEN"')] = (
        None
    )
    doors: Annotated[
        tuple[str, ...], CatalogueKey(help="Where.", holds=Holds.GLOB, example='["front*"]', is_shared=True)
    ] = ()
    is_muted: Annotated[bool, CatalogueKey(name="muted", help="Whether it rests.")] = False
    rung: int = 0


BELLS = Schema("bell", Bell)


def test_a_table_becomes_the_values_of_its_fields() -> None:
    table = {"id": "b", "tone": "high", "pause": 3, "token_env": "T", "doors": ["a", "!b"], "muted": True}

    assert Bell(**BELLS.values(table, "bell 1")) == Bell(
        id="b", tone=Tone.HIGH, pause_s=3, token_env="T", doors=("a", "!b"), is_muted=True
    )
    assert BELLS.shared_keys == ("doors",)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rung": 1}, 'bell 1: unknown key "rung"; '),
        ({"pause_s": 1}, 'bell 1: unknown key "pause_s"; did you mean pause?'),
        ({"id": 1}, 'bell 1: id is 1, not 1 to 64 of .*; write one, as in id = "front"'),
        ({"tone": "lo"}, 'bell 1: tone is "lo"; did you mean low?'),
        ({"pause": 10}, "bell 1: pause is 10, not from 1 to 9 seconds; write pause = 5"),
        ({"token_env": "hunter 2"}, 'bell 1: token_env is not the name of a variable; .* token_env = "BELL_TOKEN"'),
        ({"doors": "a"}, r'bell 1: doors is "a", not a list; write one, as in doors = \["front\*"\]'),
        ({"muted": 1}, "bell 1: muted is 1; write true or false, without quotes"),
        ({}, 'bell 1: id is missing; add id = "front"'),
    ],
)
def test_each_error_names_place_key_and_remedy(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BELLS.require(BELLS.values(table, "bell 1"), "bell 1")


@pytest.mark.parametrize("schema", [PROVIDERS, SINKS, BELLS])
def test_the_example_of_each_key_is_right(schema: Schema[msgspec.Struct]) -> None:
    for entry in schema.entries.values():
        if entry.key.example:
            table = tomllib.loads(entry.example)
            assert [*schema.values(table, "here", {"format": ("auto", "feed")} if schema is PROVIDERS else None)] == [
                entry.field
            ]
        else:
            assert entry.type is bool, f"{entry.name} needs an example"
        assert entry.key.help.endswith("."), entry.name
