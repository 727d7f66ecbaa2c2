"""The present and past that pages show, requested now."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tracker.bootstrap import build_fetcher, client_options
from tracker.cli.options import environment
from tracker.detection.readability import incomplete
from tracker.environment.settings import Settings
from tracker.errors import ParseError, PollError
from tracker.model.clock import utc_now
from tracker.model.page import Snapshot
from tracker.model.page_state import PageState
from tracker.model.provider import Provider
from tracker.polling.observer import Observer

#: Pages that are requested at a time.
_AT_A_TIME: Final = 8


def shown_by(
    providers: Sequence[Provider], data_dir: Path = Path("data")
) -> Iterator[tuple[Provider, tuple[Snapshot, str | None] | PollError]]:
    """Yield for each page its snapshot and the reason for a missing part, or the error for no snapshot."""
    variables = environment(data_dir)
    fetcher = build_fetcher(client_options(Settings.from_environment(variables)))
    observer = Observer(fetcher, variables)
    try:
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            yield from zip(providers, threads.map(lambda each: _shown(observer, each), providers), strict=True)
    finally:
        fetcher.close()


def _shown(observer: Observer, provider: Provider) -> tuple[Snapshot, str | None] | PollError:
    nothing = PageState()
    try:
        observed = observer.observe(provider, nothing, utc_now())
        observed = observer.complete(provider, nothing, observed, utc_now())
    except PollError as error:
        return error
    if observed.snapshot is None:
        return ParseError("it answered 304 to a request without conditions")
    return observed.snapshot, incomplete(observed.state)
