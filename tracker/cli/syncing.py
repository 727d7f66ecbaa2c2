"""`tracker providers sync`: bring the catalogue of a running tracker in line with a file."""

from collections.abc import Sequence
from pathlib import Path

import click

from tracker.catalogue import kept_ids_line
from tracker.cli.inner import require_reachable
from tracker.cli.options import data_dir_option, format_option, read_contents, running_settings
from tracker.cli.reaching import running_catalogue
from tracker.cli.table import counted, json_text
from tracker.cli.unreached import print_unreached
from tracker.errors import ConfigError
from tracker.model.clock import utc_now
from tracker.model.provider import Provider
from tracker.store.catalogue import RedisCatalogue
from tracker.store.opening import open_alerts, open_catalogue, open_sinks
from tracker.store.ownership import Fence, Unowned, is_ours
from tracker.store.sync import Synced


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--or-keep", is_flag=True, help="Keep the present pages if the file has an error.")
@click.option("--take-over", is_flag=True, help="Remove pages even if a running tracker has them in its file.")
@data_dir_option
@format_option
def sync(file: Path, or_keep: bool, take_over: bool, data_dir: Path, output_format: str) -> None:
    """Replace pages, sinks, channels and routes by those of a file; pages added by command stay.

    While `tracker up` runs with another file, a file that would remove its pages is refused.

    \b
    Example:
      tracker providers sync providers.toml
    """
    try:
        contents = read_contents(file)
        pages, sinks, alerting = contents.providers, contents.sinks, contents.alerting
        require_reachable(sinks, alerting.channels, None)
    except ConfigError as error:
        if not or_keep:
            raise
        _keep(data_dir, error)
        return
    settings = running_settings(data_dir)
    fence = None if take_over else _checked_owner(open_catalogue(settings), pages, file)
    # Sinks first: a new page may have something to report at once.
    reported = open_sinks(settings, fence).sync(sinks)
    catalogue = open_catalogue(settings, fence)
    synced = catalogue.put(pages, utc_now(), replacing="file")
    # Last: an alert whose page is not in the catalogue would end.
    has_other_alerts = open_alerts(settings, fence).sync(alerting, awaits_journal=True)
    if output_format == "json":
        click.echo(json_text({"providers": synced, "sinks": reported}))
        return
    _print_synced(counted(len(pages), "page"), synced)
    if synced.kept_ids:
        click.echo(kept_ids_line(synced.kept_ids))
    if sinks or reported.removed:
        _print_synced(counted(len(sinks), "sink"), reported)
    if alerting.channels or has_other_alerts:
        changed = "changed" if has_other_alerts else "unchanged"
        channels, routes = counted(len(alerting.channels), "channel"), counted(len(alerting.routes), "route")
        click.echo(f"{channels} and {routes}: {changed}")
    print_unreached(catalogue, data_dir)


def _keep(data_dir: Path, error: ConfigError) -> None:
    """Print that the present pages stay; raise the error if there are none."""
    kept = running_catalogue(data_dir).providers()
    if not kept:
        raise error
    click.echo(f"tracker: {error}", err=True)
    click.echo(f"nothing was changed: {counted(len(kept), 'page')} as before, until the file is corrected", err=True)


def _print_synced(what: str, synced: Synced) -> None:
    click.echo(f"{what}: {synced.added} added, {synced.changed} changed, {synced.removed} removed")


def _checked_owner(catalogue: RedisCatalogue, pages: Sequence[Provider], file: Path) -> Fence:
    """Return the lease of the catalogue, which has to last to the end. Raises ConfigError.

    Refuses a file that would remove pages of a running tracker's own file.
    """
    held = catalogue.owner()
    if held is None:
        return Unowned()
    if not is_ours(held, str(file.resolve())) and (removed := catalogue.would_remove(pages, "file")):
        raise ConfigError(
            f"{file} lacks {len(removed)} of the pages that a running tracker watches, such as {removed[0]} "
            f"({held}); add them, or remove them with --take-over"
        )
    return held
