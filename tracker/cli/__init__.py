"""The command `tracker`. Each module holds one group of commands; what they do is elsewhere."""

import sys

import click

from tracker import __version__
from tracker.cli.ask import ask_command
from tracker.cli.backtest import backtest_command
from tracker.cli.check import check
from tracker.cli.demo import demo
from tracker.cli.formats import formats
from tracker.cli.offline import once, parse, replay
from tracker.cli.presets import presets_command
from tracker.cli.providers import providers
from tracker.cli.sinks import sinks
from tracker.cli.status import status
from tracker.cli.up import up
from tracker.errors import ConfigError, TrackerError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tracker")
def cli() -> None:
    """Watch status pages; log every new incident update and component change, once."""


for command in (
    up,
    once,
    check,
    backtest_command,
    status,
    ask_command,
    providers,
    presets_command,
    sinks,
    formats,
    parse,
    replay,
    demo,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; an expected failure is one sentence and an exit status (2: what was given is wrong)."""
    try:
        cli(prog_name="tracker")
    except TrackerError as error:
        click.echo(f"tracker: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
