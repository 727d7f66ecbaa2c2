"""Reads the numbers at each scrape, one scrape at a time."""

import logging
import threading
from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from tracker.assessment import KnownPage
from tracker.errors import HistoryError, StoreError
from tracker.metrics.delays import Delays
from tracker.metrics.families import alert_families, delay_families, measured_families, own_families, page_families
from tracker.metrics.sources import CurrentPages, Store, Updated
from tracker.model.clock import Clock
from tracker.store.measures import AlertCount, Measures

log = logging.getLogger("tracker")


class TrackerCollector(Collector):
    """Yields the metrics of this moment."""

    def __init__(self, pages: CurrentPages, store: Store, updated: Updated, clock: Clock) -> None:
        self._pages = pages
        self._store = store
        self._updated = updated
        self._clock = clock
        self._delays = Delays(clock())
        self._scraping = threading.Lock()
        self._last_error = ""

    def collect(self) -> Iterator[Metric]:
        """Yield the families; those that the data server does not answer are missing, and `tracker_scrape_ok` is 0."""
        with self._scraping:
            now = self._clock()
            pages = tuple(self._pages())
            measured = self._measured(pages)
            yield from own_families(is_ok=measured is not None)
            yield from page_families(pages, now)
            if measured is not None:
                measures, alerts = measured
                yield from measured_families(measures)
                yield from alert_families(alerts)
            yield from delay_families(self._delays)

    def describe(self) -> Sequence[Metric]:
        """Return nothing, so that registration reads no numbers."""
        return ()

    def _measured(self, pages: Sequence[KnownPage]) -> tuple[Measures, AlertCount] | None:
        try:
            self._count_delays()
            measures = self._store.measure([page.provider.id for page in pages], self._clock())
            alerts = self._store.alerts()
        except StoreError as error:
            if str(error) != self._last_error:
                log.warning("%s; tracker_scrape_ok is 0", error)
            self._last_error = str(error)
            return None
        self._last_error = ""
        return measures, alerts

    def _count_delays(self) -> None:
        try:
            updated = frozenset(self._updated())
        except HistoryError as error:
            log.warning("%s; delays are not counted", error)
            return
        wanted = self._delays.wanted(updated)
        for provider_id, timings in zip(wanted, self._store.timings(wanted) if wanted else (), strict=True):
            self._delays.add(provider_id, timings)
