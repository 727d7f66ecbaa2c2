"""`tracker providers`: the catalogue of a running tracker. Changes take effect at once."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from msgspec.structs import replace

from tracker.bootstrap import open_alerts
from tracker.catalogue import PROVIDERS, as_toml, kept_ids_line, load_alerting, load_sinks, new_provider
from tracker.catalogue.presets import Choice, chosen, completions, nearest
from tracker.catalogue.presets import search as lookup
from tracker.catalogue.presets.imported import load_list
from tracker.cli.lazy import FullHelp
from tracker.cli.naming import meant
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
from tracker.cli.table import counted, json_text, table
from tracker.cli.unread import is_unread, print_unread
from tracker.environment.proxies import literal
from tracker.errors import ConfigError, TrackerError
from tracker.fetch.addresses import is_public
from tracker.model.clock import utc_now
from tracker.model.plain import one_line
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES
from tracker.parse.coverage import coverage
from tracker.store import opening
from tracker.store.catalogue import RedisCatalogue
from tracker.store.ownership import is_ours
from tracker.supervise.sinks import unreached_summary

#: The longest address or reason that is shown, in characters.
_LONGEST_LINE: Final = 300
#: Pages that `add` asks at a time.
_ASKED_TOGETHER: Final = 8
_PRIVATE: Final = "{url} is not public; add --allow-private if it is a page of your own network"


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the presets that a shell offers for the beginning of a word."""
    return list(completions(incomplete))


@click.group(cls=FullHelp)
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
@click.option("--toml", is_flag=True, help="Print what to put in providers.toml instead; asks and changes nothing.")
@click.option("--no-check", is_flag=True, help="Add pages without asking them first.")
@header_option
@key_options(*PROVIDERS.shared_keys)
@data_dir_option
def add(
    pages: tuple[str, ...],
    name: str | None,
    toml: bool,
    no_check: bool,
    header_env: tuple[str, ...],
    data_dir: Path,
    **keys: object,
) -> None:
    """Watch more pages: all of the given ones, or none if one of them is wrong.

    Each page is asked first, as `tracker check` does; one that cannot be read is refused (exit status 1) unless
    --no-check is given.

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
    for provider in wanted:
        if _is_inner(provider) and not provider.allow_private:
            raise ConfigError(_PRIVATE.format(url=one_line(provider.url, _LONGEST_LINE)))
    for choice in choices:
        print_unread(choice)
    if toml:
        click.echo(as_toml(wanted), nl=False)
        return
    catalogue = running_catalogue(data_dir)
    known = {provider.id: provider for provider in catalogue.providers()}
    for provider in wanted:
        same = known.get(provider.id)
        if same is not None and not _allows_private(same, provider):
            raise ConfigError(f"there is a provider {provider.id} already; choose another --name, or remove it first")
    if not no_check:
        _check_first(
            [(provider, choice.name) for provider, choice in zip(wanted, choices, strict=True) if not is_unread(choice)]
        )
    catalogue.put(wanted, utc_now())
    _print_added(wanted)
    _print_unreached(catalogue, data_dir)


@providers.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be added, and add nothing.")
@click.option("--allow-private", is_flag=True, help="Take addresses that are not public, too.")
@data_dir_option
def import_(file: Path, dry_run: bool, allow_private: bool, data_dir: Path) -> None:
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
    inner = [provider for provider in found.providers if _is_inner(provider)]
    if allow_private:
        allowed = [replace(provider, allow_private=_is_inner(provider)) for provider in found.providers]
    else:
        allowed = [provider for provider in found.providers if provider not in inner]
    refused = [] if allow_private else [_PRIVATE.format(url=provider.url) for provider in inner]
    for reason in (*found.repeated, *found.invalid, *found.unmatched, *refused):
        click.echo(f"skipped: {one_line(reason, _LONGEST_LINE)}", err=True)
    if not dry_run:
        catalogue.put(allowed, utc_now())
    _print_added(allowed, "would add" if dry_run else "added")
    skipped = len(found.repeated) + len(found.invalid) + len(found.unmatched) + len(refused)
    click.echo(f"{len(allowed)} pages {'to add' if dry_run else 'added'}, {skipped} skipped")
    if not (allowed or found.repeated):
        raise TrackerError(f"{file}: holds no page that can be watched")


@providers.command()
@click.argument("ids", nargs=-1, required=True, metavar="PROVIDER...")
@data_dir_option
@format_option
def remove(ids: tuple[str, ...], data_dir: Path, output_format: str) -> None:
    """Stop watching pages and forget what is known of them.

    A page that is in providers.toml comes back with the next sync or start.

    \b
    Example:
      tracker providers remove github
    """
    catalogue = running_catalogue(data_dir)
    known = catalogue.providers()
    removed = [meant(known, word) for word in ids]
    catalogue.remove([provider.id for provider in removed])
    if output_format == "json":
        click.echo(json_text({"removed": [provider.id for provider in removed]}))
    for provider in removed if output_format == "text" else ():
        from_file = " (it is in a file; the next sync of that brings it back)"
        click.echo(f"removed {provider.id}{from_file if provider.origin == 'file' else ''}")
    _print_unreached(catalogue, data_dir)


@providers.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--or-keep", is_flag=True, help="Go on with the pages of before if the file has a mistake.")
@click.option("--take-over", is_flag=True, help="Remove pages even if a running tracker has them in its file.")
@data_dir_option
@format_option
def sync(file: Path, or_keep: bool, take_over: bool, data_dir: Path, output_format: str) -> None:
    """Bring pages and sinks in line with a file; pages that were added by command stay.

    While `tracker up` runs with another file, one that would remove its pages is refused.

    \b
    Example:
      tracker providers sync providers.toml
    """
    try:
        pages, sinks, alerting = read_providers(file), load_sinks(file), load_alerting(file)
    except ConfigError as error:
        kept = running_catalogue(data_dir).providers() if or_keep else ()
        if not kept:
            raise
        click.echo(f"tracker: {error}", err=True)
        click.echo(
            f"nothing was changed: {counted(len(kept), 'page')} as before, until the file is corrected", err=True
        )
        return
    settings = running_settings(data_dir)
    if not take_over:
        _refuse_foreign(opening.catalogue(settings), pages, file)
    # Sinks first: a page that is new may have something to tell at once.
    reported = opening.sinks(settings).sync(sinks)
    catalogue = opening.catalogue(settings)
    synced = catalogue.put(pages, utc_now(), replacing="file")
    # Last: an alert whose page is not in the catalogue would end.
    has_other_alerts = open_alerts(settings).sync(alerting, awaits_journal=True)
    if output_format == "json":
        click.echo(json_text({"providers": synced, "sinks": reported}))
        return
    click.echo(f"{len(pages)} pages: {synced.added} added, {synced.changed} changed, {synced.removed} removed")
    if synced.kept_ids:
        click.echo(kept_ids_line(synced.kept_ids))
    if sinks or reported.removed:
        click.echo(
            f"{len(sinks)} sinks: {reported.added} added, {reported.changed} changed, {reported.removed} removed"
        )
    if alerting.channels or has_other_alerts:
        changed = "changed" if has_other_alerts else "unchanged"
        click.echo(f"{len(alerting.channels)} channels and {len(alerting.routes)} routes: {changed}")
    _print_unreached(catalogue, data_dir)


def _refuse_foreign(catalogue: RedisCatalogue, pages: Sequence[Provider], file: Path) -> None:
    """Refuse a file that would remove pages of a running tracker's own file. Raises ConfigError."""
    held = catalogue.owner()
    if held is None or is_ours(held, str(file.resolve())):
        return
    if removed := catalogue.would_remove(pages, "file"):
        raise ConfigError(
            f"{file} lacks {len(removed)} of the pages that a running tracker watches, as {removed[0]} "
            f"({held}); add them, or remove them with --take-over"
        )


def _provider(choice: Choice, name: str | None, asked: dict[str, Any]) -> Provider:
    """Return the provider for a requested page; the choice of a preset is added to the given filters."""
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


def _check_first(pages: Sequence[tuple[Provider, str | None]]) -> None:
    """Ask pages, several at a time, and tell what was found. Raises TrackerError if one of them cannot be read."""
    from tracker.cli.check import ask, found_line  # noqa: PLC0415  all that reads pages, for this command alone

    failed = []
    with ThreadPoolExecutor(max_workers=_ASKED_TOGETHER) as threads:
        reports = threads.map(lambda page: ask(page[0], name=page[1]), pages)
        for (provider, _), report in zip(pages, reports, strict=True):
            if report.error is not None:
                failed.append(provider.id)
                click.echo(f"{provider.id} cannot be read: {one_line(report.error, _LONGEST_LINE)}", err=True)
                continue
            click.echo(f"found {provider.id}: {found_line(report)}")
            for warning in report.warnings:
                click.echo(f"note: {provider.id}: {one_line(warning, _LONGEST_LINE)}", err=True)
    if failed:
        raise TrackerError(
            f"nothing was added, for {', '.join(failed)}; correct the address (`tracker check URL` shows what was "
            "asked), or add --no-check to watch it all the same"
        )


def _is_inner(provider: Provider) -> bool:
    """Return whether the address names a host by a number that is not public; what a name means is seen when asked."""
    address = literal(urlsplit(provider.url).hostname or "")
    return address is not None and not is_public(str(address))


def _allows_private(same: Provider, wanted: Provider) -> bool:
    """Return whether a page that was added by command is only to be allowed its private address."""
    added = same.origin == wanted.origin and same.url == wanted.url
    return added and wanted.allow_private and not same.allow_private


def _refuse_repeated(wanted: Sequence[Provider]) -> None:
    """Refuse two pages with the same id, of which only the last would be watched."""
    for provider_id, count in Counter(provider.id for provider in wanted).items():
        if count > 1:
            raise ConfigError(
                f"{count} of these pages would have the id {provider_id}; "
                "leave one out, or add it by itself with --name"
            )


def _print_added(added: Sequence[Provider], word: str = "added") -> None:
    for provider in added:
        click.echo(f"{word} {provider.id}: {one_line(provider.url, _LONGEST_LINE)} every {provider.interval_s} s")


def _print_unreached(catalogue: RedisCatalogue, data_dir: Path) -> None:
    """Name the sinks with something that matches none of the pages that are watched now."""
    line = unreached_summary(opening.sinks(running_settings(data_dir)).statuses(), catalogue.providers())
    if line is not None:
        click.echo(f"note: {line}", err=True)


def _not_found(words: Sequence[str]) -> str:
    """Return the sentence for a search that found nothing."""
    sought = one_line(" ".join(words), _LONGEST_LINE)
    close = nearest(sought)
    hint = f"did you mean {' or '.join(close)}?" if close else "any page can be added by its address"
    return f"no preset matches {sought}; {hint}"
