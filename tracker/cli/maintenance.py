"""`tracker maintenance`: running and planned maintenance of all vendors."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
import msgspec

from tracker.assessment import Reason, assess
from tracker.cli.completion import watched
from tracker.cli.naming import chosen
from tracker.cli.options import data_dir_option, format_option
from tracker.cli.reaching import running_catalogue
from tracker.cli.table import counted, json_text, table, terminal_width
from tracker.model.clock import utc_now
from tracker.model.page import OpenIncident
from tracker.store.pages import PageStatus

_HEADS: Final = ("BEGINS (UTC)", "ENDS (UTC)", "STATUS", "ID", "MAINTENANCE")


class MaintenanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One maintenance: its stable form."""

    provider: str
    provider_name: str
    maintenance_id: str
    name: str
    status: str
    #: Whether it runs now, as the page says.
    is_running: bool
    scheduled_for: datetime | None
    scheduled_until: datetime | None
    components: tuple[str, ...]
    regions: tuple[str, ...]
    link: str | None
    #: Whether the page cannot be read now, so that this may be out of date.
    is_unknown: bool


@click.command()
@click.argument("pages", nargs=-1, metavar="[PROVIDER]...", shell_complete=watched)
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="The days to look ahead.")
@data_dir_option
@format_option
def maintenance(pages: tuple[str, ...], days: int, data_dir: Path, output_format: str) -> None:
    """Show maintenance that is ongoing or planned.

    Ongoing maintenance comes first, then planned maintenance, the next one first; `tracker incidents --maintenance` has
    the past.

    \b
    Example:
      tracker maintenance --days 7
      tracker maintenance github --json
    """
    now, catalogue = utc_now(), running_catalogue(data_dir)
    providers = chosen(catalogue.providers(), pages)
    until = now + timedelta(days=days)
    found = [each for page in catalogue.statuses_of(providers) for each in reports(page, now, until)]
    found.sort(key=lambda each: (not each.is_running, each.scheduled_for or now, each.provider, each.maintenance_id))
    click.echo(json_text(found) if output_format == "json" else _text(found, days))


def reports(page: PageStatus, now: datetime, until: datetime) -> Iterator[MaintenanceReport]:
    """Yield the maintenances that run, and those that begin before that moment and are not over."""
    assessment = assess(page.provider, page.state, page.view, page.checked_at, now)
    if assessment.reason is Reason.NEVER_ASKED:
        return
    for known in page.view.open_maintenances:
        yield _report(page, known, is_running=True, is_unknown=not assessment.state.is_known)
    for known in page.view.planned_maintenances:
        begin = known.scheduled_for
        if begin is None or (begin <= until and (known.scheduled_until or begin) >= now):
            yield _report(page, known, is_running=False, is_unknown=not assessment.state.is_known)


def _report(page: PageStatus, known: OpenIncident, *, is_running: bool, is_unknown: bool) -> MaintenanceReport:
    return MaintenanceReport(
        provider=page.provider.id,
        provider_name=page.provider.name,
        maintenance_id=known.id,
        name=known.name,
        status=known.status,
        is_running=is_running,
        scheduled_for=known.scheduled_for,
        scheduled_until=known.scheduled_until,
        components=known.components,
        regions=known.regions,
        link=known.link,
        is_unknown=is_unknown,
    )


def _text(found: list[MaintenanceReport], days: int) -> str:
    if not found:
        return f"no maintenance is ongoing or begins within {counted(days, 'day')}"
    return table(_HEADS, [_row(each) for each in found], terminal_width())


def _row(each: MaintenanceReport) -> tuple[str, ...]:
    status = each.status.replace("_", " ") + (", page unknown" if each.is_unknown else "")
    components = f" ({', '.join(each.components)})" if each.components else ""
    what = f"{each.provider_name}: {each.name}{components}"
    key = f"{each.provider}/{each.maintenance_id}"
    return _time(each.scheduled_for), _time(each.scheduled_until), status, key, what


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else "not said"
