"""Reads a page before it is added, so that no unreadable page is added."""

from collections.abc import Mapping

from tracker.bootstrap import build_fetcher, client_options
from tracker.environment.settings import Settings
from tracker.errors import ConfigError
from tracker.model.clock import Clock
from tracker.model.page_state import PageState
from tracker.model.provider import Provider
from tracker.polling.observer import Observer


class PageProbe:
    """Reads pages before they are added; credentials come from the variables."""

    def __init__(self, settings: Settings, variables: Mapping[str, str], clock: Clock) -> None:
        self._settings = settings
        self._variables = variables
        self._clock = clock

    def __call__(self, provider: Provider) -> str:
        """Return the page's own name, "" where it has none. Raises ConfigError where nothing can be read there."""
        fetcher = build_fetcher(client_options(self._settings))
        try:
            observer = Observer(fetcher, self._variables)
            discovery, observed = observer.look(provider, PageState(url=provider.url), self._clock())
        finally:
            fetcher.close()
        if observed is None or observed.snapshot is None:
            raise ConfigError(f"{provider.url}: {discovery.failure or 'nothing was found there'}")
        return observed.snapshot.name or ""
