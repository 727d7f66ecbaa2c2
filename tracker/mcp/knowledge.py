"""The data sources of the tools, and the errors for questions that they cannot answer."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Protocol

import msgspec

from tracker.alerting.alert import Alert
from tracker.alerting.facts import AlertPosition
from tracker.assessment import Assessment, KnownPage, assess
from tracker.diagnosis import Diagnosis
from tracker.errors import TrackerError
from tracker.history import History
from tracker.model.clock import Clock
from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider
from tracker.store.board import RedisBoard


class Unanswerable(TrackerError):
    """Raised for a question that cannot be answered; the message names a better one."""


class AlertSource(Protocol):
    """The alerts. Every method raises StoreError."""

    def places(
        self,
        *,
        is_open: bool | None,
        provider_ids: Collection[str] = (),
        after: AlertPosition | None = None,
        count: int,
    ) -> Sequence[AlertPosition]:
        """Return up to `count` alerts that are open, or over, or all, those that opened last first."""
        ...

    def named(self, ids: Sequence[str]) -> Sequence[Alert]:
        """Return the alerts of these ids that exist."""
        ...


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """The data sources of the tools."""

    #: The present state of all pages, sorted by name. Raises StoreError.
    pages: Callable[[], Sequence[KnownPage]]
    #: The history, read up to now. Raises HistoryError.
    history: Callable[[], History]
    alerts: AlertSource
    #: The problems of the tracker itself.
    diagnosis: Callable[[], Diagnosis]
    clock: Clock


class ReadPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page, read for one question."""

    provider: Provider
    state: PageState
    view: PageView
    checked_at: datetime | None
    assessment: Assessment


def read_pages(board: RedisBoard, clock: Clock) -> Sequence[ReadPage]:
    """Read and return the present state of all pages. Raises StoreError."""
    now = clock()
    return [
        ReadPage(
            provider=page.provider,
            state=page.state,
            view=page.view,
            checked_at=page.checked_at,
            assessment=assess(page.provider, page.state, page.view, page.checked_at, now),
        )
        for page in board.pages(board.providers())
    ]


def page_called(pages: Sequence[KnownPage], word: str) -> KnownPage:
    """Return the page of a provider, by id or by name in any case. Raises Unanswerable with similar names."""
    for page in pages:
        if page.provider.id == word:
            return page
    same = [page for page in pages if page.provider.name.casefold() == word.casefold()]
    if len(same) == 1:
        return same[0]
    ids = [page.provider.id for page in pages]
    names = {page.provider.name.casefold(): page.provider.id for page in pages}
    close = get_close_matches(word[:100].casefold(), [*ids, *names], n=3)
    meant = sorted({names.get(each, each) for each in close})
    hint = f"did you mean {' or '.join(meant)}?" if meant else "stack_status lists the providers with problems"
    raise Unanswerable(f"no watched provider has that id or name; {hint}")


def pages_of(pages: Sequence[KnownPage], group: str | None) -> Sequence[KnownPage]:
    """Return the pages of a group, or all. Raises Unanswerable for a group that does not exist."""
    if group is None:
        return pages
    found = [page for page in pages if page.provider.group == group]
    if not found:
        groups = sorted({page.provider.group for page in pages if page.provider.group is not None})
        raise Unanswerable(f"there is no group of that name; the groups are: {', '.join(groups[:20]) or 'none'}")
    return found


def age_of(pages: Sequence[KnownPage], now: datetime) -> tuple[datetime | None, float | None]:
    """Return the oldest time at which one of the pages was read last, and the seconds since; None if one never was."""
    read = [page.assessment.read_at for page in pages]
    known = [at for at in read if at is not None]
    if not known or len(known) < len(read):
        return None, None
    oldest = min(known)
    return oldest, round(max(0.0, (now - oldest).total_seconds()), 1)
