"""Shows the figures of `status --scheduling`: the beats and their lateness. Contains no business logic."""

from datetime import datetime

import click
import msgspec

from tracker.cli.table import age, counted, duration, json_text, table
from tracker.scheduling.dispatch_lag import WINDOW_S, SchedulerReport, Scheduling


def show_scheduling(known: Scheduling, now: datetime, output_format: str) -> None:
    """Print the report of each scheduler, and a summary in one line."""
    if output_format == "json":
        click.echo(json_text({**msgspec.structs.asdict(known), "dispatched_per_s": _per_s(known)}))
        return
    if known.schedulers:
        heads = ("SCHEDULER", "REPORTED", "DISPATCHED", "LAST MINUTE", "LATE p50", "p99", "AT MOST")
        click.echo(table(heads, [_row(report, now) for report in known.schedulers]))
    click.echo(scheduling_line(known))


def scheduling_line(known: Scheduling) -> str:
    """Return the summary line."""
    parts = [counted(known.providers, "provider")]
    late = [report.late_max_s for report in known.schedulers if report.late_max_s is not None]
    if not known.schedulers:
        parts.append("no scheduler reports")
    elif late:
        p99_s = max(report.late_p99_s or 0.0 for report in known.schedulers)
        parts += [
            f"{_per_s(known):,.1f}/s",
            f"at most {duration(max(late))} late (p99 over the last minute {duration(p99_s)})",
        ]
    if known.overdue:
        parts.append(f"{known.overdue:,} overdue, the longest by {duration(known.overdue_s)}")
    return f"scheduling: {', '.join(parts)}"


def _per_s(known: Scheduling) -> float:
    return round(sum(report.dispatched_last_minute for report in known.schedulers) / WINDOW_S, 1)


def _row(report: SchedulerReport, now: datetime) -> tuple[str, ...]:
    late = (report.late_p50_s, report.late_p99_s, report.late_max_s)
    counts = (f"{report.dispatched:,}", f"{report.dispatched_last_minute:,}")
    return (report.name, age(report.at, now), *counts, *("-" if each is None else duration(each) for each in late))
