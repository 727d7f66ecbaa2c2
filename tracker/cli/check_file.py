"""The report of `tracker check` on a catalogue file. Contains no business logic."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from tracker.cli.inner import refused_addresses, require_reachable
from tracker.cli.options import read_contents
from tracker.cli.table import counted, json_text
from tracker.delivery.sinks.webhook import endpoint
from tracker.delivery.unreached import unreached
from tracker.environment.credentials import require_secrets
from tracker.errors import ConfigError
from tracker.model.provider import Provider, Webhook
from tracker.model.route import Alerting
from tracker.polling.page_request import missing_credentials


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `check` for a file, in its stable form."""

    file: str
    providers: tuple[str, ...]
    sinks: tuple[str, ...]
    channels: tuple[str, ...]
    warnings: tuple[str, ...]


def check_file(path: Path, output_format: str) -> None:
    """Print the content of a catalogue file, and which parts of it have no effect. Raises ConfigError."""
    contents = read_contents(path)
    providers, sinks, alerting = contents.providers, contents.sinks, contents.alerting
    report = FileReport(
        file=str(path),
        providers=tuple(provider.id for provider in providers),
        sinks=tuple(sink.name for sink in sinks),
        channels=tuple(channel.name for channel in alerting.channels),
        warnings=(*_warnings(providers, sinks), *_warnings_of_alerts(alerting)),
    )
    if output_format == "json":
        click.echo(json_text(report))
        return
    channels = f", {counted(len(alerting.channels), 'channel')}" if alerting.channels else ""
    click.echo(f"{path}: {counted(len(providers), 'page')}, {counted(len(sinks), 'sink')}{channels}")
    for warning in report.warnings:
        click.echo(f"note: {warning}")


def _warnings(providers: tuple[Provider, ...], sinks: tuple[Webhook, ...]) -> Iterator[str]:
    yield from missing_credentials(providers, os.environ)
    yield from refused_addresses(providers)
    for sink in sinks:
        for sentence in unreached(sink, providers):
            yield f'sink "{sink.name}": {sentence}'
        try:
            endpoint(sink, os.environ)
            require_reachable([sink], (), os.environ)
        except ConfigError as error:
            yield str(error)


def _warnings_of_alerts(alerting: Alerting) -> Iterator[str]:
    named = {name for route in alerting.routes for name in route.to} | {*alerting.fallback}
    for channel in alerting.channels:
        if channel.name not in named:
            yield f"{channel.place}: no [[route]] names it, so that nothing goes there"
        try:
            require_secrets(channel, os.environ)
            require_reachable((), [channel], os.environ)
        except ConfigError as error:
            yield str(error)
