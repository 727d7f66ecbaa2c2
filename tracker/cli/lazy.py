"""Groups of commands that import a command when it runs: `tracker --help` and `tracker status` start quickly."""

import textwrap
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

#: The exit status after Ctrl-C, as shells have it: 128 and the number of SIGINT.
INTERRUPTED = 130


class Lazy(NamedTuple):
    """A command that is not imported yet: its place, and the first sentence of its help."""

    #: `module:attribute`.
    where: str
    summary: str


class HelpFormatter(click.HelpFormatter):
    """Wraps lines of their own (`\\b`) between words; a command stays on one line, so that it can be copied."""

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        room = self.width - self.current_indent
        super().write_text("\n".join(piece for line in text.split("\n") for piece in _pieces(line, room)))


class HelpContext(click.Context):
    """A context that writes help with `HelpFormatter`."""

    formatter_class = HelpFormatter


def _pieces(line: str, room: int) -> list[str]:
    bare = line.lstrip()
    lead = line[: len(line) - len(bare)]
    is_command = bare.startswith("tracker ") and "  " not in bare
    # Without an indentation it is a part of a paragraph, which is wrapped as a whole.
    if not lead or len(line) <= room or is_command:
        return [line]
    return textwrap.wrap(
        line.strip(), room, initial_indent=lead, subsequent_indent=f"{lead}   ", break_long_words=False
    )


class FullHelp(click.Group):
    """A group whose list of commands shows whole sentences."""

    context_class = HelpContext

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None where there is none of that name."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.context_class = HelpContext
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with the first sentence of its help, wrapped and never cut."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, first_sentence(command)) for name, command in found if command and not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the completions of a word, each command with a whole sentence."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx) if name.startswith(incomplete))
        names = [CompletionItem(name, help=first_sentence(each)) for name, each in found if each and not each.hidden]
        return names or super().shell_complete(ctx, incomplete)


class LazyGroup(click.Group):
    """A group that knows its commands by name, section by section, and imports one when it is used."""

    context_class = HelpContext

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Lazy]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self._lazy = {name: lazy for section in sections.values() for name, lazy in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of the sections."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None where there is none of that name."""
        lazy = self._lazy.get(cmd_name)
        if lazy is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = lazy.where.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  a slip in the table below
        command.context_class = HelpContext
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Import and run the named command; Ctrl-C ends it without a message, with the status that shells use."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections without importing anything, and cut no sentence."""
        for title, section in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, lazy.summary) for name, lazy in section.items()])
        if self.commands:
            super().format_commands(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the completions of a word, without importing anything."""
        names = [
            CompletionItem(name, help=lazy.summary) for name, lazy in self._lazy.items() if name.startswith(incomplete)
        ]
        return names or super().shell_complete(ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the named command; for a name that is almost right, the error names the right one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from tracker.cli.naming import did_you_mean  # noqa: PLC0415  difflib, only for a mistake

            hint = did_you_mean(args[0], self._lazy)
            if hint is None:
                raise
            raise click.UsageError(f"There is no command {args[0]}; {hint}", ctx) from error


def first_sentence(command: click.Command) -> str:
    """Return the first sentence of a command's help, on one line."""
    paragraph = (command.help or "").partition("\n\n")[0]
    return " ".join(paragraph.split())
