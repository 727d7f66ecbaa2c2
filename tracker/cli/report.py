"""`tracker report`: figures of a month by vendor."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from tracker.cli.options import data_dir_option, formats
from tracker.cli.past import is_of, progress, provider_option, refuse_unseen
from tracker.cli.table import duration, json_text, table, terminal_width
from tracker.delivery.latency import Spread
from tracker.ledger.monthly import Month, MonthlyReport, VendorMonth
from tracker.ledger.record import record_files, recorded
from tracker.model.clock import utc_now
from tracker.model.plain import one_line

_HEADS: Final = (
    *("PROVIDER", "INCIDENTS", "CRITICAL", "MAJOR", "MINOR", "MAINTENANCE", "UNKNOWN"),
    *("UPDATES", "SEEN AFTER p50 / p95", "LOGGED AFTER p50 / p95"),
)
_NAME: Final = 100
#: Columns of CSV, in order: fields of VendorMonth, spreads by their percentiles.
_COLUMNS: Final = (
    *("provider", "provider_name", "incidents", "opened"),
    *("critical_minutes", "major_minutes", "minor_minutes", "none_minutes", "maintenance_minutes", "unknown_minutes"),
    *("updates", "edits", "withdrawals", "timed_updates"),
    *("published_to_seen_p50_s", "published_to_seen_p95_s", "seen_to_logged_p50_s", "seen_to_logged_p95_s"),
)


class _MonthType(click.ParamType[Month]):
    """A month: `2026-10`."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        if isinstance(value, Month):
            return value
        try:
            return Month.parse(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a month; write one like 2026-10", param, ctx)


def _last_month() -> Month:
    return Month.parse(f"{utc_now().replace(day=1) - timedelta(days=1):%Y-%m}")


@click.command()
@click.option(
    "--month", type=_MonthType(), default=_last_month, show_default="the last one", help="The month, as 2026-10."
)
@click.option("--md", "as_markdown", is_flag=True, help="Short for --format md.")
@click.option("--csv", "as_csv", is_flag=True, help="Short for --format csv.")
@provider_option
@data_dir_option
@formats("text", "md", "csv", "json")
def report(
    month: Month,
    as_markdown: bool,
    as_csv: bool,
    providers: tuple[str, ...],
    data_dir: Path,
    output_format: str,
) -> None:
    """Summarise a month by vendor: incidents, minutes by impact, delays.

    A minute counts once, at the worst impact of the open incidents. A minute in which the page could not be read counts
    as unknown only. The first delay is from the vendor's date until an update was seen, the second from then until it
    was logged; updates that cannot be timed are left out. All figures come from updates.jsonl and its rotated files
    (updates-*.jsonl), which do not show what happened while the tracker did not run.

    \b
    Example:
      tracker report --month 2026-10 --md
    """
    output_format = "md" if as_markdown else "csv" if as_csv else output_format
    vendors = _counted(month, providers, data_dir, utc_now())
    click.echo(_WRITERS[output_format](month, vendors))


def _counted(month: Month, providers: Sequence[str], data_dir: Path, now: datetime) -> tuple[VendorMonth, ...]:
    counting, is_wanted, seen = MonthlyReport(month, now), is_of(providers), dict[str, str]()
    # From the beginning of the record: an incident that was open in the month may have opened long before.
    for streamed in recorded(record_files(data_dir), progress=progress(data_dir)):
        seen[streamed.event.provider] = streamed.event.provider_name
        if is_wanted(streamed.event):
            counting.add(streamed)
    if providers:
        refuse_unseen(providers, seen)
    return counting.vendors()


def _text(month: Month, vendors: Sequence[VendorMonth]) -> str:
    return f"{month.begin:%B %Y}, minutes by impact\n{table(_HEADS, list(map(_cells, vendors)), terminal_width())}"


def _markdown(month: Month, vendors: Sequence[VendorMonth]) -> str:
    heads = [head.capitalize() for head in _HEADS]
    lines = [
        f"# Vendors in {month.begin:%B %Y}",
        "",
        "Minutes by impact; a minute in which the page could not be read is unknown and counts as nothing else.",
        "",
        f"| {' | '.join(heads)} |",
        f"| --- |{' ---: |' * (len(heads) - 1)}",
        *(f"| {' | '.join(_escaped(cell) for cell in _cells(vendor))} |" for vendor in vendors),
    ]
    return "\n".join(lines)


def _csv(_month: Month, vendors: Sequence[VendorMonth]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for vendor in vendors:
        values = msgspec.structs.asdict(vendor)
        for name in ("published_to_seen", "seen_to_logged"):
            spread: Spread = values.pop(name)
            values |= {f"{name}_p50_s": spread.p50_s, f"{name}_p95_s": spread.p95_s}
        values["provider_name"] = _inert(vendor.provider_name)
        writer.writerow("" if values[column] is None else values[column] for column in _COLUMNS)
    return text.getvalue().rstrip("\n")


def _json(month: Month, vendors: Sequence[VendorMonth]) -> str:
    return json_text({"month": f"{month.begin:%Y-%m}", "begin": month.begin, "end": month.end, "vendors": vendors})


_WRITERS: Final = {"text": _text, "md": _markdown, "csv": _csv, "json": _json}


def _cells(vendor: VendorMonth) -> tuple[str, ...]:
    minutes = (
        *(vendor.critical_minutes, vendor.major_minutes, vendor.minor_minutes),
        *(vendor.maintenance_minutes, vendor.unknown_minutes),
    )
    return (
        one_line(vendor.provider_name, _NAME),
        str(vendor.incidents),
        *(f"{each:,.1f}" for each in minutes),
        str(vendor.updates),
        _spread(vendor.published_to_seen),
        _spread(vendor.seen_to_logged),
    )


def _spread(known: Spread) -> str:
    return "-" if known.p50_s is None or known.p95_s is None else f"{duration(known.p50_s)} / {duration(known.p95_s)}"


def _escaped(cell: str) -> str:
    return "".join(f"\\{character}" if character in "\\|*_`[]<>" else character for character in cell)


def _inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection")."""
    line = one_line(cell, _NAME)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
