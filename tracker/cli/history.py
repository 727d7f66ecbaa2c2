"""`tracker history`."""

import os
import sys
from pathlib import Path

import click

from tracker.cli.lazy import FullHelp
from tracker.cli.options import data_dir_option, environment, format_option
from tracker.cli.table import json_text
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.environment.history import HistorySettings
from tracker.environment.settings import Settings
from tracker.errors import ConfigError
from tracker.history import open_history
from tracker.history.record import size_of
from tracker.model.clock import utc_now


@click.group(cls=FullHelp)
def history() -> None:
    """Rebuild the database that answers questions about the past.

    The database is built from updates.jsonl, which remains the record.

    \b
    Example:
      tracker history rebuild
    """


@history.command()
@data_dir_option
@format_option
def rebuild(data_dir: Path, output_format: str) -> None:
    """Empty the database and fill it from the whole record, rotated files included.

    Counts of polls stay, since the record has none. The tracker may keep running.

    \b
    Example:
      tracker history rebuild --data-dir data
    """
    variables = environment(data_dir)
    settings, kept = Settings.from_environment(variables), HistorySettings.from_environment(variables)
    record = data_dir / RECORD_NAME
    total = size_of(record)
    if not total:
        raise ConfigError(f"there is no record {record}; give the --data-dir of a tracker that has run")
    os.umask(0o077)
    recorded = open_history(settings.data_dir, kept.database_url)
    try:
        keep_since = None if kept.keep is None else utc_now() - kept.keep
        with click.progressbar(length=total, label="reading the record", file=sys.stderr) as bar:
            updates = recorded.rebuild(record, keep_since, bar.update)
    finally:
        recorded.close()
    said = f"read {updates:,} updates; the history is complete"
    click.echo(json_text({"updates": updates}) if output_format == "json" else said)
