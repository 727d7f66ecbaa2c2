"""`tracker tail`: the record, its last lines and new ones."""

import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from tracker.cli.options import Moment, data_dir_option, format_option
from tracker.cli.past import is_of, progress, provider_option, refuse_unseen
from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.record import Sink
from tracker.delivery.sinks.jsonlines import RECORD_NAME, record_line
from tracker.delivery.sinks.text import TextLines
from tracker.errors import SinkError
from tracker.ledger.record import follow, newest, record_files, recorded
from tracker.model.event import EventKind

#: Seconds between two readings of the record.
_LOOK_EVERY_S: Final = 0.2


@click.command()
@click.option("-f", "--follow", "follows", is_flag=True, help="Continue with new updates as they come, until Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="The number of past updates to show.",
)
@click.option(
    "--since",
    type=Moment(),
    help="Show all updates since this moment instead: 2h, 2026-11-27, or 2026-11-27T10:00 (UTC).",
)
@click.option(
    "--event",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in EventKind]),
    metavar="KIND",
    help="Only this kind of event, such as new_incident. Repeatable.",
)
@provider_option
@data_dir_option
@format_option
def tail(
    follows: bool,
    count: int,
    since: datetime | None,
    kinds: tuple[str, ...],
    providers: tuple[str, ...],
    data_dir: Path,
    output_format: str,
) -> None:
    """Show the last updates on record, and new ones as they come.

    The command reads updates.jsonl in the data directory; the data server need not run. Text leaves out edits of
    updates; JSON has them.

    \b
    Example:
      tracker tail -f
      tracker tail --since 2h --provider github --json
    """
    path, is_of_provider, seen = data_dir / RECORD_NAME, is_of(providers), dict[str, str]()

    def is_wanted(streamed: StreamedEvent) -> bool:
        seen[streamed.event.provider] = streamed.event.provider_name
        return is_of_provider(streamed.event) and (not kinds or streamed.event.event in kinds)

    sink = _Lines() if output_format == "json" else TextLines(sys.stdout)
    if not follows:
        record_files(data_dir)  # names the folder if it has no record
    # The end of the file is read before its lines: `-f` then shows the events that were written meanwhile.
    last, end = newest(path, 0 if since else count, is_wanted)
    if since:
        files = record_files(data_dir) if path.exists() else ()
        last_known: Iterable[StreamedEvent] = recorded(files, since, progress(path))
        _show(sink, filter(is_wanted, _until(last_known, path, end) if follows else last_known))
    else:
        if count and not last and not follows:  # so the whole record was read
            refuse_unseen(providers, seen)
        _show(sink, last)
    if follows:
        _follow(sink, path, end, is_wanted)


def _follow(sink: Sink, path: Path, end: int, is_wanted: Callable[[StreamedEvent], bool]) -> None:
    if not path.exists():
        click.echo(f"tracker: {path} is not there yet; waiting for it", err=True)
    try:
        _show(sink, filter(is_wanted, follow(path, end, _pause)))
    except KeyboardInterrupt:
        click.echo(err=True)


def _pause() -> bool:
    time.sleep(_LOOK_EVERY_S)
    return True


def _until(events: Iterable[StreamedEvent], path: Path, end: int) -> Iterable[StreamedEvent]:
    """Yield events up to the end of the file as it was when reading began."""
    last, _ = newest(path, 1, lambda _: True) if end else ((), 0)
    for streamed in events:
        yield streamed
        if last and streamed.stream_id == last[0].stream_id:
            return


def _show(sink: Sink, events: Iterable[StreamedEvent]) -> None:
    for streamed in events:
        try:
            sink.deliver([streamed])
        except SinkError as error:
            if isinstance(error.__cause__, BrokenPipeError):
                raise error.__cause__ from None  # `head` has read enough: click ends without a message
            raise


class _Lines:
    """Writes events as they are on record."""

    def deliver(self, events: Iterable[StreamedEvent]) -> None:
        for streamed in events:
            click.echo(record_line(streamed))
