"""`tracker once`, `parse` and `replay`: the product without Celery and without a data server."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import click
import msgspec

from tracker.bootstrap import build_fetcher, build_poller, client_options
from tracker.cli.naming import chosen
from tracker.cli.options import environment, format_option, listed_option
from tracker.cli.page_report import report, worst_first
from tracker.cli.reaching import listed_providers
from tracker.cli.status import show
from tracker.cli.table import json_text
from tracker.detection.readability import left_out
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, ParseError
from tracker.model.clock import utc_now
from tracker.model.event import Event, encode_event
from tracker.model.plain import ascii_json
from tracker.model.provider import FirstSight, Provider
from tracker.parse import FORMAT_NAMES, read
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified
from tracker.polling.observer import Observer
from tracker.polling.poller import Poller
from tracker.store.memory import MemoryPages
from tracker.store.pages import PageStatus

#: The address of saved bodies. It has a path, so it counts as an endpoint, and no other address is tried.
_SAVED = "https://replay.invalid/saved"
page_format_option = click.option(
    "--page-format",
    "--format",
    "page_format",
    type=click.Choice(["auto", *FORMAT_NAMES]),
    metavar="NAME",
    default="auto",
    show_default=True,
    help="The page's format, such as statuspage.",
)


@click.command()
@click.argument("ids", nargs=-1, metavar="[PROVIDER]...")
@listed_option
@format_option
def once(ids: tuple[str, ...], providers_file: Path | None, output_format: str) -> None:
    """Read each page once and show its state; exit status 1 if a page could not be read.

    \b
    Example:
      tracker once openai github
    """
    providers = listed_providers(providers_file)
    wanted = chosen(providers, ids)
    store = MemoryPages(wanted)
    fetcher = build_fetcher(client_options(Settings.from_environment(environment(Path("data")))))
    poller = build_poller(store, fetcher)
    with ThreadPoolExecutor(max_workers=min(32, len(wanted))) as pool:
        list(pool.map(poller.poll, [provider.id for provider in wanted]))
    fetcher.close()
    now = utc_now()
    reports = [
        report(
            PageStatus(
                provider=provider,
                state=store.state(provider.id),
                view=store.view(provider.id),
                checked_at=now,
            ),
            now,
            is_watched=False,
        )
        for provider in wanted
    ]
    show(worst_first(reports), output_format)
    sys.exit(1 if any(row.error for row in reports) else 0)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@page_format_option
@click.option("--url", default="", help="The address of the page, which completes relative links.")
def parse(file: Path, page_format: str, url: str) -> None:
    """Read a saved answer of a status page and print its content as JSON.

    \b
    Example:
      curl -s https://www.githubstatus.com/api/v2/summary.json > body; tracker parse body
    """
    # Former keys of updates are not part of the page's content.
    try:
        snapshot = read(_body(file), format=page_format, url=url)
    except ParseError as error:
        raise ParseError(f"{file}: {error}") from error
    snapshot = msgspec.structs.replace(snapshot, former_keys={}, alias_keys={})
    click.echo(json_text(snapshot))
    if sentence := left_out(snapshot.omissions):
        click.echo(f"tracker: {file}: not all of it can be read: {sentence}", err=True)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@page_format_option
@click.option("--url", default="", help="The address of the page, which completes relative links.")
def replay(files: tuple[Path, ...], page_format: str, url: str) -> None:
    """Run saved answers of one page, oldest first, through change detection; print the events as JSON lines.

    The first readable file is the baseline. An unreadable file is named on standard error; after the baseline it counts
    as a failed poll. Exit status 1 if no file can be read.

    \b
    Example:
      tracker replay monday.json tuesday.json wednesday.json
    """
    provider = Provider(id="replay", name="Replay", url=_SAVED, format=page_format, first_sight=FirstSight.SILENT)
    store = MemoryPages([provider])
    fetcher = _SavedAnswers(url)
    poller = Poller(store, Observer(fetcher), utc_now)
    has_baseline = False
    for file in files:
        fetcher.body = _body(file)
        complaint = _complaint(fetcher.body, page_format, url)
        if complaint is None or has_baseline:
            reported = len(store.events)
            poll = poller.poll(provider.id)
            # An answer whose format is unclear by itself is read in the format of the answers before it.
            complaint = (complaint or str(poll.failure)) if poll and poll.failure else None
            for event in store.events[reported:]:
                click.echo(ascii_json(encode_event(_of_files(event))))
        if complaint is None:
            has_baseline = True
        else:
            click.echo(f"tracker: {file}: {complaint}", err=True)
    sys.exit(0 if has_baseline else 1)


def _complaint(body: bytes, page_format: str, url: str) -> str | None:
    """Return the reason why an answer cannot be read by itself, None if it can."""
    try:
        read(body, format=page_format, url=url)
    except ParseError as error:
        return str(error)
    return None


def _of_files(event: Event) -> Event:
    """Return the event without the placeholder address of the files."""
    at = f" at {urlsplit(_SAVED).netloc}"
    message = event.message.replace(at, "").replace(f"{_SAVED}: ", "") if event.message else None
    is_ours = event.link is not None and event.link.startswith(_SAVED.removesuffix("/saved"))
    return msgspec.structs.replace(event, message=message, link=None if is_ours else event.link)


class _SavedAnswers:
    """A fetcher that answers every URL with one saved body."""

    def __init__(self, url: str) -> None:
        self.body = b""
        self._url = url

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        return Fetched(body=self.body, url=self._url or request.url)


def _body(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
