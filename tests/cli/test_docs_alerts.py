"""The examples of docs/alerts.md: each file is read, and each command is one that there is."""

import re
import shlex
from pathlib import Path

import click
import pytest

from tracker.catalogue import read_alerting
from tracker.catalogue.route import ROUTES
from tracker.cli import cli

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
FILES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line.partition("   #")[0].strip() for line in TEXT.splitlines() if line.startswith("tracker ")]


@pytest.mark.parametrize("example", FILES)
def test_each_example_of_a_file_is_read(example: str) -> None:
    found = read_alerting(example.encode(), file="docs/alerts.md")

    assert found.channels
    assert found.routes


def test_every_key_of_a_route_is_explained() -> None:
    table = TEXT.partition("## Keys of a route")[2].partition("\n## ")[0]

    assert [key for key in ROUTES.keys if f"`{key}`" not in table] == []


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_is_one_that_there_is(line: str) -> None:
    command: click.Command = cli
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            break
        command = found
        del words[0]
    context = command.make_context(command.name, words, resilient_parsing=False) if words else None

    assert command is not cli
    assert context is None or context.command is command
