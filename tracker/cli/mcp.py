"""`tracker mcp`: tools for agents, over standard input and output."""

import os
from pathlib import Path
from typing import Final

import click

from tracker.cli.options import data_dir_option, environment
from tracker.cli.reaching import reached
from tracker.cli.up import log_to_stderr
from tracker.errors import ConfigError

_NOT_INSTALLED: Final = (
    "agents need packages that are not installed; install them with: pip install 'status-page-tracker[mcp]'"
)


@click.command()
@data_dir_option
def mcp(data_dir: Path) -> None:
    """Answer an agent's questions over standard input and output (MCP).

    The agent starts this command. Agents elsewhere find the same tools at /mcp of the web page.

    \b
    Example:
      claude mcp add tracker -- tracker mcp --data-dir /var/lib/tracker
    """
    try:
        from tracker.cli.mcp_stdio import serve  # noqa: PLC0415  the protocol is an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("tracker", "workers"):
            raise
        raise ConfigError(_NOT_INSTALLED) from error
    log_to_stderr()
    variables = environment(data_dir)
    settings, _ = reached(data_dir, variables)
    os.umask(0o077)
    serve(settings, variables)
