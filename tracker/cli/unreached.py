"""A note about sinks that get nothing."""

from pathlib import Path

import click

from tracker.cli.reaching import running_settings
from tracker.store.catalogue import RedisCatalogue
from tracker.store.opening import open_sinks
from tracker.supervise.sinks import unreached_summary


def print_unreached(catalogue: RedisCatalogue, data_dir: Path) -> None:
    """Name the sinks with something that matches none of the pages that are watched now."""
    line = unreached_summary(open_sinks(running_settings(data_dir)).statuses(), catalogue.providers())
    if line is not None:
        click.echo(f"note: {line}", err=True)
