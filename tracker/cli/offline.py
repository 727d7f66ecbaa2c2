"""`tracker once`, `parse` and `replay`: the product without Celery and without a data server."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import msgspec

from tracker.bootstrap import build_fetcher, build_poller, utc_now
from tracker.cli.options import environment, format_option, providers_option, read_providers
from tracker.cli.status import report, show
from tracker.cli.table import json_text
from tracker.errors import ConfigError
from tracker.events import encode_event
from tracker.models import FirstSight, Provider
from tracker.observe import Observer
from tracker.parse import FORMAT_NAMES, read
from tracker.poll import Poller
from tracker.ports import Fetched, FetchRequest, NotModified
from tracker.readability import left_out
from tracker.settings import Settings
from tracker.sinks.plain import ascii_json
from tracker.store.memory import MemoryPages
from tracker.store.pages import PageStatus

#: Stands for the page of saved bodies. It has a path, and so is taken for an endpoint that has no other beside it.
_SAVED = "https://replay.invalid/saved"
_FORMATS = click.Choice(["auto", *FORMAT_NAMES])


@click.command()
@click.argument("ids", nargs=-1)
@providers_option
@format_option
def once(ids: tuple[str, ...], providers_file: Path, output_format: str) -> None:
    """Ask each page once and show how it does; exit status 1 if a page could not be read.

    \b
    Example:
      tracker once openai github
    """
    providers = read_providers(providers_file)
    unknown = set(ids) - {provider.id for provider in providers}
    if unknown:
        raise ConfigError(
            f"{providers_file} has no provider {', '.join(sorted(unknown))}; it has the ids that "
            f"{', '.join(provider.id for provider in providers[:5])}… begin with"
        )
    wanted = [provider for provider in providers if not ids or provider.id in ids]
    store = MemoryPages(wanted)
    fetcher = build_fetcher(Settings.from_environment(environment(Path("data"))))
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
    show(reports, output_format)
    sys.exit(1 if any(row.error for row in reports) else 0)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "page_format", type=_FORMATS, default="auto", show_default=True)
@click.option("--url", default="", help="Where the body came from; completes its links.")
def parse(file: Path, page_format: str, url: str) -> None:
    """Read a saved answer of a status page and print what it says, as JSON.

    \b
    Example:
      curl -s https://www.githubstatus.com/api/v2/summary.json > body; tracker parse body
    """
    # Under which keys an update may be known is nothing that the page says.
    snapshot = msgspec.structs.replace(read(_body(file), format=page_format, url=url), former_keys={}, alias_keys={})
    click.echo(json_text(snapshot))
    if sentence := left_out(snapshot.omissions):
        click.echo(f"tracker: {file}: not all of it can be read: {sentence}", err=True)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "page_format", type=_FORMATS, default="auto", show_default=True)
@click.option("--url", default="", help="Where the bodies came from; completes their links.")
def replay(files: tuple[Path, ...], page_format: str, url: str) -> None:
    """Run saved answers of one page, oldest first, through change detection; print the events as JSON lines.

    The first file is the baseline; an answer that cannot be read is told on standard error and passed over.

    \b
    Example:
      tracker replay monday.json tuesday.json wednesday.json
    """
    provider = Provider(id="replay", name="Replay", url=_SAVED, format=page_format, first_sight=FirstSight.SILENT)
    store = MemoryPages([provider])
    fetcher = _SavedAnswers(url)
    poller = Poller(store, Observer(fetcher), utc_now)
    for file in files:
        fetcher.body = _body(file)
        told = len(store.events)
        poll = poller.poll(provider.id)
        if poll is not None and poll.failure is not None:
            click.echo(f"tracker: {file}: {poll.failure}", err=True)
        for event in store.events[told:]:
            click.echo(ascii_json(encode_event(event)))


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
