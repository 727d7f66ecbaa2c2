"""`tracker incidents`: the incidents on record, and the ledger of one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import click

from tracker.cli.options import Moment, data_dir_option, format_option
from tracker.cli.past import is_of, progress, provider_option, refuse_unseen
from tracker.cli.table import coloured, counted, duration, json_text, table, terminal_width, wrap
from tracker.errors import ConfigError
from tracker.ledger.incidents import STANDINGS, Ledger, LedgerLine, Ledgers
from tracker.ledger.record import record_files, recorded
from tracker.model.clock import utc_now
from tracker.model.event import EventKind
from tracker.model.plain import one_line

_HEADS: Final = ("OPENED (UTC)", "LASTED", "IMPACT", "STATUS", "UPDATES", "ID", "INCIDENT")
_USUAL_DAYS: Final = 30
_MESSAGE: Final = 2000
_TITLE: Final = 200
_WIDTH: Final = 100
#: The most words that are compared; more would take long, and nobody reads such a long difference.
_MOST_WORDS: Final = 1000
_INDENT: Final = "  "


@click.command()
@click.argument("reference", required=False, metavar="[ID]")
@click.option("--open", "is_open", is_flag=True, help="Only open incidents.")
@click.option(
    "--since",
    type=Moment(),
    help=f"Only incidents reported since then: 7d, or 2026-11-01.  [default: {_USUAL_DAYS}d; with ID: everything]",
)
@click.option("--maintenance", is_flag=True, help="Show maintenances instead of incidents.")
@provider_option
@data_dir_option
@format_option
def incidents(
    reference: str | None,
    is_open: bool,
    since: datetime | None,
    maintenance: bool,
    providers: tuple[str, ...],
    data_dir: Path,
    output_format: str,
) -> None:
    """Show incidents on record, or one with all its updates.

    ID is PROVIDER/INCIDENT as the list shows it, or the vendor's id of the incident. The ledger of one incident shows
    its updates, its edits with the text before them, its withdrawals, and the changes of its components. The command
    reads updates.jsonl and its rotated files (updates-*.jsonl); the data server need not run.

    \b
    Example:
      tracker incidents --provider github --since 7d
      tracker incidents github/p31zjtct2jer
    """
    is_wanted, seen = is_of(providers), dict[str, str]()
    if since is None and reference is None:
        since = utc_now() - timedelta(days=_USUAL_DAYS)
    ledgers = Ledgers()
    for streamed in recorded(record_files(data_dir), since, progress(data_dir)):
        seen[streamed.event.provider] = streamed.event.provider_name
        if is_wanted(streamed.event):
            ledgers.add(streamed.event, streamed.logged_at)
    if providers:
        refuse_unseen(providers, seen)
    if reference is not None:
        _show_one(ledgers.find(reference), reference, output_format)
        return
    found = [
        ledger
        for ledger in ledgers
        if ledger.is_maintenance == maintenance and not (is_open and ledger.closed_at is not None)
    ]
    click.echo(json_text(found) if output_format == "json" else _text(found))


def _show_one(found: tuple[Ledger, ...], reference: str, output_format: str) -> None:
    if not found:
        raise ConfigError(
            f"the record has no incident {one_line(reference, _TITLE)}; `tracker incidents` lists them with their ids"
        )
    if len(found) > 1:
        keys = ", ".join(ledger.key for ledger in found)
        raise ConfigError(f"several providers have an incident {one_line(reference, _TITLE)}; write one of {keys}")
    click.echo(json_text(found[0]) if output_format == "json" else "\n".join(_ledger(found[0])))


def _text(found: list[Ledger]) -> str:
    if not found:
        return "nothing on record"
    lines = table(_HEADS, [_row(ledger) for ledger in found], terminal_width())
    is_open = sum(ledger.closed_at is None for ledger in found)
    return f"{lines}\n{len(found):,} on record, {is_open:,} of them open"


def _row(ledger: Ledger) -> tuple[str, ...]:
    return (
        f"{ledger.opened_at:%Y-%m-%d %H:%M}",
        _lasted(ledger),
        ledger.impact or "unknown",
        ledger.status.replace("_", " "),
        str(ledger.count(*STANDINGS)),
        ledger.key,
        f"{ledger.provider_name}: {ledger.title}",
    )


def _lasted(ledger: Ledger) -> str:
    return "open" if ledger.closed_at is None else duration((ledger.closed_at - ledger.opened_at).total_seconds())


def _ledger(ledger: Ledger) -> Iterator[str]:
    """Yield the lines of one incident; vendor text is made safe for a terminal."""
    width = min(terminal_width() or _WIDTH, _WIDTH)
    yield from wrap(one_line(f"{ledger.provider_name}: {ledger.title}", _TITLE), width)
    ended = f"ended {_time(ledger.closed_at)} after {_lasted(ledger)}" if ledger.closed_at else "goes on"
    impact = ledger.impact or "unknown"
    yield coloured(f"impact {impact}, opened {_time(ledger.opened_at)}, {ended}", impact)
    if ledger.components:
        yield from wrap(f"components: {one_line(', '.join(ledger.components), 5 * _TITLE)}", width)
    kinds = (
        (ledger.count(*STANDINGS), "update"),
        (ledger.count(EventKind.UPDATE_EDITED), "edit"),
        (ledger.count(EventKind.UPDATE_WITHDRAWN), "withdrawal"),
        (ledger.count(EventKind.COMPONENT_STATUS_CHANGE), "component change"),
    )
    yield ", ".join(counted(number, noun) for number, noun in kinds if number)
    if ledger.link:
        yield one_line(ledger.link, 2 * _TITLE)
    for entry in ledger.entries:
        yield ""
        yield from wrap(f"{_time(entry.at)}  {_heading(entry)}{_delay(entry)}", width)
        for line in wrap(one_line(_body(entry), _MESSAGE), width - len(_INDENT)):
            yield _INDENT + line


def _heading(entry: LedgerLine) -> str:
    status = entry.status.replace("_", " ")
    match entry.event:
        case EventKind.UPDATE_EDITED:
            return f"edited: an update ({status})"
        case EventKind.UPDATE_WITHDRAWN:
            return f"withdrawn: an update ({status})"
        case EventKind.COMPONENT_STATUS_CHANGE:
            return f"component {one_line(', '.join(entry.components), _TITLE)}: {status}"
        case _:
            window = f", window {_time(entry.scheduled_for)}" if entry.scheduled_for else ""
            return f"{status} ({entry.impact}{window})" if entry.impact else f"{status}{window}"


def _delay(entry: LedgerLine) -> str:
    if entry.published_at is None or entry.event not in STANDINGS:
        return ""
    return f", seen {duration(max(0.0, (entry.seen_at - entry.published_at).total_seconds()))} later"


def _body(entry: LedgerLine) -> str:
    if entry.event is EventKind.UPDATE_WITHDRAWN:
        return f"[-{entry.previous}-]" if entry.previous else entry.message or ""
    if entry.event is EventKind.UPDATE_EDITED and entry.previous is not None:
        return difference(entry.previous, entry.message or "")
    return entry.message or ""


def difference(before: str, after: str) -> str:
    """Return the text with removed words as `[-words-]` and added ones as `{+words+}`."""
    old, new = before.split(), after.split()
    if max(len(old), len(new)) > _MOST_WORDS:
        return f"[-{before}-] {{+{after}+}}"
    parts: list[str] = []
    for step, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if step == "equal":
            parts += old[i1:i2]
            continue
        parts += [f"[-{' '.join(old[i1:i2])}-]"] if i2 > i1 else []
        parts += [f"{{+{' '.join(new[j1:j2])}+}}"] if j2 > j1 else []
    return " ".join(parts)


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "at an unknown time"
