"""The host that a poll counts for: the number of polls of one host at the same time is limited."""

from functools import lru_cache
from urllib.parse import urlsplit

from tracker.model.page_state import PageState
from tracker.model.provider import Provider
from tracker.model.urls import same_page
from tracker.polling.page_store import Slot

_USUAL_PORTS = frozenset({80, 443})


def slot_of(provider: Provider, state: PageState) -> Slot | None:
    """Return the slot that a poll of the page takes: at the host of its source, or of its URL while that is unknown.

    None where any number of the host's pages may be polled at once.
    """
    limit = provider.host_limit
    if limit is None:
        return None
    is_known = state.source is not None and same_page(state.url, provider.url)
    return Slot(host=host_of(state.source.primary if state.source and is_known else provider.url), limit=limit)


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """Return the host of an address that was requested, with its port where that is not the usual one."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port
    return host if port is None or port in _USUAL_PORTS else f"{host}:{port}"
