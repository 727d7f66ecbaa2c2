"""`tracker alerts`: open alerts, the reasons for them, and what routes would have sent."""

import getpass
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click
import msgspec

from tracker.alerting.alert import Alert, Phase
from tracker.alerting.decider import Decider
from tracker.alerting.message import severity
from tracker.alerting.row import Row
from tracker.alerting.story import acknowledged, snoozed
from tracker.bootstrap import open_alerts, open_rows
from tracker.catalogue.mistakes import InvalidValue
from tracker.catalogue.route import seconds_of
from tracker.cli.alert_replay import backtest, explain
from tracker.cli.options import (
    data_dir_option,
    format_option,
    running_settings,
)
from tracker.cli.table import age, json_text, table
from tracker.errors import ConfigError, Conflict
from tracker.model.clock import utc_now
from tracker.store.alerts import RedisAlerts

#: How long a command waits for whoever decides now.
_PATIENCE_S: Final = 10.0


class ChannelReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel is to show of an alert, and what it was sent."""

    channel: str
    #: held, open, closed, dropped or grouped, as decided.
    phase: str
    #: What holds it back, and until when.
    hold: str | None
    until: datetime | None
    #: The newest version that the channel is to show, and the one that it took.
    wanted_version: int
    sent_version: int
    attempts: int
    last_error: str | None
    #: Why something of it was given up; `alerts resend` sends it again.
    dead_letter: str | None


class AlertReport(msgspec.Struct, frozen=True, kw_only=True):
    """One alert: the stable form of `alerts list`."""

    id: str
    state: str
    kind: str
    severity: str
    provider: str
    title: str
    status: str
    impact: str | None
    opened_at: datetime
    closed_at: datetime | None
    is_drill: bool
    channels: tuple[ChannelReport, ...]


@click.group(invoke_without_command=True)
@click.pass_context
def alerts(context: click.Context) -> None:
    """Show open alerts, the reasons for them, and what routes would have sent.

    Alerts go where the [[route]] entries of providers.toml lead; without a command the open ones are listed.

    \b
    Example:
      tracker alerts list --all
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


alerts.add_command(explain)
alerts.add_command(backtest)


@alerts.command("list")
@click.option("--all", "shows_all", is_flag=True, help="Those that are over, too, and dead letters.")
@data_dir_option
@format_option
def list_(data_dir: Path, output_format: str, shows_all: bool) -> None:
    """Show open alerts, and what each channel was sent.

    \b
    Example:
      tracker alerts list --format json
    """
    settings = running_settings(data_dir)
    store, rows = open_alerts(settings), open_rows(settings)
    known = store.all_alerts() if shows_all else store.open_alerts()
    sent = {channel.name: rows.rows(channel.name) for channel in store.config().channels}
    reports = [report(alert, {name: found.get(alert.id, Row()) for name, found in sent.items()}) for alert in known]
    if output_format == "json":
        click.echo(json_text(reports))
        return
    now = utc_now()
    cells = [
        (row.id, row.state, row.severity, age(row.opened_at, now), row.title, ", ".join(map(_said, row.channels)))
        for row in reports
    ]
    click.echo(table(("ALERT", "STATE", "SEVERITY", "OPENED", "TITLE", "CHANNELS"), cells))
    active = [silence for silence in store.silences() if silence.ends_at > now]
    if active:
        click.echo(f"silenced: {len(active)}; `tracker silence list` shows why")


@alerts.command()
@click.argument("alert")
@click.option("--by", "who", default=None, help="Who takes it on; your user name if not given.")
@data_dir_option
def ack(alert: str, who: str | None, data_dir: Path) -> None:
    """Acknowledge an alert: it is not repeated any more, until it gets worse or ends.

    \b
    Example:
      tracker alerts ack acme/0d1f6a2b3c4d5e6f/1
    """
    name = who or getpass.getuser()
    now = utc_now()
    after = act(open_alerts(running_settings(data_dir)), alert, lambda found: acknowledged(found, name, now))
    click.echo(f"{after.id} is {after.state}")


@alerts.command()
@click.argument("alert")
@click.option("--for", "span", default="1h", show_default=True, metavar="DURATION", help="As in 30m, 4h or 2d.")
@click.option("--by", "who", default=None, help="Who holds it; your user name if not given.")
@data_dir_option
def snooze(alert: str, span: str, who: str | None, data_dir: Path) -> None:
    """Hold an alert's changes back for a while; what is worse, and its end, are sent all the same.

    \b
    Example:
      tracker alerts snooze acme/0d1f6a2b3c4d5e6f/1 --for 4h
    """
    name = who or getpass.getuser()
    now = utc_now()
    until = now + timedelta(seconds=duration_s(span, "--for"))
    after = act(open_alerts(running_settings(data_dir)), alert, lambda found: snoozed(found, until, name, now))
    click.echo(f"{after.id} is {after.state}")


@alerts.command()
@click.argument("alert")
@click.option("--channel", default=None, help="One channel; all that gave something up if not given.")
@data_dir_option
def resend(alert: str, channel: str | None, data_dir: Path) -> None:
    """Send again what a channel refused.

    \b
    Example:
      tracker alerts resend acme/0d1f6a2b3c4d5e6f/1 --channel oncall
    """
    settings = running_settings(data_dir)
    store, rows = open_alerts(settings), open_rows(settings)
    found = find(store, alert)
    names = [known.name for known in store.config().channels if channel in (None, known.name)]
    if channel is not None and channel not in names:
        raise ConfigError(f"there is no channel {channel}; `tracker channels list` shows them all")
    again = [name for name in names if rows.row(name, found.id).is_dead or channel is not None]
    for name in again:
        rows.resend(name, found.id, utc_now())
    click.echo(f"{found.id} is sent again to: {', '.join(again) or 'no channel, since none gave anything up'}")


def act(store: RedisAlerts, alert: str, how: Callable[[Alert], Alert]) -> Alert:
    """Do something to an alert, named by its id or its incident, while nobody else decides. Raises ConfigError."""
    found = find(store, alert)
    until = time.monotonic() + _PATIENCE_S
    decider = Decider(store, utc_now)
    while time.monotonic() < until:
        try:
            after = decider.act(found.id, how)
        except Conflict:
            after = None
        if after is not None:
            return after
        time.sleep(0.05)
    raise ConfigError("alerts are being decided about all the time; try again")


def find(store: RedisAlerts, named: str) -> Alert:
    """Return the newest alert of an id or of `<provider>/<incident id>`. Raises ConfigError."""
    found = [alert for alert in store.all_alerts() if named in (alert.id, f"{alert.provider_id}/{alert.subject}")]
    if not found:
        raise ConfigError(f"there is no alert {named}; `tracker alerts list --all` shows them all")
    return max(found, key=lambda alert: alert.generation)


def report(alert: Alert, rows: dict[str, Row]) -> AlertReport:
    """Return an alert with what each channel was sent of it."""
    return AlertReport(
        id=alert.id,
        state=alert.state,
        kind=alert.group or alert.kind,
        severity=severity(alert.kind, alert.impact),
        provider=alert.provider_id.removeprefix("~"),
        title=alert.title,
        status=alert.status,
        impact=alert.impact,
        opened_at=alert.opened_at,
        closed_at=alert.closed_at,
        is_drill=alert.drill is not None,
        channels=tuple(
            ChannelReport(
                channel=name,
                phase=target.phase,
                hold=target.hold if target.phase is Phase.HELD else None,
                until=target.due_at,
                wanted_version=target.version,
                sent_version=row.version,
                attempts=row.attempts,
                last_error=row.last_error,
                dead_letter=row.missed or (row.last_error if row.is_dead else None),
            )
            for name, target in alert.targets.items()
            for row in [rows.get(name, Row())]
        ),
    )


def duration_s(given: str, option: str) -> int:
    """Return the seconds of a duration. Raises ConfigError."""
    try:
        return seconds_of(given, option)
    except InvalidValue:
        raise ConfigError(f'{option} is "{given}", no duration up to 30 days; write one, as in {option} 4h') from None


def _said(channel: ChannelReport) -> str:
    if channel.dead_letter:
        return f"{channel.channel} dead letter"
    if channel.hold:
        return f"{channel.channel} held ({channel.hold})"
    behind = channel.phase in (Phase.OPEN, Phase.CLOSED) and channel.sent_version < channel.wanted_version
    return f"{channel.channel} {channel.phase}{' (waits)' if behind else ''}"
