"""The page Health: the checks of `tracker doctor`, and the pages that cannot be read, each with a remedy. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from tracker.assessment import State
from tracker.delivery.latency import Latency
from tracker.web.now import PageNow
from tracker.web.pages.badges import ATTENTION, FAILED, GOOD, Badge
from tracker.web.pages.now import Filter as NowFilter
from tracker.web.pages.now import now_page
from tracker.web.pages.rows import Unread
from tracker.web.pages.wording import counted, fine_span

_NOT_CHECKED: Final = Badge("unknown", "Not checked")
_BADGES: Final = {"problem": FAILED, "warning": ATTENTION, "unknown": _NOT_CHECKED, "ok": GOOD}
_ORDER: Final = ("problem", "warning", "unknown", "ok")


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the tracker itself."""

    badge: Badge
    part: str
    found: str
    remedy: str = ""


class HealthPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    headline: str
    checked_at: datetime
    checks: tuple[Checked, ...]
    unread: tuple[Unread, ...]
    delays: tuple[tuple[str, str, str], ...]


def checked(name: str, level: str, finding: str, remedy: str | None) -> Checked:
    """Return one line; `level` is `problem`, `warning`, `unknown` or `ok`."""
    # An address stays as it is.
    flat = finding[:1].upper() + finding[1:] if finding.partition(" ")[0].isalpha() else finding
    return Checked(
        badge=_BADGES.get(level, _NOT_CHECKED),
        part=name.replace("_", " ").capitalize(),
        found=flat,
        remedy=remedy or "",
    )


def health_page(
    checks: Sequence[Checked], pages: Sequence[PageNow], measured: Latency, checked_at: datetime, now: datetime
) -> HealthPage:
    """Return the page, failed checks first."""
    order = [_BADGES[level] for level in _ORDER]
    bad = sum(each.badge in (FAILED, ATTENTION) for each in checks)
    failed = any(each.badge is FAILED or each.badge == FAILED for each in checks)
    works = "Watching does not work as it should" if failed else "Watching works"
    wants = f", {counted(bad, 'thing')} {'wants' if bad == 1 else 'want'} attention" if bad else ""
    steps = (
        ("Published to seen", measured.published_to_seen),
        ("of that, ours at most", measured.ours_at_most),
        ("Seen to logged", measured.seen_to_logged),
    )
    return HealthPage(
        headline=f"{works}{wants}",
        checked_at=checked_at,
        checks=tuple(sorted(checks, key=lambda each: order.index(each.badge))),
        unread=now_page(pages, now, NowFilter(state=State.UNKNOWN)).unread,
        delays=tuple(
            (label, fine_span(spread.p50_s), fine_span(spread.p95_s))
            for label, spread in steps
            if spread.p50_s is not None and spread.p95_s is not None
        ),
    )
