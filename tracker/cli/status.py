"""`tracker status`, and how a page's state is shown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from tracker.bootstrap import open_catalogue, open_sinks
from tracker.cli.measured import show_latency, show_savings
from tracker.cli.options import chosen, data_dir_option, format_option, reached
from tracker.cli.scheduling import scheduling_line, show_scheduling
from tracker.cli.table import age, json_text, table
from tracker.detection.readability import incomplete
from tracker.errors import ConfigError
from tracker.model.clock import utc_now
from tracker.model.component_names import labels
from tracker.model.filters import unmatched
from tracker.model.page import Component, OpenIncident
from tracker.scheduling.cadence import departure_s
from tracker.store.catalogue import Holdings
from tracker.store.pages import PageStatus
from tracker.supervise.sinks import sink_lines

#: Maintenances that begin later are not shown.
AHEAD = timedelta(days=7)


class PageReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one page: the stable form of `status` and `once`."""

    provider: str
    provider_name: str
    url: str
    #: `operational`, `minor`, `major`, `critical`, `maintenance`, or `unknown` if it cannot be read.
    state: str
    incidents: tuple[OpenIncident, ...] = ()
    #: Those in progress.
    maintenances: tuple[OpenIncident, ...] = ()
    #: Those that begin within 7 days, the next one first.
    planned_maintenances: tuple[OpenIncident, ...] = ()
    #: Components that are not operational.
    components: tuple[Component, ...] = ()
    checked_at: datetime | None = None
    #: Seconds between two polls if they differ from the interval now (`tracker.scheduling.cadence`).
    polled_every_s: float | None = None
    changed_at: datetime | None = None
    #: Since when the page cannot be read, and why.
    failing_since: datetime | None = None
    error: str | None = None
    #: Why a part of the page is not read, None if everything is.
    incomplete: str | None = None
    #: Which filters of the provider match nothing of the page, a sentence each.
    unmatched: tuple[str, ...] = ()
    #: Unknown words of the page for a status.
    unknown_words: tuple[str, ...] = ()


@click.command()
@click.argument("ids", nargs=-1)
@click.option("--latency", "shows_latency", is_flag=True, help="How long updates took to be seen and logged.")
@click.option("--savings", "shows_savings", is_flag=True, help="How polls ended, and what they did not have to fetch.")
@click.option("--scheduling", "shows_scheduling", is_flag=True, help="Who dispatches pages, and how late.")
@data_dir_option
@format_option
def status(
    ids: tuple[str, ...],
    shows_latency: bool,
    shows_savings: bool,
    shows_scheduling: bool,
    data_dir: Path,
    output_format: str,
) -> None:
    """Show state, open incidents and age of the knowledge, of all pages or of some by their ids.

    \b
    Example:
      tracker status
      tracker status github --latency
    """
    if shows_latency + shows_savings + shows_scheduling > 1:
        raise ConfigError("--latency, --savings and --scheduling are tables of their own; ask for one at a time")
    if shows_scheduling and ids:
        raise ConfigError("--scheduling is about all pages; leave out the ids")
    settings, inspection = reached(data_dir)
    catalogue = open_catalogue(settings)
    for sentence in (*inspection.dangers, *_losses(catalogue.holdings())):
        click.echo(f"tracker: {sentence}", err=True)
    if shows_scheduling:
        show_scheduling(catalogue.scheduling(now := utc_now()), now, output_format)
        return
    providers = chosen(catalogue.providers(), ids)
    if not shows_latency and not shows_savings:
        now = utc_now()
        show([report(page, now) for page in catalogue.statuses_of(providers)], output_format)
        if not ids and output_format == "text":
            click.echo(scheduling_line(catalogue.scheduling(now)))
            for line in sink_lines(open_sinks(settings).statuses(), catalogue.providers()):
                click.echo(line)
        return
    names = [provider.id for provider in providers]
    if shows_latency:
        show_latency(providers, catalogue.timings(names), output_format)
    else:
        show_savings(providers, catalogue.savings(names), output_format)


def _losses(held: Holdings) -> Iterable[str]:
    """Yield warnings about parts of the catalogue that the data server has lost."""
    if held.generation is None and not held.providers:
        yield (
            "the data server holds no pages: it is new, or has lost its data; what runs puts back what it knows within "
            "seconds, and `tracker providers sync FILE` the pages of a file"
        )
    elif not held.is_whole:
        yield "the data server has lost when pages are due; what runs puts that back within seconds"


def report(page: PageStatus, now: datetime, *, is_watched: bool = True) -> PageReport:
    """Return the report on a page; a page that nobody watches has no next poll."""
    impact = page.view.impact
    return PageReport(
        provider=page.provider.id,
        provider_name=page.provider.name,
        url=page.provider.url,
        state="unknown" if page.state.is_unknown else _STATES.get(impact or "none", impact or "operational"),
        incidents=page.view.open_incidents,
        maintenances=page.view.open_maintenances,
        planned_maintenances=_coming(page.view.planned_maintenances, now),
        components=page.view.impaired_components,
        checked_at=page.checked_at,
        polled_every_s=departure_s(page.provider, page.state, now) if is_watched else None,
        changed_at=page.state.changed_at,
        failing_since=page.state.failing_since,
        error=page.state.failure,
        incomplete=incomplete(page.state),
        unmatched=unmatched(page.provider, page.view),
        unknown_words=page.view.unknown_words,
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


def _coming(planned: Iterable[OpenIncident], now: datetime) -> tuple[OpenIncident, ...]:
    """Return maintenances that begin soon and are not over; some pages keep long past ones as planned."""
    coming = [
        (begin, maintenance)
        for maintenance in planned
        if (begin := maintenance.scheduled_for) is not None
        and begin <= now + AHEAD
        and (maintenance.scheduled_until or begin) >= now
    ]
    return tuple(maintenance for _, maintenance in sorted(coming, key=lambda timed: (timed[0], timed[1].id)))


def _what(row: PageReport, now: datetime) -> str:
    if row.error:
        return f"cannot be read for {age(row.failing_since, now).removesuffix(' ago')}: {row.error}"
    incidents = [f"{incident.name} ({_words(incident.status)})" for incident in row.incidents]
    running = [
        f"{known.name} ({_words(known.status)}{_time(' until', known.scheduled_until)})" for known in row.maintenances
    ]
    planned = [f"{known.name} (planned{_time(' for', known.scheduled_for)})" for known in row.planned_maintenances]
    notes = [f"not all of it can be read: {row.incomplete}"] if row.incomplete else []
    if row.polled_every_s is not None:
        notes.append(f"polled every {row.polled_every_s:g} s {'in this incident' if row.incidents else 'while quiet'}")
    notes += [f"filter {sentence}" for sentence in row.unmatched]
    if row.unknown_words:
        notes.append(f"words for a status that are not known: {', '.join(row.unknown_words[:3])}")
    return "; ".join([*incidents, *running, *_impaired(row.components), *planned, *notes])


def _words(status: str) -> str:
    return status.replace("_", " ")


def _time(before: str, moment: datetime | None) -> str:
    return f"{before} {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


def _impaired(components: Sequence[Component]) -> Iterable[str]:
    called = labels(components)
    for component in components[:3]:
        yield f"{called[component.id]}: {_words(component.status)}"
    if len(components) > 3:  # noqa: PLR2004  as many as above
        yield f"{len(components) - 3} more components"
