"""Shows the figures of `status --latency` and `status --savings`. Contains no business logic."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import click
import msgspec

from tracker.cli.table import age, duration, json_text, size, table
from tracker.delivery.latency import Latency, Spread, Timing, latency
from tracker.model.clock import utc_now
from tracker.model.provider import Provider
from tracker.polling.poll_cost import ENDINGS, Savings, total


def show_latency(providers: Sequence[Provider], timings: Sequence[Sequence[Timing]], output_format: str) -> None:
    """Print the delays of updates, by page and in total."""
    pages = list(zip(providers, map(latency, timings), strict=True))
    together = latency(each for known in timings for each in known)
    if output_format == "json":
        rows = [(page, msgspec.structs.asdict(known)) for page, known in pages]
        click.echo(_document(rows, msgspec.structs.asdict(together)))
        return
    shown = [(page.name, *_latency_cells(known)) for page, known in pages if known != Latency()]
    if not shown:
        click.echo("no update was timed yet; those without a date and those of a page's first reading never are")
        return
    heads = ("PROVIDER", "UPDATES", "SEEN AFTER p50 / p95", "OURS AT MOST", "LOGGED AFTER", "LATE", "AHEAD")
    click.echo(table(heads, [*shown, ("total", *_latency_cells(together))]))


def show_savings(providers: Sequence[Provider], savings: Sequence[Savings], output_format: str) -> None:
    """Print the cost and savings of polls, by page and in total."""
    pages = list(zip(providers, savings, strict=True))
    together = total(savings)
    if output_format == "json":
        click.echo(_document([(page, _counters(known)) for page, known in pages], _counters(together)))
        return
    if not together.polls:
        click.echo("no poll was counted yet")
        return
    now = utc_now()
    shown = [(page.name, *_savings_cells(known, now)) for page, known in pages if known.polls]
    endings = (ending.replace("_", " ").upper() for ending in ENDINGS)
    heads = ("PROVIDER", "POLLS", *endings, "RECEIVED", "NOT FETCHED", "NOT PARSED", "SINCE")
    click.echo(table(heads, [*shown, ("total", *_savings_cells(together, now))]))


def _document(pages: Iterable[tuple[Provider, Mapping[str, object]]], together: Mapping[str, object]) -> str:
    rows = [{"provider": page.id, "provider_name": page.name, **figures} for page, figures in pages]
    return json_text({"pages": rows, "total": together})


def _latency_cells(known: Latency) -> Iterable[str]:
    spreads = (known.published_to_seen, known.ours_at_most, known.seen_to_logged)
    return (str(known.updates), *map(_spread, spreads), str(known.late), str(known.ahead))


def _spread(known: Spread) -> str:
    return "-" if known.p50_s is None or known.p95_s is None else f"{duration(known.p50_s)} / {duration(known.p95_s)}"


def _counters(known: Savings) -> Mapping[str, object]:
    return {"polls": known.polls, **msgspec.structs.asdict(known), "spared_parses": known.spared_parses}


def _savings_cells(known: Savings, now: datetime) -> Iterable[str]:
    shares = (f"{known.share(ending):.1%}" for ending in ENDINGS)
    sizes = map(size, (known.received_bytes, known.spared_bytes))
    return (str(known.polls), *shares, *sizes, str(known.spared_parses), age(known.since, now))
