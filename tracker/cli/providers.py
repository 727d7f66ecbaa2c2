"""`tracker providers`: the catalogue of a running tracker. Changes take effect at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from tracker.catalogue.presets import nearest
from tracker.catalogue.presets import search as lookup
from tracker.cli.adding import add, import_
from tracker.cli.completion import vendors, watched
from tracker.cli.lazy import FullHelp
from tracker.cli.naming import meant
from tracker.cli.options import data_dir_option, format_option
from tracker.cli.reaching import running_catalogue
from tracker.cli.syncing import sync
from tracker.cli.table import json_text, table, terminal_width
from tracker.cli.unreached import print_unreached
from tracker.errors import TrackerError
from tracker.model.plain import one_line
from tracker.polling.coverage import coverage

#: The longest address or reason that is shown, in characters.
_LONGEST_LINE: Final = 300


@click.group(cls=FullHelp)
def providers() -> None:
    """List, add and remove the pages of a running tracker; no restart is needed.

    \b
    Example:
      tracker providers add openai https://status.example.com
    """


providers.add_command(add)
providers.add_command(import_)
providers.add_command(sync)


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
    click.echo(table(("ID", "NAME", "INTERVAL", "CADENCE", "FORMAT", "FROM", "URL"), rows, terminal_width()))


@providers.command()
@click.argument("words", nargs=-1, shell_complete=vendors)
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
    click.echo(table(("ID", "NAME", "CATEGORY", "PLATFORM", "READ", "ALSO", "URL"), rows, terminal_width()))


@providers.command()
@click.argument("ids", nargs=-1, required=True, metavar="PROVIDER...", shell_complete=watched)
@data_dir_option
@format_option
def remove(ids: tuple[str, ...], data_dir: Path, output_format: str) -> None:
    """Stop watching pages and forget their states.

    The next sync or start adds a page again that is still in providers.toml.

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
        from_file = " (it is in a file; the next sync of that file adds it again)"
        click.echo(f"removed {provider.id}{from_file if provider.origin == 'file' else ''}")
    print_unreached(catalogue, data_dir)


def _not_found(words: Sequence[str]) -> str:
    """Return the sentence for a search that found nothing."""
    sought = one_line(" ".join(words), _LONGEST_LINE)
    close = nearest(sought)
    hint = f"did you mean {' or '.join(close)}?" if close else "any page can be added by its address"
    return f"no preset matches {sought}; {hint}"
