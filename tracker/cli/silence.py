"""`tracker silence`: times in which alerts are held back."""

import getpass
from datetime import timedelta
from pathlib import Path

import click

from tracker.cli.alerts import duration_s
from tracker.cli.completion import watched
from tracker.cli.lazy import FullHelp
from tracker.cli.options import data_dir_option, format_option, running_settings
from tracker.cli.table import json_text, table, terminal_width
from tracker.model.route import AlertKind
from tracker.store.opening import open_desk


@click.group(cls=FullHelp)
def silence() -> None:
    """Hold back new alerts for a time, with a reason; open alerts continue.

    \b
    Example:
      tracker silence add --provider acme --for 4h --reason "their move to the new region"
    """


@silence.command()
@click.option(
    "--provider", "providers", multiple=True, metavar="GLOB", shell_complete=watched, help="Pages, by id. Repeatable."
)
@click.option("--component", "components", multiple=True, metavar="GLOB", help="Components, by name. Repeatable.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in AlertKind]),
    help="Kinds of alerts. Repeatable.",
)
@click.option(
    "--for",
    "span",
    default="1h",
    show_default=True,
    metavar="DURATION",
    help="The time to hold them: 30m, 4h or 2d; 30 days at most.",
)
@click.option("--reason", required=True, help="The reason, which is shown with the alerts that are held.")
@data_dir_option
@format_option
def add(
    providers: tuple[str, ...],
    components: tuple[str, ...],
    kinds: tuple[str, ...],
    span: str,
    reason: str,
    data_dir: Path,
    output_format: str,
) -> None:
    """Begin a silence now.

    \b
    Example:
      tracker silence add --provider 'aws-*' --kind maintenance --for 2d --reason "planned"
    """
    made = open_desk(running_settings(data_dir)).silence(
        providers=providers,
        components=components,
        kinds=tuple(map(AlertKind, kinds)),
        span=timedelta(seconds=duration_s(span, "--for")),
        reason=reason,
        who=getpass.getuser(),
    )
    if output_format == "json":
        click.echo(json_text(made))
        return
    click.echo(f"silence {made.id} until {made.ends_at:%Y-%m-%d %H:%M} UTC; `tracker silence end {made.id}` ends it")


@silence.command("list")
@data_dir_option
@format_option
def list_(data_dir: Path, output_format: str) -> None:
    """Show the silences that have not ended.

    \b
    Example:
      tracker silence list
    """
    known = open_desk(running_settings(data_dir)).silences()
    if output_format == "json":
        click.echo(json_text(known))
        return
    rows = [
        (
            each.id,
            f"{each.ends_at:%Y-%m-%d %H:%M}",
            ", ".join((*each.providers, *each.components, *each.kinds)),
            each.created_by,
            each.reason,
        )
        for each in known
    ]
    heads = ("SILENCE", "UNTIL (UTC)", "OF", "BY", "REASON")
    click.echo(table(heads, rows, terminal_width()) if rows else "nothing is silenced")


@silence.command()
@click.argument("silence_id", metavar="SILENCE")
@data_dir_option
@format_option
def end(silence_id: str, data_dir: Path, output_format: str) -> None:
    """End a silence; the alerts that it held back open at once, unless they have ended.

    \b
    Example:
      tracker silence end 1f2e3d4c
    """
    open_desk(running_settings(data_dir)).end_silence(silence_id)
    click.echo(json_text({"ended": silence_id}) if output_format == "json" else f"silence {silence_id} is over")
