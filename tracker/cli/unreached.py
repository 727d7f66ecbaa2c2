"""A note about sinks that get no updates."""

from pathlib import Path

import click

from tracker.cli.options import running_settings
from tracker.store.catalogue import RedisCatalogue
from tracker.store.opening import open_sinks
from tracker.supervise.sinks import unreached_summary


def print_unreached(catalogue: RedisCatalogue, data_dir: Path) -> None:
    """Name the sinks with a pattern that matches none of the watched pages."""
    line = unreached_summary(open_sinks(running_settings(data_dir)).statuses(), catalogue.providers())
    if line is not None:
        click.echo(f"note: {line}", err=True)
