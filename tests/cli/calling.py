"""Commands as a user calls them, without a process of their own."""

from collections.abc import Iterator
from typing import Any

import click
from click.testing import CliRunner, Result

from tracker.cli import cli

#: A page in providers.toml.
ENTRY = '[[provider]]\nname = "{}"\nurl = "{}"\nallow_private = true\n'


def run(*arguments: object, **options: Any) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], **options)


def commands(group: click.Group = cli, path: str = "tracker") -> Iterator[tuple[str, click.Command]]:
    """Yield groups and commands, each with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
