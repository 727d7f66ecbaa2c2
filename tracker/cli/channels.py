"""`tracker channels`: the channels of alerts, the state of each, and a test of one."""

import sys
from pathlib import Path
from uuid import uuid4

import click

from tracker.alerting.channel import Message, Operation, Severity
from tracker.bootstrap import build_channel, client_options
from tracker.cli.lazy import FullHelp
from tracker.cli.options import data_dir_option, format_option, running_settings
from tracker.cli.table import age, json_text, table, terminal_width
from tracker.environment.settings import Settings
from tracker.errors import ChannelRefused, ConfigError, FetchError
from tracker.fetch.post import RequestsPoster
from tracker.model.channel import AnyChannelConfig
from tracker.model.clock import utc_now
from tracker.store.opening import open_alerts


@click.group(cls=FullHelp)
def channels() -> None:
    """Show the channels of alerts, and test one.

    Channels are the [[channel]] entries of providers.toml; `tracker up` and `tracker providers sync` read them.

    \b
    Example:
      tracker channels test oncall
    """


@channels.command("list")
@data_dir_option
@format_option
def list_(data_dir: Path, output_format: str) -> None:
    """Show the state of every channel.

    \b
    Example:
      tracker channels list --format json
    """
    store = open_alerts(running_settings(data_dir))
    types = {each.name: each.__struct_config__.tag for each in store.config().channels}
    states = store.channel_states(types)
    if output_format == "json":
        click.echo(json_text(states))
        return
    now = utc_now()
    rows = [
        (
            *(state.name, str(types[state.name]), "failing" if state.failures else "ok", str(state.ready)),
            *(str(state.delivered), age(state.last_delivered_at, now)),
            f"{age(state.last_error_at, now)}: {state.last_error}" if state.last_error else "",
        )
        for state in states
    ]
    heads = ("CHANNEL", "TYPE", "STATE", "WAITING", "DELIVERED", "LAST DELIVERED", "LAST ERROR")
    none = "there is no channel: alerts go nowhere until providers.toml has a [[channel]] and a [[route]]"
    click.echo(table(heads, rows, terminal_width()) if rows else none)


@channels.command()
@click.argument("channel")
@data_dir_option
@format_option
def test(channel: str, data_dir: Path, output_format: str) -> None:
    """Open and close one test alert from this machine, with this environment; exit status 1 if either is refused.

    \b
    Example:
      tracker channels test oncall
    """
    settings = running_settings(data_dir)
    config = find(settings, channel)
    taken: list[str] = []
    failure = _tried(config, settings, taken)
    if output_format == "json":
        click.echo(json_text({"channel": config.name, "taken": taken, "failure": failure}))
    else:
        for act in taken:
            click.echo(f"{config.name} accepted the {act}")
        if failure is not None:
            click.echo(f"{config.name} did not accept the {Operation.CLOSE if taken else Operation.OPEN}: {failure}")
    sys.exit(0 if failure is None else 1)


def find(settings: Settings, name: str) -> AnyChannelConfig:
    """Return the channel of that name. Raises ConfigError."""
    for config in open_alerts(settings).config().channels:
        if config.name == name:
            return config
    raise ConfigError(f"there is no channel {name}; `tracker channels list` shows them all")


def _tried(config: AnyChannelConfig, settings: Settings, taken: list[str]) -> str | None:
    """Open and close an alert, noting the accepted messages; return the reason if not all were accepted."""
    options = client_options(settings)
    poster = RequestsPoster(options)
    key = f"tracker-test/{uuid4().hex[:16]}/1"
    handle = None
    try:
        channel = build_channel(config, options, poster)
        for act in (Operation.OPEN, Operation.CLOSE):
            handle = channel.send(_message(act, key), handle) or handle
            taken.append(act)
    except (FetchError, ChannelRefused) as error:
        return str(error)
    finally:
        poster.close()
    return None


def _message(act: Operation, key: str) -> Message:
    now = utc_now()
    return Message(
        act=act,
        key=key,
        version=1 if act is Operation.OPEN else 2,
        title="Test of this channel",
        provider_id="tracker-test",
        provider_name="Test",
        kind="incident",
        severity=Severity.INFO,
        status="investigating" if act is Operation.OPEN else "resolved",
        text="This is a test. Nothing happened.",
        started_at=now,
        ended_at=now if act is Operation.CLOSE else None,
        is_drill=True,
    )
