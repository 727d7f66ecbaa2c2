"""A drill: an invented incident and its end, through parse, commit, stream and routes, to the real channels.

Its events say that they are a drill, and everything that counts or shows incidents leaves them out.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import uuid4

import msgspec

from tracker.alerting.alert import Alert, Phase
from tracker.alerting.row import SentRow
from tracker.detection.changes import changes
from tracker.detection.comparison import Before
from tracker.detection.keys import keys
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, Conflict, DrillFailed
from tracker.model.clock import Clock, utc_now
from tracker.model.event import Event, PendingEvent
from tracker.model.page import Impact, Snapshot
from tracker.model.provider import Provider
from tracker.parse import read
from tracker.polling.page_store import Commit, PageStore, PollLease
from tracker.simulator.render import render
from tracker.simulator.vendor import Page
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.opening import open_alerts, open_pages, open_rows

_PATH: Final = "/api/v2/incidents.json"
_URL: Final = "https://drill.invalid"
_BODY: Final = "This is a drill. Nothing happened; it ends by itself."
#: How long to wait for the page's poll lease while a worker has it.
_LEASE_PATIENCE_S: Final = 20.0
_PAUSE_S: Final = 0.1
#: Seconds for each step of a drill that nobody watches.
PATIENCE_S: Final = 30.0


class Drill:
    """One drill of one provider's page, in the data server of a running tracker."""

    def __init__(
        self,
        provider: Provider,
        pages: PageStore,
        alerts: RedisAlerts,
        rows: RedisRows,
        clock: Clock,
        patience_s: float,
        stop: threading.Event | None = None,
    ) -> None:
        """Take the parts of a drill; once `stop` is set it ends early, and leaves no drill open."""
        # Filters that leave real incidents out say nothing of whether an alert would arrive.
        self._provider = msgspec.structs.replace(provider, components=(), regions=(), min_impact=Impact.NONE, events=())
        self._pages = pages
        self._alerts = alerts
        self._rows = rows
        self._clock = clock
        self._patience_s = patience_s
        self._stop = stop or threading.Event()
        self._id = f"drill-{uuid4().hex[:12]}"

    def run(self, channel: str | None, report: Callable[[str], object]) -> None:
        """Open and close an incident, and wait until each channel took both. Raises DrillFailed, StoreError."""
        if not self._alerts.config().channels:
            raise DrillFailed(
                "route: there is no channel; write [[channel]] and [[route]] into providers.toml, then run "
                "`tracker providers sync providers.toml`"
            )
        page = Page("Drill", id="drill")
        incident = page.open_incident("Drill: would an alert reach you?", Impact.CRITICAL, body=_BODY)
        opened = self._read(page)
        found = changes(self._provider, Before(seeded=True), opened, self._clock())
        self._commit(found.pending, channel)
        report("parsed, committed, in the event stream")
        page.resolve(incident, "The drill is over.")
        before = Before(seeded=True, view=found.view, seen=frozenset(keys(opened)), revision=1)
        ending = changes(self._provider, before, self._read(page), self._clock()).pending
        try:
            alert = self._await_opened(report)
        finally:
            # Whichever part failed, no drill stays open in any channel.
            self._commit(ending, channel)
        for name in _open_channels(alert):
            self._await_row(name, alert.id, "close", lambda row: row.version > 0 and not row.is_open)
            report(f"{name} accepted the close")
        self._alerts.note_drill(_open_channels(alert), self._clock())

    def _await_opened(self, report: Callable[[str], object]) -> Alert:
        alert = self._await_alert()
        names = _open_channels(alert)
        if not names:
            raise DrillFailed(f"route: no route takes a critical incident of {self._provider.id}; see [[route]]")
        report(f"routed to {', '.join(names)}")
        for name in names:
            self._await_row(name, alert.id, "open", lambda row: row.is_open)
            report(f"{name} accepted the open")
        return alert

    def _read(self, page: Page) -> Snapshot:
        document = render(page.revision, _PATH, _URL)
        if document is None:
            raise DrillFailed("parse: the invented page has no answer")
        return read(document.body, format="statuspage", url=_URL + _PATH)

    def _commit(self, pending: Sequence[PendingEvent], channel: str | None) -> None:
        """Write the events as a poll of the page does, and make the page due for its next poll at once."""
        marked = tuple(PendingEvent(event=self._marked(each.event, channel)) for each in pending)
        if not marked:
            raise DrillFailed("parse: the invented incident caused no event")
        until = time.monotonic() + _LEASE_PATIENCE_S
        while time.monotonic() < until:
            lease = self._pages.begin(self._provider.id, self._clock())
            if isinstance(lease, PollLease):
                now = self._clock()
                try:
                    self._pages.commit(lease, Commit(pending=marked, checked_at=now, due_at=now))
                except Conflict:
                    continue
                return
            time.sleep(_PAUSE_S)
        raise DrillFailed(f"commit: the page of {self._provider.id} was busy for {_LEASE_PATIENCE_S:.0f} s; try again")

    def _marked(self, event: Event, channel: str | None) -> Event:
        return msgspec.structs.replace(
            event,
            id=f"{self._provider.id}/{self._id}/{event.update_id}",
            incident_id=self._id,
            link=None,
            drill=channel or "*",
        )

    def _await_alert(self) -> Alert:
        for _ in self._waiting():
            for alert in self._alerts.book().of_provider(self._provider.id):
                if alert.subject == self._id:
                    return alert
        raise DrillFailed(
            "stream: no worker evaluated the event; check that beat and a worker for the queue deliver run"
        )

    def _await_row(self, channel: str, alert_id: str, act: str, reached: Callable[[SentRow], bool]) -> None:
        row = SentRow()
        for _ in self._waiting():
            row = self._rows.row(channel, alert_id)
            if reached(row):
                return
            if row.refused_version:
                break
        if row.last_error is None and not row.attempts:
            (state,) = self._alerts.channel_states([channel])
            reason = state.last_error or "no worker sent to it; check that a worker for the queue deliver runs"
            raise DrillFailed(f"channel {channel} did not get the {act}: {reason}")
        raise DrillFailed(f"channel {channel} did not take the {act}: {row.last_error or 'it has not answered'}")

    def _waiting(self) -> Iterator[None]:
        until = time.monotonic() + self._patience_s
        while time.monotonic() < until:
            yield None
            if self._stop.wait(_PAUSE_S):
                raise DrillFailed("its server, which was stopped")


def drill_over(settings: Settings) -> Callable[[str, str | None, Callable[[str], object], threading.Event], None]:
    """Return a function that makes a drill of a page, on the data server of the settings.

    It takes the provider, the channel (None for those of the routes), a function to call after each successful step,
    and an event that ends it early. It raises DrillFailed, ConfigError and StoreError.
    """

    def drill(provider_id: str, channel: str | None, report: Callable[[str], object], stop: threading.Event) -> None:
        alerts = open_alerts(settings)
        provider = next((each for each in alerts.providers() if each.id == provider_id), None)
        if provider is None:
            raise ConfigError(f"there is no provider {provider_id}")
        if channel is not None and channel not in {each.name for each in alerts.config().channels}:
            raise ConfigError(f"there is no channel {channel}")
        made = Drill(provider, open_pages(settings), alerts, open_rows(settings), utc_now, PATIENCE_S, stop)
        made.run(channel, report)

    return drill


def _open_channels(alert: Alert) -> Sequence[str]:
    return [name for name, target in alert.targets.items() if target.phase is Phase.OPEN]
