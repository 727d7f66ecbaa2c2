"""`tracker providers`: the catalogue of a running tracker. Changes take effect at once."""

from pathlib import Path

import click

from tracker.bootstrap import open_catalogue, open_sinks, utc_now
from tracker.catalogue import load_sinks, new_provider
from tracker.cli.options import (
    data_dir_option,
    filter_options,
    format_option,
    given_filters,
    read_providers,
    running_catalogue,
    running_settings,
)
from tracker.cli.table import json_text, table
from tracker.errors import ConfigError
from tracker.parse import FORMAT_NAMES


@click.group()
def providers() -> None:
    """List, add and remove the pages of a running tracker; no restart is needed.

    \b
    Example:
      tracker providers add https://status.example.com --name Example --interval 30
    """


@providers.command("list")
@data_dir_option
@format_option
def list_(data_dir: Path, output_format: str) -> None:
    """Show the pages that are watched.

    \b
    Example:
      tracker providers list --format json
    """
    known = running_catalogue(data_dir).providers()
    if output_format == "json":
        click.echo(json_text(known))
        return
    rows = [(p.id, p.name, f"{p.interval_s} s", p.format, p.origin, p.url) for p in known]
    click.echo(table(("ID", "NAME", "INTERVAL", "FORMAT", "FROM", "URL"), rows))


@providers.command()
@click.argument("url")
@click.option("--name", help="Default: from the host.")
@click.option("--interval", type=int, default=60, show_default=True, help="Seconds, 1 to 86400.")
@click.option("--allow-private", is_flag=True, help="Allow an address that is not public.")
@filter_options
@data_dir_option
def add(url: str, name: str | None, interval: int, allow_private: bool, data_dir: Path, **filters: object) -> None:
    """Watch one more page.

    \b
    Example:
      tracker providers add https://www.githubstatus.com --interval 30 --components "Git*" --min-impact major
    """
    catalogue = running_catalogue(data_dir)
    provider = new_provider(
        url,
        formats=FORMAT_NAMES,
        name=name,
        interval_s=interval,
        allow_private=allow_private,
        **given_filters(**filters),
    )
    if any(known.id == provider.id for known in catalogue.providers()):
        raise ConfigError(f"there is a provider {provider.id} already; choose another --name, or remove it first")
    catalogue.put([provider], utc_now())
    click.echo(f"added {provider.id}: {provider.url} every {provider.interval_s} s")


@providers.command()
@click.argument("ids", nargs=-1, required=True)
@data_dir_option
def remove(ids: tuple[str, ...], data_dir: Path) -> None:
    """Stop watching pages and forget what is known of them.

    A page that stands in providers.toml comes back with the next sync or start.

    \b
    Example:
      tracker providers remove github
    """
    catalogue = running_catalogue(data_dir)
    known = {provider.id: provider for provider in catalogue.providers()}
    for provider_id in ids:
        if provider_id not in known:
            raise ConfigError(f"there is no provider {provider_id}; `tracker providers list` shows them all")
    catalogue.remove(ids)
    for provider_id in ids:
        from_file = " (it stands in a file; the next sync of that brings it back)"
        click.echo(f"removed {provider_id}{from_file if known[provider_id].origin == 'file' else ''}")


@providers.command()
@click.argument("file", type=click.Path(path_type=Path))
@data_dir_option
def sync(file: Path, data_dir: Path) -> None:
    """Bring pages and sinks in line with a file; pages that were added by command stay.

    \b
    Example:
      tracker providers sync providers.toml
    """
    pages, sinks = read_providers(file), load_sinks(file)
    settings = running_settings(data_dir)
    # Sinks first: a page that is new may have something to tell at once.
    told = open_sinks(settings).sync(sinks)
    synced = open_catalogue(settings).put(pages, utc_now(), replacing="file")
    click.echo(f"{len(pages)} pages: {synced.added} added, {synced.changed} changed, {synced.removed} removed")
    if sinks or told.removed:
        click.echo(f"{len(sinks)} sinks: {told.added} added, {told.changed} changed, {told.removed} removed")
