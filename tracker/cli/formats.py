"""`tracker formats`: the formats that ship, one of them written out, and a trial of your own on a body."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from tracker.bootstrap import build_fetcher, client_options
from tracker.catalogue.examples import example, names
from tracker.catalogue.file import load_definitions
from tracker.catalogue.mistakes import InvalidValue, alternatives, quoted
from tracker.cli.lazy import FullHelp
from tracker.cli.options import environment, format_option, providers_option
from tracker.cli.table import counted, json_text, table, terminal_width
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, TrackerError
from tracker.model.page import Snapshot
from tracker.model.plain import one_line
from tracker.parse import FORMAT_NAMES, FORMATS
from tracker.parse.custom import Trial, tried, understood
from tracker.polling.fetcher import Fetched, FetchRequest

_OUTPUTS: Final = ("text", "json")
_LONGEST: Final = 300
#: Incidents of the result that are shown; JSON has them all.
_MOST_SHOWN: Final = 5


@click.group(cls=FullHelp)
def formats() -> None:
    """Show the built-in formats, and try one that providers.toml defines.

    \b
    Example:
      tracker formats try https://status.example.com --page-format acme
    """


@formats.command("list")
@format_option
def list_(output_format: str) -> None:
    """List the built-in formats, by the name that `format` takes.

    \b
    Example:
      tracker formats list
    """
    if output_format == "json":
        click.echo(json_text([{"name": known.name, "platform": known.title} for known in FORMATS.values()]))
        return
    rows = [(known.name, known.title) for known in FORMATS.values()]
    click.echo(table(("NAME", "PLATFORM"), rows, terminal_width()))


@formats.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a built-in format as a [[format]] entry, as an example to begin from.

    \b
    Example:
      tracker formats show datadog
    """
    if name in FORMAT_NAMES and name not in names():
        raise ConfigError(f"{name} has no [[format]] entry; those that have one are {', '.join(names())}")
    click.echo(example(name), nl=False)


@formats.command("try")
@click.argument("page", metavar="FILE|URL")
@click.option("--page-format", "name", metavar="NAME", help="The name of a [[format]].  [required]")
@providers_option
@click.option("--allow-private", is_flag=True, help="Allow an address that is not public.")
@click.option("--format", "written", metavar="[text|json]", help="The format of the output.  [default: text]")
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--output", "former_output", type=click.Choice(_OUTPUTS), hidden=True)
def try_(page: str, providers_file: Path, allow_private: bool, as_json: bool, **formats: str | None) -> None:
    """Read a saved body or a page with a [[format]]: show what each part finds, or why it finds nothing.

    Exit status 1 if the page would be unreadable.

    \b
    Example:
      tracker formats try saved.html --page-format acme
    """
    name, output_format = _named(**formats)
    definitions = load_definitions(providers_file, formats=FORMAT_NAMES, understand=understood)
    if name not in definitions:
        known = alternatives(name, tuple(definitions)) if definitions else "it defines none"
        raise ConfigError(f"{providers_file} has no [[format]] {quoted(name)}; {known}")
    body, url = _answer(page, allow_private=allow_private)
    try:
        trial = tried(definitions[name], body, url)
    except InvalidValue as error:
        raise ConfigError(f"{providers_file}: {error}") from None
    click.echo(json_text(trial) if as_json or output_format == "json" else "\n".join(_lines(trial)))
    if trial.error is not None:
        sys.exit(1)


def _named(name: str | None, written: str | None, former_output: str | None) -> tuple[str, str]:
    """Return the name of the definition and the format of the output.

    Earlier versions had `--format` for the definition and `--output` for the output.
    """
    if name is None:
        name, written = written, former_output
    if name is None:
        raise click.UsageError("Missing option '--page-format'.")
    output_format = written or former_output or _OUTPUTS[0]
    if output_format not in _OUTPUTS:
        raise click.BadParameter(f"{output_format!r} is not one of 'text', 'json'.", param_hint="'--format'")
    return name, output_format


def _answer(page: str, *, allow_private: bool) -> tuple[bytes, str]:
    """Return a body and its address ("" for a file). Raises TrackerError."""
    if "://" not in page:
        try:
            return Path(page).read_bytes(), ""
        except (OSError, ValueError) as error:
            raise ConfigError(f"cannot read {page}: {getattr(error, 'strerror', None) or 'not a valid path'}") from None
    fetcher = build_fetcher(client_options(Settings.from_environment(environment(Path("data"), os.environ))))
    try:
        answer = fetcher.fetch(FetchRequest(url=page, allow_private=allow_private))
    finally:
        fetcher.close()
    if not isinstance(answer, Fetched):
        raise TrackerError(f"{page} answered 304 to a request without conditions")
    return answer.body, answer.url


def _lines(trial: Trial) -> Iterator[str]:
    """Yield the lines for a person; vendor text is made safe for a terminal."""
    rows = [
        (
            part.key,
            one_line(part.expression, _LONGEST),
            f"{part.found} of {part.entries}",
            one_line(part.sample, _LONGEST),
        )
        for part in trial.parts
    ]
    yield table(("PART", "EXPRESSION", "FOUND IN", "FIRST VALUE"), rows, terminal_width())
    for part in trial.parts:
        if part.problem is not None:
            yield f"note: {part.key}: {one_line(part.problem, _LONGEST)}"
    if trial.snapshot is None:
        yield f"unreadable: {one_line(trial.error or '', _LONGEST)}"
        return
    yield from _outcome(trial.snapshot)


def _outcome(snapshot: Snapshot) -> Iterator[str]:
    entries = snapshot.entries
    yield (
        f"result: {counted(len(snapshot.incidents), 'incident')} "
        f"({sum(entry.is_open for entry in snapshot.incidents)} open), "
        f"{counted(len(snapshot.maintenances), 'maintenance')}, {counted(len(snapshot.components), 'component')}"
    )
    for entry in entries[:_MOST_SHOWN]:
        newest = entry.updates[-1] if entry.updates else None
        when = f", {newest.created_at:%Y-%m-%d %H:%M} UTC" if newest and newest.created_at else ""
        yield f"  {one_line(entry.name, _LONGEST)}: {one_line(entry.status, _LONGEST)}{when}"
        if newest and newest.body:
            yield f"    {one_line(newest.body, _LONGEST)}"
    if len(entries) > _MOST_SHOWN:
        yield f"  … and {len(entries) - _MOST_SHOWN} more"
    if snapshot.unknown_words:
        words = ", ".join(one_line(word, _LONGEST) for word in snapshot.unknown_words)
        yield f"note: unknown states: {words}; give their meanings in states"
    for omission in dict.fromkeys(snapshot.omissions):
        yield f"note: an entry is left out ({omission.kind}: {omission.reason})"
