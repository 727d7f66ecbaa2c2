"""Sources that a search settled for, though the page may have a better one: it is searched again once a day. Pure."""

from datetime import datetime, timedelta
from typing import Final

from tracker.model.page_state import PageState, Source
from tracker.model.provider import Provider
from tracker.parse import FORMATS

#: How long a lesser source is used before the page is searched again.
LOOK_AGAIN_AFTER: Final = timedelta(days=1)
#: Endings of an address that a user gave because it is a feed's.
_FEEDS: Final = (".rss", ".atom", ".xml")


def is_lesser(provider: Provider, source: Source) -> bool:
    """Return whether a source was settled for: a feed that the user did not name, or a page that mostly has an API."""
    if provider.format != "auto":
        return False
    if source.format == "feed":
        return source.primary != provider.url
    known = FORMATS.get(source.format)
    is_page = source.primary == provider.url and not source.details and not source.primary.endswith(_FEEDS)
    return known is not None and is_page and any(each.details for each in known.endpoints)


def look_again_at(provider: Provider, state: PageState) -> datetime | None:
    """Return when to search the page for a better source than it has, None for never."""
    searched_at = state.relocation.searched_at
    if state.source is None or searched_at is None or not is_lesser(provider, state.source):
        return None
    return searched_at + LOOK_AGAIN_AFTER


def should_look_again(provider: Provider, state: PageState, now: datetime) -> bool:
    """Return whether it is time to search the page for a better source than it has."""
    due = look_again_at(provider, state)
    return due is not None and now >= due


def is_better(provider: Provider, before: Source, found: Source) -> bool:
    """Return whether the source that a search found says more than the one before it."""
    return found != before and not is_lesser(provider, found)
