"""Maintenance of the next thirty days, day by day; a window that was moved shows its former time. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from tracker.history.answers import RecordedIncident
from tracker.model.page import OpenIncident
from tracker.web.now import PageNow
from tracker.web.pages.rows import NAMED
from tracker.web.pages.wording import counted, listed, relative_day, weekday

AHEAD: Final = timedelta(days=30)
#: A cancelled window is shown for this long, so that people who planned for it notice.
CANCELLED_FOR: Final = timedelta(days=7)


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A former window."""

    begins: datetime
    ends: datetime | None = None


class MaintenanceWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One maintenance."""

    provider: str
    provider_name: str
    incident_id: str
    title: str
    components: str
    begins: datetime
    ends: datetime | None
    was: Moved | None = None
    is_running: bool = False
    cancelled_at: datetime | None = None
    #: Since when the page was not read, so that the window may have changed; None while it is read.
    unread_since: datetime | None = None


class WindowDay(msgspec.Struct, frozen=True, kw_only=True):
    """The windows that begin on one day."""

    #: A moment of that day, or of today for windows that began earlier.
    at: datetime
    name: str
    weekday: str
    windows: tuple[MaintenanceWindow, ...]


class MaintenancePage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    headline: str
    lede: str
    days: tuple[WindowDay, ...]
    groups: tuple[str, ...]
    group: str


def maintenance_page(
    pages: Sequence[PageNow],
    now: datetime,
    was: Mapping[tuple[str, str], Moved] | None = None,
    cancelled: Iterable[MaintenanceWindow] = (),
    group: str = "",
) -> MaintenancePage:
    """Return the page; `was` holds by provider and id the window before it was moved."""
    of_group = [each for each in pages if not group or each.provider.group == group]
    windows = [window for each in of_group for window in _windows(each, now, was or {})]
    wanted = {each.provider.id for each in of_group}
    windows += [each for each in cancelled if each.provider in wanted]
    windows.sort(key=lambda each: (_shown_at(each, now), each.begins, each.provider_name, each.incident_id))
    days: dict[str, list[MaintenanceWindow]] = {}
    for window in windows:
        days.setdefault(relative_day(_shown_at(window, now), now), []).append(window)
    active = [each for each in windows if each.cancelled_at is None]
    return MaintenancePage(
        headline=f"{counted(len(active), 'maintenance window')} in the next 30 days" if active else _NONE,
        lede=_lede(windows),
        days=tuple(
            WindowDay(at=at, name=name, weekday=weekday(at), windows=tuple(found))
            for name, found, at in ((name, found, _shown_at(found[0], now)) for name, found in days.items())
        ),
        groups=tuple(sorted({each.provider.group for each in pages if each.provider.group}, key=str.casefold)),
        group=group,
    )


def former_windows(incidents: Sequence[RecordedIncident]) -> dict[tuple[str, str], Moved]:
    """Return by provider and maintenance the window that was announced before the present one."""
    return {
        (each.provider, each.incident_id): Moved(begins=former.starts_at, ends=former.ends_at)
        for each in incidents
        if len(each.windows) > 1 and (former := each.windows[-2]).starts_at is not None
    }


def cancelled_windows(incidents: Sequence[RecordedIncident], now: datetime) -> tuple[MaintenanceWindow, ...]:
    """Return the maintenances that were cancelled recently."""
    return tuple(
        MaintenanceWindow(
            provider=each.provider,
            provider_name=each.provider_name,
            incident_id=each.incident_id,
            title=each.title,
            components=listed(each.components, NAMED),
            begins=window.starts_at,
            ends=window.ends_at,
            cancelled_at=each.updated_at,
        )
        for each in incidents
        if each.is_cancelled
        and (window := each.window) is not None
        and window.starts_at is not None
        and now - timedelta(days=1) < window.starts_at < now + AHEAD
        and each.updated_at > now - CANCELLED_FOR
    )


_NONE: Final = "No maintenance is announced for the next 30 days"


def _windows(each: PageNow, now: datetime, was: Mapping[tuple[str, str], Moved]) -> Iterable[MaintenanceWindow]:
    page = each
    for work in page.view.open_maintenances:
        yield _window(each, work, was, is_running=True)
    for work in page.view.planned_maintenances:
        begins = work.scheduled_for
        if begins is not None and begins <= now + AHEAD and (work.scheduled_until or begins) >= now:
            yield _window(each, work, was, is_running=False)


def _window(
    each: PageNow, work: OpenIncident, was: Mapping[tuple[str, str], Moved], *, is_running: bool
) -> MaintenanceWindow:
    provider, found = each.provider, each.assessment
    former = was.get((provider.id, work.id))
    begins = work.scheduled_for or work.began_at or found.read_at or datetime.now(UTC)
    is_same = former is not None and (former.begins, former.ends) == (begins, work.scheduled_until)
    return MaintenanceWindow(
        provider=provider.id,
        provider_name=provider.name,
        incident_id=work.id,
        title=work.name,
        components=listed(work.components, NAMED),
        begins=begins,
        ends=work.scheduled_until,
        was=None if is_same else former,
        is_running=is_running,
        unread_since=found.read_at if found.last_state is not None else None,
    )


def _lede(windows: Sequence[MaintenanceWindow]) -> str:
    running = sum(each.is_running for each in windows)
    moved = sum(each.was is not None and each.cancelled_at is None for each in windows)
    gone = sum(each.cancelled_at is not None for each in windows)
    parts = [f"{running} under way"] if running else []
    parts += [f"{moved} moved since {'it was' if moved == 1 else 'they were'} announced"] if moved else []
    parts += [f"{gone} cancelled"] if gone else []
    return f"{', '.join(parts)}." if parts else ""


def _shown_at(window: MaintenanceWindow, now: datetime) -> datetime:
    """Return the moment on whose day a window is shown: one that began earlier is shown today."""
    return max(window.begins, _midnight(now))


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
