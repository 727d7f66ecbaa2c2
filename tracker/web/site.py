"""The data of the pages for people, gathered for one request."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from fastapi import Request

from tracker import __version__
from tracker.alerting.facts import OpenAlert
from tracker.assessment import State
from tracker.delivery.latency import Latency, Timing, latency
from tracker.errors import StoreError
from tracker.history import FeedFilter, IncidentFilter
from tracker.model.event import EventKind
from tracker.model.provider import Provider
from tracker.polling.poll_cost import Savings
from tracker.web.access import Viewer
from tracker.web.form_tokens import FormTokens
from tracker.web.now import PageNow
from tracker.web.pages.alerts import AlertRow, alert_row
from tracker.web.pages.frame import Frame, frame
from tracker.web.pages.health import Checked
from tracker.web.pages.rows import LatestUpdate, worst_incident
from tracker.web.parts import Parts
from tracker.web.rendering import Templates

log = logging.getLogger("tracker")

#: The most providers whose incidents are quoted, the worst first; for the others the titles are enough.
_QUOTED: Final = 200
_NEWEST: Final = 500
#: The least time for which the list of open alerts is kept: in seconds, and as a multiple of the time that it took.
_LISTED_FOR_S: Final = 2.0
_LISTING_SHARE: Final = 20.0
_UPDATES: Final = (EventKind.NEW_INCIDENT.value, EventKind.INCIDENT_UPDATE.value)


class Measurements(Protocol):
    """The measurements of pages. Every method raises StoreError."""

    def timings(self, provider_ids: Sequence[str]) -> tuple[tuple[Timing, ...], ...]:
        """Return the delays of the newest updates of each page."""
        ...

    def savings(self, provider_ids: Sequence[str]) -> tuple[Savings, ...]:
        """Return the endings of the polls of each page."""
        ...


class Site:
    """The pages over the parts of the app."""

    def __init__(
        self,
        parts: Parts,
        measurements: Measurements,
        checks: Callable[[], Sequence[Checked]],
        look: Callable[[Provider], str],
    ) -> None:
        self.parts = parts
        self.measurements = measurements
        #: Makes the checks of `tracker doctor`.
        self.checks = checks
        #: Requests a page and returns its own name, "" for none. Raises ConfigError where nothing can be read there.
        self.look = look
        self.tokens = FormTokens(parts.settings.act_token)
        self._render = Templates()
        self._open_alerts: Sequence[OpenAlert] = ()
        self._list_again_at = 0.0

    def pages(self) -> tuple[PageNow, ...]:
        """Return all pages as they are known now, by name."""
        return tuple(self.parts.board.now.pages.values())

    def frame(self, request: Request, pages: Sequence[PageNow]) -> Frame:
        """Return the frame of a page for its reader."""
        viewer = viewer_of(request)
        token = self.tokens.new(viewer) if viewer.may_act else ""
        return frame(
            pages,
            self.parts.clock(),
            version=__version__,
            waiting=sum(each.facts.is_waiting for each in self.open_alerts()),
            may_act=viewer.may_act,
            form_token=token,
            may_sign_in=self.parts.settings.act_token is not None and not viewer.may_act,
            is_signed_in=viewer.via == "session",
        )

    def alerts_of(self, provider: str, incident: str) -> tuple[AlertRow, ...] | None:
        """Return the alerts of an incident with the messages sent for them, None if they cannot be read now."""
        try:
            return tuple(map(alert_row, self.parts.desk.of_incident(provider, incident)))
        except StoreError as error:
            log.warning("cannot read the alerts of %s/%s: %s", provider, incident, error)
            return None

    def open_alerts(self) -> Sequence[OpenAlert]:
        """Return the open alerts, the last known ones if they cannot be read; a list that took long is kept longer."""
        began = time.monotonic()
        if began >= self._list_again_at:
            try:
                self._open_alerts = self.parts.desk.lists.open()
            except StoreError as error:
                log.warning("cannot read the open alerts: %s", error)
            ended = time.monotonic()
            self._list_again_at = ended + max(_LISTED_FOR_S, _LISTING_SHARE * (ended - began))
        return self._open_alerts

    def rendered(self, template: str, around: Frame, section: str = "", **values: object) -> str:
        """Return a page as HTML."""
        return self._render.render(template, frame=around, section=section, **values)

    def said(self, pages: Sequence[PageNow]) -> dict[tuple[str, str], LatestUpdate]:
        """Return the latest update of each provider's worst incident, by provider and incident. Raises HistoryError."""
        troubled = sorted((page for page in pages if page.assessment.state.is_problem), key=_rank)[:_QUOTED]
        wanted = {
            (page.provider.id, incident.id) for page in troubled if (incident := worst_incident(page)) is not None
        }
        if not wanted:
            return {}
        ids = tuple(dict.fromkeys(provider for provider, _ in wanted))
        history = self.parts.history
        running = history.incidents(IncidentFilter(providers=ids, is_maintenance=False, is_open=True), limit=_NEWEST)
        counts = {(one.provider, one.incident_id): one.updates for one in running.items}
        found: dict[tuple[str, str], LatestUpdate] = {}
        for item in history.feed(FeedFilter(providers=ids, kinds=_UPDATES), limit=_NEWEST).items:
            key = (item.event.provider, item.event.incident_id or "")
            if key in wanted and key not in found:
                found[key] = LatestUpdate(text=item.event.message or "", updates=counts.get(key, 1))
        return found

    def measured(self, provider_ids: Sequence[str]) -> Latency:
        """Return the delays of the newest updates of some pages. Raises StoreError."""
        return latency(timing for timings in self.measurements.timings(provider_ids) for timing in timings)


def site_of(request: Request) -> Site:
    """Return the pages of the app."""
    site: Site = request.app.state.site
    return site


def viewer_of(request: Request) -> Viewer:
    """Return the viewer, as the access check found."""
    viewer: Viewer = request.state.viewer
    return viewer


def _rank(page: PageNow) -> tuple[int, str]:
    return page.assessment.state.rank, page.provider.id


#: The values of the filter by state in an address.
STATES: Final = frozenset(state.value for state in State)
