"""`tracker drill`: a made incident that shows whether alerts arrive."""

import sys
from pathlib import Path

import click

from tracker.cli.channels import find
from tracker.cli.naming import chosen
from tracker.cli.options import data_dir_option, running_settings
from tracker.diagnosis.drill import Drill
from tracker.errors import DrillFailed
from tracker.model.clock import utc_now
from tracker.store.opening import open_alerts, open_catalogue, open_pages, open_rows


@click.command()
@click.argument("provider")
@click.option("--channel", default=None, help="This channel alone, whatever routes say.")
@click.option("--patience", type=click.FloatRange(1, 600), default=60, show_default=True, help="Seconds for each step.")
@data_dir_option
def drill(provider: str, channel: str | None, patience: float, data_dir: Path) -> None:
    """Send a test incident of a page to the real channels; exit status 1 names the broken part.

    It is marked as a drill, in the log and in each message; neither counts nor feeds take it in. Quiet hours, digests
    and silences do not hold it back.

    \b
    Example:
      tracker drill github --channel oncall
    """
    settings = running_settings(data_dir)
    (found,) = chosen(open_catalogue(settings).providers(), [provider])
    if channel is not None:
        find(settings, channel)
    made = Drill(found, open_pages(settings), open_alerts(settings), open_rows(settings), utc_now, patience)
    try:
        made.run(channel, click.echo)
    except DrillFailed as error:
        click.echo(f"the drill failed at {error}")
        sys.exit(1)
    click.echo("the drill came through")
