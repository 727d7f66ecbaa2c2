"""`tracker status`, and how reports of pages are shown."""

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import click

from tracker.assessment import State
from tracker.cli.completion import watched
from tracker.cli.naming import chosen
from tracker.cli.options import data_dir_option, format_option
from tracker.cli.page_report import PageReport, report, summary, what, worst_first
from tracker.cli.reaching import reached
from tracker.cli.scheduling import scheduling_line, show_scheduling
from tracker.cli.table import age, coloured, json_text, table, terminal_width, wrap
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, StoreError
from tracker.model.clock import utc_now
from tracker.model.provider import Provider
from tracker.store.catalogue import Holdings, RedisCatalogue
from tracker.store.opening import open_catalogue, open_sinks
from tracker.supervise.sinks import sink_lines

_HEADS: Final = ("STATE", "ID", "PROVIDER", "CHECKED", "CHANGED", "WHAT")
_PROBLEM: Final = "problem"
_WORDS: Final = (_PROBLEM, *(state.value for state in State if state is not State.NOT_ASKED), "not-asked-yet")
#: Seconds between two redraws of `--watch`.
_WATCH_S: Final = 2.0


@click.command()
@click.argument("pages", nargs=-1, metavar="[PROVIDER]...", shell_complete=watched)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(_WORDS),
    metavar="STATE",
    help=f"Only pages in this state: {', '.join(_WORDS)}; problem means critical, major and minor. Repeatable.",
)
@click.option("--group", "groups", multiple=True, metavar="NAME", help="Only pages of this group. Repeatable.")
@click.option("--watch", is_flag=True, help="Redraw the table every 2 s on this terminal, until Ctrl-C.")
@click.option(
    "--latency", "shows_latency", is_flag=True, help="Show how long updates took until they were seen and logged."
)
@click.option(
    "--savings",
    "shows_savings",
    is_flag=True,
    help="Show the response classes of polls, and the bytes that they saved.",
)
@click.option(
    "--scheduling", "shows_scheduling", is_flag=True, help="Show the beats that dispatch pages, and their lateness."
)
@data_dir_option
@format_option
def status(
    pages: tuple[str, ...],
    states: tuple[str, ...],
    groups: tuple[str, ...],
    watch: bool,
    shows_latency: bool,
    shows_savings: bool,
    shows_scheduling: bool,
    data_dir: Path,
    output_format: str,
) -> None:
    """Show the state of each watched page, the worst first, and the age of the data.

    PROVIDER is an id or a name; without one, all pages are shown. A page that was not read for too long is unknown.

    \b
    Example:
      tracker status
      tracker status github openai --watch
      tracker status --state problem --state unknown --group payments
    """
    _refuse_together(pages, (*states, *groups), watch, (shows_latency, shows_savings, shows_scheduling), output_format)
    settings, inspection = reached(data_dir)
    catalogue = open_catalogue(settings)
    for sentence in (*inspection.dangers, *_losses(catalogue.holdings())):
        click.echo(f"tracker: {sentence}", err=True)
    if shows_scheduling:
        show_scheduling(catalogue.scheduling(now := utc_now()), now, output_format)
        return
    if shows_latency or shows_savings:
        _show_measured(catalogue, chosen(catalogue.providers(), pages), shows_latency, output_format)
        return

    def look() -> tuple[str, str]:
        return _looked(settings, catalogue, pages, states, groups, output_format)

    if watch:
        _watch(look)
    else:
        click.echo("\n".join(filter(None, look())))


def _refuse_together(
    pages: Sequence[str], filters: Sequence[str], watch: bool, tables: Sequence[bool], output_format: str
) -> None:
    """Refuse options that exclude each other. Raises ConfigError."""
    if sum(tables) > 1:
        raise ConfigError("--latency, --savings and --scheduling are tables of their own; choose one")
    if tables[-1] and pages:
        raise ConfigError("--scheduling is about all pages; leave out the ids")
    if any(tables) and (filters or watch):
        raise ConfigError("--state, --group and --watch are for the table of states; leave out the other table")
    if watch and (output_format == "json" or not sys.stdout.isatty()):
        raise ConfigError("--watch redraws a terminal; programs read `tracker status --json` or `tracker tail -f`")


def _looked(
    settings: Settings,
    catalogue: RedisCatalogue,
    pages: Sequence[str],
    states: Sequence[str],
    groups: Sequence[str],
    output_format: str,
) -> tuple[str, str]:
    """Return the table of states and the lines below it. Raises StoreError, ConfigError."""
    now, providers = utc_now(), catalogue.providers()
    wanted = _of_groups(chosen(providers, pages), groups)
    reports = [report(page, now) for page in catalogue.statuses_of(wanted)]
    shown = worst_first(each for each in reports if not states or _is_in(each, states))
    if output_format == "json":
        return json_text(shown), ""
    lines = [summary(reports) + (f"; {len(shown)} shown" if len(shown) < len(reports) else "")]
    if not pages and not states and not groups:
        lines += [
            scheduling_line(catalogue.scheduling(now)),
            *sink_lines(open_sinks(settings).statuses(), providers),
        ]
    width = terminal_width()
    wrapped = lines if width is None else [part for line in lines for part in wrap(line, width)]
    return text_of(shown) if shown else "", "\n".join(wrapped)


def _of_groups(providers: Sequence[Provider], groups: Sequence[str]) -> Sequence[Provider]:
    """Return the providers of some groups, all for none. Raises ConfigError."""
    if not groups:
        return providers
    known = {provider.group.casefold(): provider.group for provider in providers if provider.group}
    for group in groups:
        if group.casefold() not in known:
            names = ", ".join(sorted(known.values())) or "none: give providers a `group` in providers.toml"
            raise ConfigError(f"there is no group {group}; the groups are {names}")
    folded = {group.casefold() for group in groups}
    return [provider for provider in providers if (provider.group or "").casefold() in folded]


def _is_in(row: PageReport, states: Sequence[str]) -> bool:
    return row.word.replace(" ", "-") in states or (_PROBLEM in states and State(row.state).is_problem)


def _show_measured(
    catalogue: RedisCatalogue, providers: Sequence[Provider], shows_latency: bool, output_format: str
) -> None:
    from tracker.cli.measured import show_latency, show_savings  # noqa: PLC0415  for these two tables alone

    names = [provider.id for provider in providers]
    if shows_latency:
        show_latency(providers, catalogue.timings(names), output_format)
    else:
        show_savings(providers, catalogue.savings(names), output_format)


def _watch(look: Callable[[], tuple[str, str]]) -> None:
    """Redraw until Ctrl-C; if the data server does not answer for a moment, report that and try again."""
    try:
        while True:
            try:
                text, below = look()
            except StoreError as error:
                text, below = "", f"tracker: {error}"
            foot = [*below.splitlines(), f"{utc_now():%H:%M:%S} UTC; Ctrl-C ends"]
            lines, room = text.splitlines(), max(2, shutil.get_terminal_size().lines - len(foot) - 1)
            more = [f"… and {len(lines) - room + 1} more lines"] if len(lines) > room else []
            click.clear()
            click.echo("\n".join([*lines[: room - len(more)], *more, *foot]))
            time.sleep(_WATCH_S)
    except KeyboardInterrupt:
        click.echo()


def _losses(held: Holdings) -> Iterable[str]:
    """Yield warnings about parts of the catalogue that the data server has lost."""
    if held.generation is None and not held.providers:
        yield (
            "the data server holds no pages: it is new, or has lost its data; a running tracker restores its pages "
            "within seconds, and `tracker providers sync FILE` adds those of a file"
        )
    elif not held.is_whole:
        yield "the data server has lost due times of pages; a running tracker restores them within seconds"


def show(reports: Sequence[PageReport], output_format: str) -> None:
    """Print reports as a table or as JSON."""
    click.echo(json_text(reports) if output_format == "json" else text_of(reports))


def text_of(reports: Sequence[PageReport]) -> str:
    """Return reports as a table that fits the terminal."""
    now = utc_now()
    rows = [
        (row.word, row.provider, row.provider_name, age(row.checked_at, now), age(row.changed_at, now), what(row, now))
        for row in reports
    ]
    states = {row.word for row in reports}
    lines = table(_HEADS, rows, terminal_width()).splitlines()
    begins = ((line, next((word for word in states if line.startswith(word)), "")) for line in lines)
    return "\n".join(coloured(line, word) for line, word in begins)
