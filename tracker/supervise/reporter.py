"""The log lines of `tracker up` about pages, filters and sinks: one when something changes, none while it stays."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from tracker.errors import Conflict, StoreError
from tracker.model.clock import utc_now
from tracker.model.provider import Provider, Webhook
from tracker.model.route import Alerting
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import RedisCatalogue
from tracker.store.keeper import Keeper
from tracker.store.sinks import RedisSinks
from tracker.supervise.health import PageHealth, filters_summary, summary
from tracker.supervise.progress import Progress
from tracker.supervise.sinks import SinkWatch
from tracker.supervise.watch import Watch

log = logging.getLogger("tracker")

#: A health line with one of these is a warning.
_WARNING_WORDS: Final = ("cannot", "none of", "does not", "has lost")


class HealthReporter:
    """Reads the stack's pages and sinks, and logs each change since the last time."""

    def __init__(
        self, catalogue: RedisCatalogue, sinks: RedisSinks, alerts: RedisAlerts, own: Callable[[], None]
    ) -> None:
        """Report on this store; `own` renews the lease of the pages, and raises ConfigError for another owner."""
        self._catalogue = catalogue
        self._alerts = alerts
        self._own = own
        self._watch = Watch(catalogue)
        self._keeper = Keeper(catalogue, sinks, utc_now, alerts)
        self._sink_watch = SinkWatch(sinks)
        self._progress = Progress(time.monotonic())
        self._health: str | None = None
        self._filters_health: str | None = None

    @property
    def is_watching(self) -> bool:
        """Return whether a health line was logged, as it is once every page was polled."""
        return self._health is not None

    def expect(self, providers: Sequence[Provider], sinks: Sequence[Webhook], alerting: Alerting) -> None:
        """Remember entries that were just put in: a loss before the first check is restored, too. Raises StoreError."""
        self._keeper.expect(providers, sinks, alerting)

    def look_over(self) -> bool:
        """Log the changes; return whether events have receivers. Raises ConfigError for another owner."""
        self._report_health()
        return self._look_after_sinks()

    def _report_health(self) -> None:
        try:
            self._own()
            self._catalogue.ping()  # a server without memory refuses it
            loss = self._keeper.look()
            pages = self._watch.look()
            line = summary(pages) if loss is None else str(loss)
            self._report_filters(pages)
        except StoreError as error:
            line = f"{error}; nothing is lost, and the tracker continues as soon as it can"
        except Conflict:
            return  # the next check names the new owner
        else:
            if line is None and (progress := self._progress.line(pages, time.monotonic())):
                log.info(progress)
        if line is not None and line != self._health:
            log.warning(line) if any(word in line for word in _WARNING_WORDS) else log.info(line)
            self._health = line

    def _report_filters(self, pages: Sequence[PageHealth]) -> None:
        line = filters_summary(pages)
        if line != self._filters_health:
            log.warning(line) if line else log.info("all filters match something of their pages again")
            self._filters_health = line

    def _look_after_sinks(self) -> bool:
        """Log the sinks that need attention; return whether there is anything to deliver to, channels included."""
        try:
            return self._sink_watch.look(self._watch.providers) or self._alerts.has_channels()
        except StoreError:
            return False  # the line about the pages reports it
