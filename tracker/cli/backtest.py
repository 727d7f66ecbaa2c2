"""`tracker backtest`: what filters would have reported of the past that a page still shows."""

import sys
from pathlib import Path

import click
import msgspec

from tracker.catalogue import PROVIDERS, refiltered
from tracker.cli.completion import watched
from tracker.cli.naming import meant
from tracker.cli.options import filter_options, format_option, given_keys, listed_option
from tracker.cli.reaching import listed_providers
from tracker.cli.shown_past import shown_by
from tracker.cli.table import json_text, table
from tracker.detection.backtest import Backtest, LeftOut, backtest
from tracker.errors import PollError
from tracker.model.clock import utc_now
from tracker.model.filters import unmatched
from tracker.model.page import Impact, Snapshot
from tracker.model.plain import one_line
from tracker.model.provider import Provider

_LONGEST_LINE = 300


class BacktestReport(Backtest, frozen=True, kw_only=True):
    """The result of a backtest: its stable form."""

    provider: str
    provider_name: str
    url: str
    #: The filters in force, by key.
    filters: dict[str, tuple[str, ...] | str | bool]
    #: The filters that match nothing of the page, a sentence each.
    unmatched: tuple[str, ...]
    #: Why a part of the page could not be read, None if all was.
    incomplete: str | None


@click.command("backtest")
@click.argument("provider_id", metavar="PROVIDER", shell_complete=watched)
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="The days to look back.")
@filter_options
@listed_option
@format_option
def backtest_command(
    provider_id: str, days: int, providers_file: Path | None, output_format: str, **filters: object
) -> None:
    """Show what filters would have reported from the past that a page still shows; the tracker need not run.

    The filters are those of the provider in the list of pages; options replace them one by one. A page shows the
    present impact and components of an incident, and no past status of its components.

    \b
    Example:
      tracker backtest github --days 30 --components 'Git*' --components '!Copilot*' --min-impact major
    """
    provider = refiltered(_provider(providers_file, provider_id), given_keys(**filters))
    ((_, shown),) = shown_by([provider])
    if isinstance(shown, PollError):
        click.echo(f"tracker: {provider.name} cannot be read: {shown}", err=True)
        sys.exit(1)
    snapshot, incomplete = shown
    report = _report(provider, snapshot, incomplete, days)
    click.echo(json_text(report) if output_format == "json" else _text(report))


def _provider(providers_file: Path | None, provider_id: str) -> Provider:
    return meant(listed_providers(providers_file), provider_id)


def _report(provider: Provider, snapshot: Snapshot, incomplete: str | None, days: int) -> BacktestReport:
    past = backtest(provider, snapshot, days, utc_now())
    return BacktestReport(
        **msgspec.structs.asdict(past),
        provider=provider.id,
        provider_name=provider.name,
        url=provider.url,
        filters={key: getattr(provider, key) for key in PROVIDERS.filter_keys},
        unmatched=unmatched(provider, snapshot),
        incomplete=incomplete,
    )


def _text(report: BacktestReport) -> str:
    counts = (
        (report.new_incidents, "new_incident"),
        (report.incident_updates, "incident_update"),
        (report.maintenance_updates, "maintenance_update"),
    )
    left_out = sum(each.updates for each in report.left_out)
    lines = [
        f"{report.provider_name}, the last {report.days} days, with {_filters(report)}",
        "would have reported: " + ", ".join(f"{count} {kind}" for count, kind in counts),
        f"left out: {left_out} updates of {len(report.left_out)} incidents and maintenances",
        _reach(report),
        *(f"filter {sentence}" for sentence in report.unmatched),
        *([f"not all of it can be read: {report.incomplete}"] if report.incomplete else []),
    ]
    text = "\n".join(one_line(line, _LONGEST_LINE) for line in lines)
    if not report.left_out:
        return text
    heads = ("LAST UPDATE", "INCIDENT", "IMPACT", "UPDATES", "LEFT OUT BY", "COMPONENTS")
    return f"{text}\n\n{table(heads, [_row(each) for each in report.left_out])}"


def _row(each: LeftOut) -> tuple[str, ...]:
    return (
        f"{each.last_update_at:%Y-%m-%d}" if each.last_update_at else "no date",
        each.incident,
        each.impact or "unknown",
        str(each.updates),
        ", ".join(each.filters),
        ", ".join((*each.components, *each.regions)),
    )


def _filters(report: BacktestReport) -> str:
    """Return the filters that leave anything out, as the catalogue file writes them."""
    words = []
    for key, value in report.filters.items():
        if isinstance(value, tuple) and value:
            words.append(f"{key} = [{', '.join(value)}]")
        elif value is False or (isinstance(value, str) and value != Impact.NONE):
            words.append(f"{key} = {str(value).lower()}")
    return ", ".join(words) or "no filter"


def _reach(report: BacktestReport) -> str:
    """Return a sentence about the history that the page shows."""
    undated = f"; {report.undated} updates without a date are counted in" if report.undated else ""
    if report.open_only:
        return f"the page shows only open events, none that ended{undated}"
    if report.oldest_at is None:
        return f"the page shows no update with a date{undated}"
    oldest = f"its oldest update is from {report.oldest_at:%Y-%m-%d}"
    if report.days_shown < report.days:
        return f"the page shows {report.days_shown} of the {report.days} days: {oldest}{undated}"
    return f"the page shows all of the {report.days} days: {oldest}{undated}"
