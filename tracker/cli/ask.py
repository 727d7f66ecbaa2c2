"""`tracker ask`: one command to the data server, in the server's own words."""

from pathlib import Path

import click

from tracker.cli.options import data_dir_option, running_settings
from tracker.model.plain import several_lines
from tracker.store.opening import ask_server

_LONGEST = 100_000


@click.command("ask", context_settings={"ignore_unknown_options": True})
@click.argument("words", metavar="COMMAND [ARGUMENT]...", nargs=-1, required=True)
@data_dir_option
def ask_command(words: tuple[str, ...], data_dir: Path) -> None:
    """Send one read-only command to the data server and print its answer, one value a line.

    The command reads the data server of `tracker up`, or that of REDIS_URL, with Sentinel too. It shows no password.

    \b
    Example:
      tracker ask ZRANGE tracker:due 0 0 WITHSCORES
    """
    for line in ask_server(running_settings(data_dir), words):
        click.echo(several_lines(line, _LONGEST))
