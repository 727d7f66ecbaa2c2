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
    """Send one reading command to the data server and print its answer, a line for each value.

    The server is that of `tracker up`, or the one that REDIS_URL names, behind sentinels as well; no password shows.

    \b
    Example:
      tracker ask ZRANGE tracker:due 0 0 WITHSCORES
    """
    for line in ask_server(running_settings(data_dir), words):
        click.echo(several_lines(line, _LONGEST))
