"""`tracker providers`: the catalogue of a running tracker. Changes take effect at once."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from tracker.bootstrap import open_catalogue, open_sinks
from tracker.catalogue import PROVIDERS, as_toml, kept_ids_line, load_sinks, new_provider
from tracker.catalogue.presets import Choice, chosen, completions, nearest
from tracker.catalogue.presets import search as lookup
from tracker.catalogue.presets.imported import load_list
from tracker.cli.options import (
    data_dir_option,
    format_option,
    given_headers,
    given_keys,
    header_option,
    key_options,
    read_providers,
    running_catalogue,
    running_settings,
)
from tracker.cli.table import json_text, table
from tracker.errors import ConfigError, TrackerError
from tracker.model.clock import utc_now
from tracker.model.plain import one_line
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES
from tracker.parse.coverage import Reach, coverage
from tracker.store.catalogue import RedisCatalogue
from tracker.supervise.sinks import unreached_summary

#: How much of an address or a reason is shown, in characters.
_LONGEST_LINE: Final = 300


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the presets that a shell offers for the beginning of a word."""
    return list(completions(incomplete))


@click.group()
def providers() -> None:
    """List, add and remove the pages of a running tracker; no restart is needed.

    \b
    Example:
      tracker providers add openai https://status.example.com
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
    rows = [(p.id, p.name, f"{p.interval_s} s", p.cadence, p.format, p.origin, p.url) for p in known]
    click.echo(table(("ID", "NAME", "INTERVAL", "CADENCE", "FORMAT", "FROM", "URL"), rows))


@providers.command()
@click.argument("words", nargs=-1, shell_complete=_complete)
@format_option
def search(words: tuple[str, ...], output_format: str) -> None:
    """Show the presets: vendors that `add` knows by name; all of them, or those that match every word.

    \b
    Example:
      tracker providers search google cloud
    """
    found = lookup(words)
    if not found:
        raise TrackerError(_not_found(words))
    if output_format == "json":
        click.echo(json_text(found))
        return
    rows = [(p.id, p.name, p.category, p.platform or "", coverage(p).reach, ", ".join(p.aliases), p.url) for p in found]
    click.echo(table(("ID", "NAME", "CATEGORY", "PLATFORM", "READ", "ALSO", "URL"), rows))


@providers.command()
@click.argument("pages", nargs=-1, required=True, shell_complete=_complete)
@click.option("--name", help="Default: the vendor's, or from the host; for one page only.")
@click.option("--toml", is_flag=True, help="Print what to put in providers.toml instead; needs no running tracker.")
@header_option
@key_options(*PROVIDERS.shared_keys)
@data_dir_option
def add(
    pages: tuple[str, ...],
    name: str | None,
    toml: bool,
    header_env: tuple[str, ...],
    data_dir: Path,
    **keys: object,
) -> None:
    """Watch more pages: all that are given, or none if one of them is wrong.

    A page is an address, or a preset (`search` shows them). Regions and components of a preset may be chosen, with
    commas between several: PRESET:REGION, PRESET/COMPONENT, PRESET:REGION/COMPONENT.

    \b
    Example:
      tracker providers add openai github/Actions aws:us-east-1/ec2,s3 https://status.example.com
      tracker providers add github --min-impact major --no-maintenance
    """
    if name is not None and len(pages) > 1:
        raise ConfigError("--name is for one page; leave it out, or add the pages one by one")
    asked = {"headers_env": given_headers(header_env), **given_keys(**keys)}
    choices = [chosen(page) for page in pages]
    wanted = [_provider(choice, name, {**asked}) for choice in choices]
    _refuse_repeated(wanted)
    for choice in choices:
        _tell_unread(choice)
    if toml:
        click.echo(as_toml(wanted), nl=False)
        return
    catalogue = running_catalogue(data_dir)
    known = {provider.id for provider in catalogue.providers()}
    for provider in wanted:
        if provider.id in known:
            raise ConfigError(f"there is a provider {provider.id} already; choose another --name, or remove it first")
    catalogue.put(wanted, utc_now())
    _tell_added(wanted)
    _tell_unreached(catalogue, data_dir)


@providers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be added, and add nothing.")
@data_dir_option
def import_(file: Path, dry_run: bool, data_dir: Path) -> None:
    """Watch the pages that a list names; exit status 1 if none of them can be watched.

    A list has addresses or vendors' names, one a line; or is CSV with a column of either, as other trackers export it;
    or the OPML of a feed reader, Backstage's catalog-info.yaml, or a Terraform list. Names are matched to presets;
    those that match none are named. What is there already is passed over, and so is what is no address of the web.

    \b
    Example:
      tracker providers import vendors.csv --dry-run
    """
    catalogue = running_catalogue(data_dir)
    found = load_list(file, known=catalogue.providers(), formats=FORMAT_NAMES)
    for reason in (*found.repeated, *found.invalid, *found.unmatched):
        click.echo(f"skipped: {one_line(reason, _LONGEST_LINE)}", err=True)
    if not dry_run:
        catalogue.put(found.providers, utc_now())
    _tell_added(found.providers, "would add" if dry_run else "added")
    skipped = len(found.repeated) + len(found.invalid) + len(found.unmatched)
    click.echo(f"{len(found.providers)} pages {'to add' if dry_run else 'added'}, {skipped} skipped")
    if not (found.providers or found.repeated):
        raise TrackerError(f"{file}: holds no page that can be watched")


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
    _tell_unreached(catalogue, data_dir)


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
    reported = open_sinks(settings).sync(sinks)
    catalogue = open_catalogue(settings)
    synced = catalogue.put(pages, utc_now(), replacing="file")
    click.echo(f"{len(pages)} pages: {synced.added} added, {synced.changed} changed, {synced.removed} removed")
    if synced.kept_ids:
        click.echo(kept_ids_line(synced.kept_ids))
    if sinks or reported.removed:
        click.echo(
            f"{len(sinks)} sinks: {reported.added} added, {reported.changed} changed, {reported.removed} removed"
        )
    _tell_unreached(catalogue, data_dir)


def _provider(choice: Choice, name: str | None, asked: dict[str, Any]) -> Provider:
    """Return the provider for a page that was asked for; what a preset chooses is chosen beside the filters given."""
    regions = (*choice.regions, *asked.pop("regions", ()))
    components = (*choice.components, *asked.pop("components", ()))
    return new_provider(
        choice.url,
        formats=FORMAT_NAMES,
        name=name if name is not None else choice.name,
        regions=regions,
        components=components,
        **asked,
    )


def _tell_unread(choice: Choice) -> None:
    """Say what of a preset's page is known not to be read."""
    known = coverage(choice.preset) if choice.preset is not None else None
    if known is not None and known.reach is Reach.NOT:
        click.echo(f"note: {choice.name} cannot be read so far ({known.reason}): it stays unknown", err=True)


def _refuse_repeated(wanted: Sequence[Provider]) -> None:
    """Refuse two pages of one id, of which only the last would be watched."""
    for provider_id, count in Counter(provider.id for provider in wanted).items():
        if count > 1:
            raise ConfigError(
                f"{count} of these pages would have the id {provider_id}; "
                "leave one out, or add it by itself with --name"
            )


def _tell_added(added: Sequence[Provider], word: str = "added") -> None:
    for provider in added:
        click.echo(f"{word} {provider.id}: {one_line(provider.url, _LONGEST_LINE)} every {provider.interval_s} s")


def _tell_unreached(catalogue: RedisCatalogue, data_dir: Path) -> None:
    """Name the sinks with something that matches none of the pages that are watched now."""
    line = unreached_summary(open_sinks(running_settings(data_dir)).statuses(), catalogue.providers())
    if line is not None:
        click.echo(f"note: {line}", err=True)


def _not_found(words: Sequence[str]) -> str:
    """Return the sentence for a search that found nothing."""
    sought = one_line(" ".join(words), _LONGEST_LINE)
    close = nearest(sought)
    hint = f"did you mean {' or '.join(close)}?" if close else "any page can be added by its address"
    return f"no preset matches {sought}; {hint}"
