"""`tracker alerts`: open alerts, the reasons for them, and what routes would have sent."""

import getpass
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from tracker.alerting.report import ChannelReport
from tracker.catalogue.alert_values import seconds
from tracker.catalogue.mistakes import InvalidValue
from tracker.cli.alert_replay import backtest, explain
from tracker.cli.lazy import FullHelp
from tracker.cli.options import data_dir_option, format_option, running_settings
from tracker.cli.table import age, json_text, table, terminal_width
from tracker.errors import ConfigError
from tracker.model.clock import utc_now
from tracker.store.opening import open_desk

#: Alerts in a table.
_SHOWN: Final = 200
_ALL: Final = 1_000_000


@click.group(cls=FullHelp, invoke_without_command=True)
@click.pass_context
def alerts(context: click.Context) -> None:
    """Show alerts, act on them, and explain what routes send.

    The [[route]] entries of providers.toml choose the channels of an alert. Without a command, open alerts are listed.

    \b
    Example:
      tracker alerts list --all
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


alerts.add_command(explain)
alerts.add_command(backtest)


@alerts.command("list")
@click.option("--all", "shows_all", is_flag=True, help="Show ended alerts and dead letters as well.")
@click.option(
    "--limit",
    type=click.IntRange(1, _ALL),
    help=f"The most alerts to show, newest first; default: {_SHOWN} in a table, all in JSON.",
)
@data_dir_option
@format_option
def list_(data_dir: Path, output_format: str, shows_all: bool, limit: int | None = None) -> None:
    """Show open alerts, and the messages sent to each channel.

    \b
    Example:
      tracker alerts list --format json
    """
    desk = open_desk(running_settings(data_dir))
    count = limit or (_ALL if output_format == "json" else _SHOWN)
    newest, following = desk.lists.page(is_open=None if shows_all else True, count=count)
    reports = newest[::-1]
    if output_format == "json":
        click.echo(json_text(reports))
        return
    now = utc_now()
    cells = [
        (row.id, row.state, row.severity, age(row.opened_at, now), row.title, ", ".join(map(_said, row.channels)))
        for row in reports
    ]
    if not reports:
        click.echo("no alert is on record" if shows_all else "no alert is open")
    else:
        click.echo(table(("ALERT", "STATE", "SEVERITY", "OPENED", "TITLE", "CHANNELS"), cells, terminal_width()))
    if following is not None:
        click.echo(f"these are the newest {count}; `--limit` shows more")
    if active := desk.silences():
        click.echo(f"silenced: {len(active)}; `tracker silence list` shows why")


@alerts.command()
@click.argument("alert")
@click.option("--by", "who", default=None, help="The person who acknowledges it; default: your user name.")
@data_dir_option
@format_option
def ack(alert: str, who: str | None, data_dir: Path, output_format: str) -> None:
    """Acknowledge an alert: it is not sent again until it gets worse or ends.

    \b
    Example:
      tracker alerts ack acme/0d1f6a2b3c4d5e6f/1
    """
    after = open_desk(running_settings(data_dir)).acknowledge(alert, who or getpass.getuser())
    _say({"alert": after.id, "state": after.state}, f"{after.id} is {after.state}", output_format)


@alerts.command()
@click.argument("alert")
@click.option(
    "--for", "span", default="1h", show_default=True, metavar="DURATION", help="The time to hold it: 30m, 4h or 2d."
)
@click.option("--by", "who", default=None, help="The person who snoozes it; default: your user name.")
@data_dir_option
@format_option
def snooze(alert: str, span: str, who: str | None, data_dir: Path, output_format: str) -> None:
    """Hold back an alert's changes for a while; a worse impact and the end are sent anyway.

    \b
    Example:
      tracker alerts snooze acme/0d1f6a2b3c4d5e6f/1 --for 4h
    """
    held = timedelta(seconds=duration_s(span, "--for"))
    after = open_desk(running_settings(data_dir)).snooze(alert, held, who or getpass.getuser())
    _say({"alert": after.id, "state": after.state}, f"{after.id} is {after.state}", output_format)


@alerts.command()
@click.argument("alert")
@click.option("--channel", default=None, help="Only this channel; default: all channels with dead letters.")
@data_dir_option
@format_option
def resend(alert: str, channel: str | None, data_dir: Path, output_format: str) -> None:
    """Resend the messages that a channel refused.

    \b
    Example:
      tracker alerts resend acme/0d1f6a2b3c4d5e6f/1 --channel oncall
    """
    again = open_desk(running_settings(data_dir)).resend(alert, channel)
    words = f"{alert} is sent again to: {', '.join(again) or 'no channel, since none has a dead letter'}"
    _say({"alert": alert, "channels": list(again)}, words, output_format)


def duration_s(given: str, option: str) -> int:
    """Return the seconds of a duration. Raises ConfigError."""
    try:
        return seconds(given, least=1, example=f"{option} 4h")
    except InvalidValue:
        remedy = f"not a duration up to 30 days; write one, as in {option} 4h"
        raise ConfigError(f'{option} is "{given}", {remedy}') from None


def _say(value: dict[str, object], words: str, output_format: str) -> None:
    click.echo(json_text(value) if output_format == "json" else words)


def _said(channel: ChannelReport) -> str:
    if channel.dead_letter:
        return f"{channel.channel} dead letter"
    if channel.hold:
        return f"{channel.channel} held ({channel.hold})"
    return f"{channel.channel} {channel.phase}{' (waits)' if channel.waits else ''}"
