"""`tracker status`, and how a page's state is shown."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click
import msgspec

from tracker.bootstrap import utc_now
from tracker.cli.measured import show_latency, show_savings
from tracker.cli.options import chosen, data_dir_option, format_option, running_catalogue
from tracker.cli.table import age, json_text, table
from tracker.errors import ConfigError
from tracker.models import Component, OpenIncident
from tracker.store.pages import PageStatus


class PageReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one page: the stable form of `status` and `once`."""

    provider: str
    provider_name: str
    url: str
    #: `operational`, `minor`, `major`, `critical`, `maintenance`, or `unknown` if it cannot be read.
    state: str
    incidents: tuple[OpenIncident, ...] = ()
    maintenances: tuple[OpenIncident, ...] = ()
    #: Components that do not work as they should.
    components: tuple[Component, ...] = ()
    checked_at: datetime | None = None
    changed_at: datetime | None = None
    #: Since when the page cannot be read, and why.
    failing_since: datetime | None = None
    error: str | None = None
    #: Why a part of the page could not be read, None if all was.
    incomplete: str | None = None


@click.command()
@click.argument("ids", nargs=-1)
@click.option("--latency", "shows_latency", is_flag=True, help="How long updates took to be seen and logged.")
@click.option("--savings", "shows_savings", is_flag=True, help="How polls ended, and what they did not have to fetch.")
@data_dir_option
@format_option
def status(ids: tuple[str, ...], shows_latency: bool, shows_savings: bool, data_dir: Path, output_format: str) -> None:
    """Show how watched pages do, what is open, and how old that knowledge is; of all pages, or of some by their ids.

    \b
    Example:
      tracker status
      tracker status github --latency
    """
    if shows_latency and shows_savings:
        raise ConfigError("--latency and --savings are two tables; ask for one at a time")
    catalogue = running_catalogue(data_dir)
    if not shows_latency and not shows_savings:
        pages = catalogue.statuses()
        wanted = chosen([page.provider for page in pages], ids)
        show([report(page) for page in pages if page.provider in wanted], output_format)
        return
    providers = chosen(catalogue.providers(), ids)
    names = [provider.id for provider in providers]
    if shows_latency:
        show_latency(providers, catalogue.timings(names), output_format)
    else:
        show_savings(providers, catalogue.savings(names), output_format)


def report(page: PageStatus) -> PageReport:
    """Return what is told of a page."""
    impact = page.view.impact
    return PageReport(
        provider=page.provider.id,
        provider_name=page.provider.name,
        url=page.provider.url,
        state="unknown" if page.state.is_unknown else _STATES.get(impact or "none", impact or "operational"),
        incidents=page.view.open_incidents,
        maintenances=page.view.open_maintenances,
        components=page.view.impaired_components,
        checked_at=page.checked_at,
        changed_at=page.state.changed_at,
        failing_since=page.state.failing_since,
        error=page.state.failure,
        incomplete=page.state.detail_failure,
    )


def show(reports: Sequence[PageReport], output_format: str) -> None:
    """Print reports as a table or as JSON."""
    if output_format == "json":
        click.echo(json_text(reports))
        return
    now = utc_now()
    rows = [
        (row.provider_name, row.state, age(row.checked_at, now), age(row.changed_at, now), _what(row, now))
        for row in reports
    ]
    click.echo(table(("PROVIDER", "STATE", "CHECKED", "CHANGED", "WHAT"), rows))


_STATES = {"none": "operational"}


def _what(row: PageReport, now: datetime) -> str:
    if row.error:
        return f"cannot be read for {age(row.failing_since, now).removesuffix(' ago')}: {row.error}"
    open_now = [f"{incident.name} ({incident.status})" for incident in (*row.incidents, *row.maintenances)]
    notes = [f"not all of it can be read: {row.incomplete}"] if row.incomplete else []
    return "; ".join([*open_now, *_impaired(row.components), *notes])


def _impaired(components: Sequence[Component]) -> Iterable[str]:
    for component in components[:3]:
        yield f"{component.name}: {component.status.replace('_', ' ')}"
    if len(components) > 3:  # noqa: PLR2004  as many as above
        yield f"{len(components) - 3} more components"
