"""The public page of a group: its providers, open incidents, ninety days of each; no counters, no acts. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from tracker.history.answers import Day
from tracker.web.now import PageNow
from tracker.web.pages.badges import Badge, state_badge
from tracker.web.pages.now import Filter as NowFilter
from tracker.web.pages.now import headline, now_page
from tracker.web.pages.rows import LatestUpdate, ProblemRow, Unread, Work
from tracker.web.pages.strip import Strip, strip


class PublicRow(msgspec.Struct, frozen=True, kw_only=True):
    """One provider of the group."""

    name: str
    badge: Badge
    strip: Strip
    read_at: datetime | None


class PublicPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    group: str
    headline: str
    problems: tuple[ProblemRow, ...]
    unread: tuple[Unread, ...]
    works: tuple[Work, ...]
    rows: tuple[PublicRow, ...]


def public_page(
    group: str,
    pages: Sequence[PageNow],
    days: Mapping[str, Sequence[Day]],
    now: datetime,
    said: Mapping[tuple[str, str], LatestUpdate] | None = None,
) -> PublicPage | None:
    """Return the page of a group, `days` by provider; None where no provider is in it."""
    of_group = [each for each in pages if each.provider.group == group]
    if not of_group:
        return None
    inner = now_page(of_group, now, NowFilter(), said)
    ordered = sorted(of_group, key=lambda each: (each.assessment.state.rank, each.provider.name.casefold()))
    return PublicPage(
        group=group,
        headline=headline(Counter(each.assessment.state for each in of_group)),
        problems=inner.problems,
        unread=inner.unread,
        works=(*inner.works, *inner.later),
        rows=tuple(
            PublicRow(
                name=each.provider.name,
                badge=state_badge(each.assessment.state),
                strip=strip(days.get(each.provider.id, ()), is_read=each.assessment.state.is_known),
                read_at=each.assessment.read_at if not each.assessment.state.is_known else None,
            )
            for each in ordered
        ),
    )
