"""`tracker drill`: an invented incident that shows whether alerts arrive."""

import sys
from pathlib import Path

import click

from tracker.cli.channels import find
from tracker.cli.completion import watched
from tracker.cli.naming import chosen
from tracker.cli.options import data_dir_option, format_option, running_settings
from tracker.cli.table import json_text
from tracker.diagnosis.drill import Drill
from tracker.errors import DrillFailed
from tracker.model.clock import utc_now
from tracker.store.opening import open_alerts, open_catalogue, open_pages, open_rows


@click.command()
@click.argument("provider", shell_complete=watched)
@click.option("--channel", default=None, help="Only this channel, whatever the routes say.")
@click.option(
    "--patience", type=click.FloatRange(1, 600), default=60, show_default=True, help="The most seconds for each step."
)
@data_dir_option
@format_option
def drill(provider: str, channel: str | None, patience: float, data_dir: Path, output_format: str) -> None:
    """Send a test incident to the real channels; if a step fails, name it and exit with status 1.

    The incident is marked as a drill in the log and in each message; counts and feeds leave it out. Quiet hours,
    digests and silences do not hold it back.

    \b
    Example:
      tracker drill github --channel oncall
    """
    settings = running_settings(data_dir)
    (found,) = chosen(open_catalogue(settings).providers(), [provider])
    if channel is not None:
        find(settings, channel)
    made = Drill(found, open_pages(settings), open_alerts(settings), open_rows(settings), utc_now, patience)
    steps: list[str] = []
    failure = None
    try:
        made.run(channel, steps.append if output_format == "json" else click.echo)
    except DrillFailed as error:
        failure = str(error)
    if output_format == "json":
        click.echo(json_text({"provider": found.id, "passed": failure is None, "failure": failure, "steps": steps}))
    else:
        click.echo("the drill succeeded" if failure is None else f"the drill failed at {failure}")
    sys.exit(0 if failure is None else 1)
