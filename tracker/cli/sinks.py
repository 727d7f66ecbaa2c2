"""`tracker sinks`: the receivers of updates other than the log, and their dead letters."""

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import click
import msgspec

from tracker.bootstrap import build_sender, client_options
from tracker.cli.lazy import FullHelp
from tracker.cli.options import data_dir_option, format_option, running_settings
from tracker.cli.table import age, json_text, table, terminal_width
from tracker.delivery.sinks.webhook import shown_address
from tracker.delivery.unreached import unreached
from tracker.errors import ConfigError, FetchError
from tracker.fetch.post import RequestsPoster
from tracker.model.clock import utc_now
from tracker.model.event import Event, EventKind
from tracker.model.provider import Provider, Webhook
from tracker.store.opening import open_catalogue, open_sinks
from tracker.store.sinks import RedisSinks, SinkStatus

#: The provider of test events, by which a receiver can recognise and drop them.
TEST_PROVIDER = "tracker-test"


class SinkReport(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one sink: the stable form of `sinks list`."""

    sink: str
    #: `failing` while its receiver does not accept updates, `dead_letters` while refused updates are neither delivered
    #: nor dropped, `unmatched` where a pattern of its own matches nothing; else `ok`.
    state: str
    #: The host of its URL, or the variable that holds it.
    address: str
    waiting: int
    dead: int
    delivered: int
    last_delivered_at: datetime | None
    failures: int
    failing_since: datetime | None
    #: The time of the next attempt.
    not_before: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    #: A sentence for each of its patterns and kinds of events that matches nothing.
    unmatched: tuple[str, ...]
    #: The format of its requests.
    format: str


@click.group(cls=FullHelp)
def sinks() -> None:
    """Show the receivers of updates, and handle their dead letters.

    Sinks are the [[sink]] entries of providers.toml; `tracker up` and `tracker providers sync` read them.

    \b
    Example:
      tracker sinks test ops
    """


@sinks.command("list")
@data_dir_option
@format_option
def list_(data_dir: Path, output_format: str) -> None:
    """Show the state of every sink.

    \b
    Example:
      tracker sinks list --format json
    """
    settings = running_settings(data_dir)
    providers = open_catalogue(settings).providers()
    reports = [_report(status, providers) for status in open_sinks(settings).statuses()]
    if output_format == "json":
        _show_json(reports)
        return
    now = utc_now()
    heads = ("SINK", "STATE", "ADDRESS", "WAITING", "DEAD", "DELIVERED", "LAST DELIVERED", "LAST ERROR")
    click.echo(table(heads, [_cells(row, now) for row in reports], terminal_width()))
    for row in reports:
        for sentence in row.unmatched:
            click.echo(f"{row.sink}: {sentence}")


@sinks.command()
@click.argument("sink")
@data_dir_option
@format_option
def dead(sink: str, data_dir: Path, output_format: str) -> None:
    """Show a sink's dead letters: updates that its receiver refused, or did not accept for a day.

    \b
    Example:
      tracker sinks dead ops
    """
    known = open_sinks(running_settings(data_dir))
    _find(known, sink)
    letters = known.dead(sink)
    if output_format == "json":
        _show_json(letters)
        return
    now = utc_now()
    rows = [(age(letter.died_at, now), letter.event.product, letter.event.id, letter.reason) for letter in letters]
    click.echo(table(("DIED", "PRODUCT", "UPDATE", "REASON"), rows, terminal_width()))


@sinks.command()
@click.argument("sink")
@data_dir_option
@format_option
def retry(sink: str, data_dir: Path, output_format: str) -> None:
    """Redrive a sink's dead letters: they are delivered again, before new updates.

    \b
    Example:
      tracker sinks retry ops
    """
    known = open_sinks(running_settings(data_dir))
    _find(known, sink)
    _print_count(sink, known.redrive(sink), f"updates are delivered to {sink} again", output_format)


@sinks.command()
@click.argument("sink")
@data_dir_option
@format_option
def drop(sink: str, data_dir: Path, output_format: str) -> None:
    """Forget a sink's dead letters; they stay in updates.jsonl.

    \b
    Example:
      tracker sinks drop ops
    """
    known = open_sinks(running_settings(data_dir))
    _find(known, sink)
    _print_count(sink, known.drop(sink), f"dead letters of {sink} are forgotten", output_format)


@sinks.command()
@click.argument("sink")
@data_dir_option
@format_option
def test(sink: str, data_dir: Path, output_format: str) -> None:
    """Send one test update, in the sink's format and with this environment; exit status 1 if it is refused.

    \b
    Example:
      tracker sinks test ops
    """
    settings = running_settings(data_dir)
    webhook = _find(open_sinks(settings), sink)
    poster = RequestsPoster(client_options(settings))
    started = time.monotonic()
    try:
        answer = build_sender(poster).send(webhook, _test_event(webhook))
    except FetchError as error:
        if output_format == "json":
            _show_json({"sink": sink, "status": None, "error": str(error)})
        else:
            click.echo(f"{shown_address(webhook)} did not answer: {error}")
        sys.exit(1)
    finally:
        poster.close()
    took_ms = (time.monotonic() - started) * 1000
    said = f": {answer.text}" if answer.text else ""
    if output_format == "json":
        _show_json({"sink": sink, "status": answer.status, "took_ms": round(took_ms), "answer": answer.text})
    else:
        click.echo(f"{shown_address(webhook)} answered {answer.status} in {took_ms:.0f} ms{said}")
    sys.exit(0 if 200 <= answer.status < 300 else 1)  # noqa: PLR2004  success (RFC 9110, section 15.3)


def _print_count(sink: str, count: int, what: str, output_format: str) -> None:
    if output_format == "json":
        _show_json({"sink": sink, "updates": count})
    else:
        click.echo(f"{count} {what}")


def _test_event(webhook: Webhook) -> Event:
    """Return an event that no receiver takes for a real one, and that raises no alarm."""
    now = utc_now()
    return Event(
        id=f"{TEST_PROVIDER}/{webhook.name}/{uuid4().hex}",
        event=EventKind.INCIDENT_UPDATE,
        provider=TEST_PROVIDER,
        provider_name="Test",
        product="Test",
        incident_id="test",
        incident=f"Test of the sink {webhook.name}",
        update_id="test",
        status="resolved",
        message="This is a test. Nothing happened.",
        impact="none",
        published_at=now,
        seen_at=now,
    )


def _find(known: RedisSinks, sink: str) -> Webhook:
    """Return the webhook of that name. Raises ConfigError."""
    for webhook in known.webhooks():
        if webhook.name == sink:
            return webhook
    raise ConfigError(f"there is no sink {sink}; `tracker sinks list` shows them all")


def _report(status: SinkStatus, providers: Sequence[Provider]) -> SinkReport:
    unmatched = unreached(status.webhook, providers)
    return SinkReport(
        sink=status.webhook.name,
        state=_state(status, unmatched),
        address=shown_address(status.webhook),
        waiting=status.waiting,
        dead=status.dead,
        delivered=status.delivered,
        last_delivered_at=status.last_delivered_at,
        failures=status.streak.failures,
        failing_since=status.streak.failing_since,
        not_before=status.not_before,
        last_error=status.last_error,
        last_error_at=status.last_error_at,
        unmatched=unmatched,
        format=status.webhook.format,
    )


def _state(status: SinkStatus, unmatched: Sequence[str]) -> str:
    if status.streak.failures:
        return "failing"
    if status.undelivered:
        return "dead_letters"
    return "unmatched" if unmatched else "ok"


def _cells(row: SinkReport, now: datetime) -> tuple[str, ...]:
    counts = (str(row.waiting), str(row.dead), str(row.delivered))
    last_error = f"{age(row.last_error_at, now)}: {row.last_error}" if row.last_error else ""
    return row.sink, row.state.replace("_", " "), row.address, *counts, age(row.last_delivered_at, now), last_error


def _show_json(value: object) -> None:
    click.echo(json_text(value))
