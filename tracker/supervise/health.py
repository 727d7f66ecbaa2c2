"""The health of the watched pages, in one line that a person can act on. Pure."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from tracker.model.filters import unmatched
from tracker.store.pages import PageStatus

_NAMED = 5


class PageHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The health of one page."""

    name: str
    #: Whether it was polled at all.
    is_asked: bool
    #: Why it cannot be read, as a word and as a sentence; None while it can.
    failure_reason: str | None = None
    failure: str | None = None
    #: Problems of its filters, a sentence each.
    filters: tuple[str, ...] = ()


def page_health(status: PageStatus) -> PageHealth:
    """Return the health of a page, which is far smaller than its state."""
    state = status.state
    is_failing = bool(state.readability.failures) and state.is_unknown
    return PageHealth(
        name=status.provider.name,
        is_asked=status.checked_at is not None,
        failure_reason=state.readability.failure_reason or "" if is_failing else None,
        failure=state.readability.failure if is_failing else None,
        filters=tuple(unmatched(status.provider, status.view)),
    )


def summary(pages: Sequence[PageHealth]) -> str | None:
    """Return one line about readable pages, None while some page was not polled yet."""
    if not pages or not all(page.is_asked for page in pages):
        return None
    failing = [page for page in pages if page.failure_reason is not None]
    noun = "page" if len(pages) == 1 else "pages"
    if not failing:
        which = "it" if len(pages) == 1 else "all of them"
        return f"watching {len(pages):,} {noun}, {which} can be read"
    if len(failing) == len(pages):
        reason, _ = Counter(page.failure_reason for page in failing).most_common(1)[0]
        which = "the page cannot" if len(pages) == 1 else f"none of {len(pages):,} pages can"
        return (
            f"{which} be read ({_REMEDIES.get(reason or '', 'see tracker status')}); trying again with growing pauses"
        )
    named = [f"{page.name} ({page.failure})" for page in failing[:_NAMED]]
    rest = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    return f"watching {len(pages):,} {noun}, {len(failing)} cannot be read: {'; '.join(named)}{rest}"


def filters_summary(pages: Sequence[PageHealth]) -> str | None:
    """Return one line about filters that match nothing of their pages, None without any."""
    failing = [f"{page.name} ({sentence})" for page in pages for sentence in page.filters]
    if not failing:
        return None
    rest = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    return f"filters that match nothing: {'; '.join(failing[:_NAMED])}{rest}"


_REMEDIES = {
    "dns": "no name can be resolved: is this machine offline?",
    "connect": "no connection can be made: is this machine offline, or is there a firewall?",
    "timeout": "no answer comes in time: is this machine offline, or is there a firewall?",
    "tls": "no TLS connection can be made: does a proxy change certificates?",
    "address_refused": "their addresses are not public: set allow_private = true for pages of your own network",
}
