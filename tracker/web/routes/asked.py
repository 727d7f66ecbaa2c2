"""Parameters that several routes share, each of them bounded, and their meanings."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path, Query

from tracker.history import FeedFilter
from tracker.model.event import EventKind
from tracker.model.page import Impact
from tracker.web.http import Refused
from tracker.web.now import Now, PageNow
from tracker.web.parts import Parts

Limit = Annotated[int, Query(ge=1, le=500, description="The most entries to return.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the previous answer.")]
ProviderIds = Annotated[
    list[str] | None, Query(max_length=100, alias="provider", description="Provider ids. Repeatable.")
]
Group = Annotated[str | None, Query(max_length=200, description="Only providers of this group.")]
Kinds = Annotated[
    list[EventKind] | None, Query(alias="kind", max_length=20, description="Kinds of events. Repeatable.")
]
MinImpact = Annotated[Impact | None, Query(description="The lowest impact to include.")]
Text = Annotated[
    str | None, Query(alias="q", max_length=200, description="Words that must all occur in title, text or components.")
]
Since = Annotated[datetime | None, Query(description="Only from this time on (RFC 3339).")]
Until = Annotated[datetime | None, Query(description="Only before this time (RFC 3339).")]
ProviderId = Annotated[str, Path(max_length=200)]

_IMPACTS = (Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


def page_named(now: Now, provider: str) -> PageNow:
    """Return a provider's page. Raises Refused."""
    page = now.pages.get(provider)
    if page is None:
        raise Refused(404, "there is no such provider", "GET /api/v1/providers lists them")
    return page


def pages_wanted(now: Now, ids: list[str] | None, group: str | None) -> tuple[PageNow, ...]:
    """Return the requested pages, sorted by name. Raises Refused for an id or a group that does not exist."""
    for provider in ids or ():
        page_named(now, provider)
    if group is not None and group not in now.groups:
        raise Refused(404, "there is no such group")
    return tuple(
        page
        for page in now.pages.values()
        if (not ids or page.provider.id in ids) and (group is None or page.provider.group == group)
    )


def feed_filter(parts: Parts, **asked: Any) -> FeedFilter:
    """Return the filter that these parameters describe. Raises Refused."""
    ids, group, least = asked.get("providers"), asked.get("group"), asked.get("min_impact")
    providers = None
    if group is not None:
        providers = tuple(page.provider.id for page in pages_wanted(parts.board.now, ids, group))
    elif ids:
        providers = tuple(dict.fromkeys(ids))  # a provider that was removed still has a history
    return FeedFilter(
        providers=providers,
        kinds=tuple(kind.value for kind in asked.get("kinds") or ()),
        impacts=tuple(impact.value for impact in _IMPACTS[_IMPACTS.index(least) :]) if least in _IMPACTS else (),
        text=(asked.get("text") or "").strip(),
        since=aware(asked.get("since")),
        until=aware(asked.get("until")),
    )


def aware(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC; one without a zone is taken to be. Raises Refused for one that no calendar has."""
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise Refused(400, "the time is out of range") from None
