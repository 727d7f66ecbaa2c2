"""`tracker alerts explain` and `backtest`: the decisions of routes about events on record."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from tracker.alerting.alert import Alert, AlertState, Phase
from tracker.alerting.backtest import Replay, Sent, joined
from tracker.alerting.channel import Severity
from tracker.alerting.explain import Explanation, explained
from tracker.alerting.message import severity
from tracker.alerting.rules import Rules, rules_of
from tracker.cli.options import PROVIDERS_FILE, data_dir_option, format_option, providers_option, read_contents
from tracker.cli.shown_past import shown_by
from tracker.cli.table import counted, json_text, table, terminal_width
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.detection.past import past_events
from tracker.errors import ConfigError, PollError
from tracker.model.clock import utc_now
from tracker.model.event import Event, decode_event
from tracker.model.provider import Provider

#: Hours in which a person sleeps, UTC.
_NIGHT: Final = (22, 7)


@click.command()
@click.argument("event_id")
@providers_option
@data_dir_option
@format_option
def explain(event_id: str, providers_file: Path, data_dir: Path, output_format: str) -> None:
    """Show each route's verdict on one event of updates.jsonl, and the messages that the event caused.

    \b
    Example:
      tracker alerts explain acme/9xwq1/k2l3m
    """
    rules = _rules(providers_file)
    events = list(read_record(data_dir / RECORD_NAME))
    position = next((i for i, event in enumerate(events) if event.id == event_id), None)
    if position is None:
        raise ConfigError(f"{data_dir / RECORD_NAME} holds no event {event_id}; the field `id` of a line names it")
    found = explained(events, position, rules)
    click.echo(json_text(_explanation(found)) if output_format == "json" else "\n".join(_lines(found)))


@click.command()
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="The days to look back.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=PROVIDERS_FILE,
    show_default=True,
    help="The file with the routes to try.",
)
@click.option("--record-only", is_flag=True, help="Read updates.jsonl alone, and request no page.")
@data_dir_option
@format_option
def backtest(days: int, config_file: Path, record_only: bool, data_dir: Path, output_format: str) -> None:
    """Show what routes would have sent in the past; the tracker need not run, and nothing is sent.

    The past comes from updates.jsonl, and for the time before it from the pages of the file. A page shows the present
    impact of an incident, and no past status of its components.

    \b
    Example:
      tracker alerts backtest --days 30 --config new.toml
    """
    now = utc_now()
    since = now - timedelta(days=days)
    contents = read_contents(config_file)
    rules = rules_of(contents.alerting, contents.providers)
    record = data_dir / RECORD_NAME
    recorded = list(read_record(record)) if record_only or record.exists() else []
    shown = [] if record_only else list(_shown_past(contents.providers, data_dir, now))
    past = joined(recorded, shown)
    replay = Replay(rules)
    replay.play((event for event in past.events if event.seen_at >= since), until=now)
    if output_format == "json":
        click.echo(json_text([_sent_report(sent, past.of_pages) for sent in replay.sent]))
        return
    rows = [
        (
            f"{sent.at:%Y-%m-%d %H:%M}",
            sent.delivery.channel,
            sent.delivery.act,
            _source(sent, past.of_pages),
            sent.alert.title,
            sent.delivery.note,
        )
        for sent in replay.sent
    ]
    click.echo(table(("AT", "CHANNEL", "ACT", "FROM", "ALERT", "NOTE"), rows, terminal_width()))
    click.echo(_summed_up(replay.sent, days))


def _shown_past(providers: Sequence[Provider], data_dir: Path, now: datetime) -> Iterator[Event]:
    """Yield the events in the past that pages show; an unreadable page is named on standard error."""
    for provider, shown in shown_by(providers, data_dir):
        if isinstance(shown, PollError):
            click.echo(f"tracker: {provider.name} cannot be read, its past is left out: {shown}", err=True)
        else:
            yield from past_events(provider, shown[0], now)


def _source(sent: Sent, of_pages: Collection[str]) -> str:
    """Return the origin of a delivery: `record`, or `page` where only the page shows its event."""
    brought_by = sent.event_id or (sent.alert.steps[-1].id if sent.alert.steps else "")
    return "page" if brought_by in of_pages else "record"


def read_record(path: Path) -> Iterator[Event]:
    """Yield the events of a record, oldest first; other lines are skipped. Raises ConfigError."""
    try:
        with path.open("rb") as lines:
            for line in lines:
                try:
                    yield decode_event(line)
                except ValueError:
                    continue
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); give --data-dir of a tracker that ran") from None


def _rules(path: Path) -> Rules:
    contents = read_contents(path)
    return rules_of(contents.alerting, contents.providers)


def _lines(found: Explanation) -> Iterator[str]:
    """Yield the lines: the alert, each route, the messages."""
    alert = found.alert
    if alert is None:
        yield f"{found.event.id} changes no alert: it or the alert has ended, or an incident's alert covers it"
        return
    yield f"{alert.id} “{alert.title}” is {alert.state}, impact {alert.impact or 'unknown'}"
    for verdict in found.verdicts:
        word = "matches" if verdict.matches else "does not match"
        yield f"  route {verdict.route} ({', '.join(verdict.to)}) {word}: {verdict.reason}"
    for channel, target in alert.targets.items():
        yield f"  {channel}: {_why(alert, target.phase, target.hold, target.due_at)}"
    for each in found.sent:
        yield f"  sent: {each.delivery.act} to {each.delivery.channel}, version {each.delivery.version}"
    if not found.sent:
        yield "  this event caused no message"


def _explanation(found: Explanation) -> dict[str, object]:
    """Return the answer of `GET /api/v1/alerts/explain`."""
    return {
        "event": found.event.id,
        "alert": found.alert.id if found.alert is not None else None,
        "routes": found.verdicts,
        "sent": [
            {"channel": each.delivery.channel, "act": each.delivery.act, "version": each.delivery.version}
            for each in found.sent
        ],
    }


def _why(alert: Alert, phase: Phase, hold: str | None, until: datetime | None) -> str:
    if phase is Phase.HELD:
        return f"held by {hold} until {until:%Y-%m-%d %H:%M} UTC" if until else f"held by {hold}"
    if alert.state is AlertState.SNOOZED:
        return f"{phase}, snoozed"
    return phase.value


def _sent_report(sent: Sent, of_pages: Collection[str]) -> dict[str, object]:
    return {
        "at": sent.at,
        "channel": sent.delivery.channel,
        "act": sent.delivery.act,
        "alert": sent.alert.id,
        "version": sent.delivery.version,
        "title": sent.alert.title,
        "severity": severity(sent.alert.kind, sent.alert.impact),
        "event": sent.event_id,
        "note": sent.delivery.note,
        "source": _source(sent, of_pages),
    }


def _summed_up(sent: Sequence[Sent], days: int) -> str:
    opened = [each for each in sent if each.delivery.act == "open"]
    alerts_opened = {each.alert.id for each in opened}
    grave = [each for each in opened if severity(each.alert.kind, each.alert.impact) is Severity.CRITICAL]
    at_night = sum(each.at.hour >= _NIGHT[0] or each.at.hour < _NIGHT[1] for each in opened)
    return (
        f"in {days} days: {counted(len(alerts_opened), 'alert')} opened, {counted(len(sent), 'message')} in all; "
        f"{len(grave)} opened critical, {at_night} at night (22:00 to 07:00 UTC)"
    )
