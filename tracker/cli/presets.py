"""`tracker presets`: checks whether presets still have the addresses of the table. Needs no data server."""

import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from tracker.bootstrap import build_fetcher, client_options
from tracker.catalogue.presets import Preset, find, nearest
from tracker.catalogue.presets import presets as known_presets
from tracker.catalogue.presets.line import preset_line
from tracker.cli.lazy import FullHelp
from tracker.cli.options import environment, format_option
from tracker.cli.table import json_text
from tracker.environment.settings import Settings
from tracker.errors import ConfigError
from tracker.model.clock import utc_now
from tracker.model.plain import one_line
from tracker.parse import FORMATS
from tracker.polling.preset_check import PresetFinding, PresetVerdict, check_presets, corrected

_LONGEST: Final = 300
_TITLES: Final = {name: known.title for name, known in FORMATS.items()}


@click.group("presets", cls=FullHelp)
def presets_command() -> None:
    """Check the vendors known by name against their pages.

    \b
    Example:
      tracker presets check openai github
    """


@presets_command.command()
@click.argument("ids", nargs=-1)
@click.option("--at-once", type=click.IntRange(1, 16), default=4, show_default=True, help="Organisations at a time.")
@click.option("--allow-private", is_flag=True, help="Allow addresses that are not public.")
@format_option
def check(ids: tuple[str, ...], at_once: int, allow_private: bool, output_format: str) -> None:
    """Request the page of each preset once; show which moved, changed platforms or can no longer be read.

    The command finds a page as `add` does, with one or a few requests. At the end it prints lines for the table of
    presets: those that changed, and those that were confirmed. Exit status 1 if a preset has changed.

    \b
    Example:
      tracker presets check --format json
    """
    wanted = _wanted(ids)
    fetcher = build_fetcher(client_options(Settings.from_environment(environment(Path("data"), os.environ))))
    found: list[PresetFinding] = []
    try:
        for finding in check_presets(wanted, fetcher, time.sleep, at_once=at_once, allow_private=allow_private):
            found.append(finding)
            if output_format == "text":
                click.echo(_line(finding))
    finally:
        fetcher.close()
    if output_format == "json":
        click.echo(json_text(found))
    else:
        _print_found(wanted, found)
    sys.exit(0 if all(finding.verdict is PresetVerdict.SAME for finding in found) else 1)


def _wanted(ids: Sequence[str]) -> Sequence[Preset]:
    if not ids:
        return known_presets()
    wanted = {word: find(word) for word in ids}
    for word, preset in wanted.items():
        if preset is None:
            close = nearest(word)
            hint = f"did you mean {' or '.join(close)}?" if close else "`tracker providers search` lists them"
            raise ConfigError(f"there is no preset {one_line(word, _LONGEST)}; {hint}")
    return [preset for preset in dict.fromkeys(wanted.values()) if preset is not None]


def _line(finding: PresetFinding) -> str:
    detail = f": {one_line(finding.detail, _LONGEST)}" if finding.detail else ""
    return f"{finding.preset}: {finding.verdict}{detail}"


def _print_found(wanted: Sequence[Preset], found: Sequence[PresetFinding]) -> None:
    """Print new lines for the table, and the number of presets for each result."""
    month = f"{utc_now():%Y-%m}"
    by_id = {preset.id: preset for preset in wanted}
    lines = [corrected(by_id[finding.preset], finding, month, _TITLES) for finding in found]
    changed = [preset for preset in lines if preset is not None and preset != by_id[preset.id]]
    if changed:
        click.echo("\nfor vendors.toml:\n")
        for preset in changed:
            click.echo(preset_line(preset))
    counts = Counter(finding.verdict for finding in found)
    click.echo("\n" + ", ".join(f"{counts[verdict]} {verdict}" for verdict in PresetVerdict if counts[verdict]))
    click.echo(f"{sum(finding.requests for finding in found)} requests")
