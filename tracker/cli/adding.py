"""`tracker providers add` and `import`: more pages for a running tracker."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import click
from msgspec.structs import replace

from tracker.catalogue import PROVIDERS, as_toml
from tracker.catalogue.presets import Choice, chosen
from tracker.catalogue.presets.imported import load_list
from tracker.cli.completion import vendors
from tracker.cli.inner import is_inner
from tracker.cli.options import data_dir_option, format_option, given_headers, given_keys, header_option, key_options
from tracker.cli.reaching import running_catalogue
from tracker.cli.table import counted, json_text
from tracker.cli.unreached import print_unreached
from tracker.cli.unread import is_unread, print_unread
from tracker.errors import ConfigError, NoServer, TrackerError
from tracker.model.clock import utc_now
from tracker.model.plain import one_line
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES
from tracker.store.catalogue import RedisCatalogue

#: The longest address or reason that is shown, in characters.
_LONGEST_LINE: Final = 300
#: Lines about skipped entries that `import` prints.
_MOST_SKIPPED: Final = 50
#: Pages that `add` requests at a time.
_ASKED_TOGETHER: Final = 8
_PRIVATE: Final = "{url} is not public; add --allow-private if it is a page of your own network"


@click.command()
@click.argument("pages", nargs=-1, required=True, shell_complete=vendors)
@click.option("--name", help="The page's name; for one page only. Default: the vendor's name, or the host.")
@click.option("--toml", is_flag=True, help="Print the lines for providers.toml instead; read no page, change nothing.")
@click.option("--no-check", is_flag=True, help="Add pages without reading them first.")
@header_option
@key_options(*PROVIDERS.shared_keys)
@data_dir_option
@format_option
def add(
    pages: tuple[str, ...],
    name: str | None,
    toml: bool,
    no_check: bool,
    header_env: tuple[str, ...],
    data_dir: Path,
    output_format: str,
    **keys: object,
) -> None:
    """Watch more pages: all of the given ones, or none if one of them is wrong.

    Each page is read first, as `tracker check` does; one that cannot be read is refused (exit status 1) unless
    --no-check is given.

    A page is an address, or a preset (`search` shows them). Regions and components of a preset may be chosen, with
    commas between several: PRESET:REGION, PRESET/COMPONENT, PRESET:REGION/COMPONENT.

    \b
    Example:
      tracker providers add openai github/Actions aws:us-east-1/ec2,s3 https://status.example.com
      tracker providers add github --min-impact major --no-maintenance
    """
    _refuse_two_outputs(output_format, is_toml=toml)
    asked = {"headers_env": given_headers(header_env), **given_keys(**keys)}
    choices = [chosen(page) for page in pages]
    wanted = _wanted(choices, name, asked)
    if toml:
        click.echo(as_toml(wanted), nl=False)
        return
    catalogue = running_catalogue(data_dir)
    _refuse_known(catalogue, wanted)
    if not no_check:
        _check_first(wanted, choices, is_quiet=output_format == "json")
    catalogue.put(wanted, utc_now())
    if output_format == "json":
        click.echo(json_text({"added": wanted}))
    else:
        _print_added(wanted)
    print_unreached(catalogue, data_dir)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would be added, and add nothing.")
@click.option("--toml", is_flag=True, help="Print blocks for providers.toml instead, and add nothing.")
@click.option("--allow-private", is_flag=True, help="Allow addresses that are not public.")
@data_dir_option
@format_option
def import_(file: Path, dry_run: bool, toml: bool, allow_private: bool, data_dir: Path, output_format: str) -> None:
    """Watch the pages that a list names; exit status 1 if none of them can be watched.

    A list has addresses or vendors' names, one a line. It may also be CSV with a column of either, the OPML of a feed
    reader, JSON, Backstage's catalog-info.yaml, or a Terraform list. A name is matched to a preset; a name without
    one is reported. Pages that are watched already, and addresses other than http, are skipped. --dry-run and --toml
    need no running tracker.

    \b
    Example:
      tracker providers import vendors.csv --dry-run
    """
    _refuse_two_outputs(output_format, is_toml=toml)
    catalogue = _catalogue(data_dir, needed=not (dry_run or toml))
    known = catalogue.providers() if catalogue else ()
    found = load_list(file, known=known, formats=FORMAT_NAMES)
    inner = [provider for provider in found.providers if is_inner(provider)]
    if allow_private:
        allowed = [replace(provider, allow_private=is_inner(provider)) for provider in found.providers]
    else:
        allowed = [provider for provider in found.providers if provider not in inner]
    refused = [] if allow_private else [_PRIVATE.format(url=provider.url) for provider in inner]
    skipped = (*found.repeated, *found.invalid, *found.unmatched, *refused)
    for reason in skipped[:_MOST_SKIPPED]:
        click.echo(f"skipped: {one_line(reason, _LONGEST_LINE)}", err=True)
    if len(skipped) > _MOST_SKIPPED:
        click.echo(f"skipped: {len(skipped) - _MOST_SKIPPED} more; --json lists all", err=True)
    is_added = not (dry_run or toml)
    if is_added and catalogue is not None:
        catalogue.put(allowed, utc_now())
    if toml:
        click.echo(as_toml(allowed), nl=False)
    elif output_format == "json":
        click.echo(json_text({"added" if is_added else "would_add": allowed, "skipped": skipped}))
    else:
        _print_added(allowed, "added" if is_added else "would add")
        click.echo(f"{counted(len(allowed), 'page')} {'added' if is_added else 'to add'}, {len(skipped)} skipped")
    if not (allowed or found.repeated):
        raise TrackerError(f"{file}: holds no page that can be watched")


def _catalogue(data_dir: Path, *, needed: bool) -> RedisCatalogue | None:
    """Return the catalogue of the running tracker, None where none has run yet and none is needed."""
    try:
        return running_catalogue(data_dir)
    except NoServer:
        if needed:
            raise
        return None


def _wanted(choices: Sequence[Choice], name: str | None, asked: dict[str, Any]) -> list[Provider]:
    """Return the providers for the chosen pages, and print the parts that are not read. Raises ConfigError."""
    if name is not None and len(choices) > 1:
        raise ConfigError("--name is for one page; leave it out, or add the pages one by one")
    wanted = [choice.provider(formats=FORMAT_NAMES, name=name, **asked) for choice in choices]
    _refuse_repeated(wanted)
    _refuse_private(wanted)
    for choice in choices:
        print_unread(choice)
    return wanted


def _refuse_two_outputs(output_format: str, *, is_toml: bool) -> None:
    """Refuse JSON together with TOML. Raises ConfigError."""
    if is_toml and output_format == "json":
        raise ConfigError("--toml prints TOML; leave out --json")


def _check_first(wanted: Sequence[Provider], choices: Sequence[Choice], *, is_quiet: bool) -> None:
    """Request pages, several at a time, and print the findings. Raises TrackerError if one of them cannot be read.

    Presets that are known to be unreadable are not requested.
    """
    from tracker.cli.check import ask, found_line  # noqa: PLC0415  all that reads pages, for this command alone

    chosen_pages = zip(wanted, choices, strict=True)
    pages = [(provider, choice.name) for provider, choice in chosen_pages if not is_unread(choice)]
    failed = []
    with ThreadPoolExecutor(max_workers=_ASKED_TOGETHER) as threads:
        reports = threads.map(lambda page: ask(page[0], name=page[1]), pages)
        for (provider, _), report in zip(pages, reports, strict=True):
            if report.error is not None:
                failed.append(provider.id)
                click.echo(f"{provider.id} cannot be read: {one_line(report.error, _LONGEST_LINE)}", err=True)
                continue
            click.echo(f"found {provider.id}: {found_line(report)}", err=is_quiet)
            for warning in report.warnings:
                click.echo(f"note: {provider.id}: {one_line(warning, _LONGEST_LINE)}", err=True)
    if failed:
        raise TrackerError(
            f"nothing was added: {', '.join(failed)} cannot be read; correct the address (`tracker check URL` shows "
            "every request), or add --no-check to watch it anyway"
        )


def _allows_private(same: Provider, wanted: Provider) -> bool:
    """Return whether the command only allows the private address of a page that was added by command."""
    added = same.origin == wanted.origin and same.url == wanted.url
    return added and wanted.allow_private and not same.allow_private


def _refuse_private(wanted: Sequence[Provider]) -> None:
    """Refuse an address that is not public and was not allowed. Raises ConfigError."""
    for provider in wanted:
        if is_inner(provider) and not provider.allow_private:
            raise ConfigError(_PRIVATE.format(url=one_line(provider.url, _LONGEST_LINE)))


def _refuse_known(catalogue: RedisCatalogue, wanted: Sequence[Provider]) -> None:
    """Refuse a page whose id is taken, unless the command only allows its address. Raises ConfigError."""
    known = {provider.id: provider for provider in catalogue.providers()}
    for provider in wanted:
        same = known.get(provider.id)
        if same is not None and not _allows_private(same, provider):
            raise ConfigError(f"there is a provider {provider.id} already; choose another --name, or remove it first")


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
