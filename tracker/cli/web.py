"""`tracker web`."""

import os
from pathlib import Path

import click

from tracker.cli.options import data_dir_option, environment
from tracker.cli.reaching import reached
from tracker.cli.up import log_to_stderr
from tracker.environment.history import HistorySettings
from tracker.environment.web import DEFAULT_ADDRESS, WebSettings, address_of
from tracker.errors import ConfigError
from tracker.supervise.page import NOT_INSTALLED


@click.command()
@click.argument("address", default=DEFAULT_ADDRESS, metavar="[HOST:PORT]")
@click.option("--next-free", is_flag=True, help="Use the next free port if this one is taken.")
@data_dir_option
def web(address: str, next_free: bool, data_dir: Path) -> None:
    """Serve the page, the API and the feeds of a running tracker.

    On this machine everybody may read. To listen on another address, set a token (TRACKER_WEB_TOKEN) or a trusted
    proxy (TRACKER_WEB_TRUSTED_PROXIES); without one, the command refuses that address.

    \b
    Example:
      tracker web 127.0.0.1:8080
    """
    try:
        from tracker.cli.additions import additions_of  # noqa: PLC0415  the web server is an extra
        from tracker.web.serving import serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("tracker", "workers"):
            raise
        raise ConfigError(NOT_INSTALLED) from error
    log_to_stderr()
    variables = environment(data_dir)
    web_settings, kept = WebSettings.from_environment(variables), HistorySettings.from_environment(variables)
    settings, _ = reached(data_dir, variables)
    os.umask(0o077)
    serve(
        settings,
        web_settings,
        kept,
        address_of(address),
        is_searching=next_free,
        additions=additions_of(settings),
    )
