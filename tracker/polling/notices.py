"""Log lines about a page: each is written when its cause begins, and not with every poll."""

import logging

from tracker.detection.readability import left_out
from tracker.model.filters import unmatched
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider
from tracker.polling.page_store import HostBusy

log = logging.getLogger(__name__)


def log_gaps(provider: Provider, before: PageState, after: PageState) -> None:
    """Log once that a page is read in part, and once that it is read as a whole again."""
    if after.omissions and not before.omissions:
        log.warning("%s is read in part; %s", provider.id, left_out(after.omissions))
    elif before.omissions and not after.omissions:
        log.warning("%s is read as a whole again", provider.id)


def log_filters(provider: Provider, before: PageView, view: PageView) -> None:
    """Log which filters match nothing of the page, once they do so."""
    sentences = unmatched(provider, view)
    if sentences and sentences != unmatched(provider, before):
        log.warning("filter of %s: %s", provider.id, "; ".join(sentences))


def log_unknown_words(provider: Provider, before: PageView, view: PageView) -> None:
    """Log which words for a status are not known, once for each."""
    new = [word for word in view.unknown_words if word not in before.unknown_words]
    if new:
        log.warning("%s says %s for a status, which is not known", provider.id, ", ".join(map(repr, new)))


def log_busy_host(provider_id: str, busy: HostBusy) -> None:
    """Log when a host has more pages than its slots can poll in time."""
    if busy.is_new:
        log.warning(
            "host %s is busy: %d pages wait for one of its %d slots, %s for %.0f s, longer than its interval; "
            "raise interval or max_per_host of its pages",
            busy.slot.host,
            busy.waiting,
            busy.slot.limit,
            provider_id,
            busy.waited_s,
        )
