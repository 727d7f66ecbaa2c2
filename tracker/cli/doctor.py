"""`tracker doctor`."""

import sys
from pathlib import Path
from typing import Final

import click

from tracker.cli import PROBLEM, UNREACHABLE
from tracker.cli.options import data_dir_option, environment, format_option
from tracker.cli.reaching import located, not_running
from tracker.cli.table import coloured, json_text, terminal_width, wrap
from tracker.diagnosis import Diagnosis, Level, diagnose, gather
from tracker.model.clock import utc_now

_WIDTH: Final = 100
_INDENT: Final = " " * 10


@click.command()
@data_dir_option
@format_option
def doctor(data_dir: Path, output_format: str) -> None:
    """Check whether the tracker does its work, and say what to do.

    The command checks data server, persistence, eviction, clock, beat, workers, lateness, printer, pages, sinks and
    disk, in the order in which to look for a cause; it changes nothing.

    \b
    Exit status:
      0  there is no problem; there may be warnings
      1  there is a problem
      4  the data server cannot be reached

    \b
    Example:
      tracker doctor --json
    """
    settings = located(data_dir, environment(data_dir))
    diagnosis = diagnose(gather(settings, utc_now(), lambda error: not_running(error, data_dir)))
    click.echo(json_text(diagnosis) if output_format == "json" else _text(diagnosis))
    if diagnosis.checks[0].level is Level.PROBLEM:
        sys.exit(UNREACHABLE)
    sys.exit(PROBLEM if diagnosis.level is Level.PROBLEM else 0)


def _text(diagnosis: Diagnosis) -> str:
    lines = []
    width = min(terminal_width() or _WIDTH, _WIDTH) - len(_INDENT)
    for check in diagnosis.checks:
        first, *more = wrap(f"{check.name.replace('_', ' ')}: {check.finding}", width)
        lines.append(coloured(f"{check.level:<{len(_INDENT)}}{first}", check.level))
        lines += [_INDENT + line for line in more]
        lines += [f"{_INDENT}{line}" for line in wrap(f"→ {check.remedy}", width)] if check.remedy else []
    counts = {level: sum(check.level is level for check in diagnosis.checks) for level in Level}
    lines.append(", ".join(f"{count} {level}" for level, count in counts.items() if count))
    return "\n".join(lines)
