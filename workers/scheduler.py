"""Beat's scheduler: asks the data server what is due and publishes one fetch task per provider.

Celery's own scheduler keeps a timer per entry and compares all of them for every task it sends. This one keeps none:
one call claims everything that is due and moves each claim to its next time, so that it starts at once whatever
the number of providers, sees changes of the catalogue with its next tick, and shares the work with any other beat
without a lock. Entries of `beat_schedule` work as ever.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from celery.beat import Scheduler, SchedulingError
from kombu.exceptions import KombuError

from tracker.bootstrap import open_catalogue, utc_now
from tracker.errors import StoreError
from tracker.failpoints import failpoint
from tracker.ports import Clock
from tracker.store.catalogue import Claim
from workers.signals import tick as touch_tick_file
from workers.tasks import fetch_provider

log = logging.getLogger(__name__)

#: Providers that are claimed and published together; a beat that dies here costs them one interval.
CLAIM_LIMIT: Final = 500
#: Even a provider with an interval of a second gets this long to be fetched before its message is void.
LEAST_EXPIRY_S: Final = 2.0

#: No more messages are put into a queue that nobody takes from: they would expire there, and fill the data server with
#: a kilobyte each until somebody takes them.
MOST_WAITING: Final = 50_000


class ProviderScheduler(Scheduler):  # type: ignore[misc]
    """A `celery.beat.Scheduler` whose provider entries are a query."""

    def __init__(self, *args: Any, clock: Clock = utc_now, **kwargs: Any) -> None:
        self._clock = clock
        self._ticked_at = clock()
        self._catalogue = open_catalogue()
        self._store_is_down = False
        self._unpublished: Sequence[Claim] = ()
        self._clogged: set[str] = set()
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, of both kinds; return the seconds until something will be."""
        touch_tick_file()
        self._mind_the_clock()
        wait_s: float = super().tick(*args, **kwargs)
        return max(0.0, min(wait_s, self.dispatch()))

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one of Celery's own entries; what cannot be sent now is sent the next time."""
        try:
            if self._takes_more("print"):
                self.apply_async(entry, producer=producer, advance=False)
        except (StoreError, SchedulingError, KombuError, OSError) as error:
            log.debug("%s was not sent: %s", entry.name, error)  # `dispatch` tells of the data server

    def _mind_the_clock(self) -> None:
        """Start Celery's own timers anew when the clock was put back: they wait for times that are far away now."""
        now = self._clock()
        if now < self._ticked_at:
            for entry in self.schedule.values():
                entry.last_run_at = entry.default_now()
            self._heap = None
        self._ticked_at = now

    def dispatch(self) -> float:
        """Claim and publish every provider that is due; return the seconds until the next one is."""
        try:
            upcoming = self._dispatch_due()
        except (StoreError, KombuError, OSError) as error:
            if not self._store_is_down:
                log.warning("cannot schedule, trying again every second: %s", error)
            self._store_is_down = True
            return 1.0
        if self._store_is_down:
            log.warning("scheduling again")
            self._store_is_down = False
        return (upcoming - self._clock()).total_seconds() if upcoming else float(self.max_interval)

    def _dispatch_due(self) -> datetime | None:
        """Publish what is due and what could not be published before; return when the next provider is due."""
        if self._unpublished:
            now = self._clock()
            self._publish([claim for claim in self._unpublished if now - claim.due_at < claim.interval])
        while True:
            claims, upcoming = self._catalogue.claim(self._clock(), CLAIM_LIMIT)
            if claims:
                failpoint("claimed")
            self._publish(claims)
            if len(claims) < CLAIM_LIMIT:
                return upcoming

    def _publish(self, claims: Sequence[Claim]) -> None:
        """Publish one fetch task per claim. Claims are kept until that has worked; a repetition is harmless."""
        self._unpublished = claims
        if not claims:
            return
        if not self._takes_more("fetch"):
            self._unpublished = ()
            return
        producer = self.producer
        with producer.batch():
            for claim in claims:
                fetch_provider.apply_async(
                    (claim.provider_id,), producer=producer, expires=max(claim.interval.total_seconds(), LEAST_EXPIRY_S)
                )
        self._unpublished = ()
        lateness_s = (self._clock() - min(claim.due_at for claim in claims)).total_seconds()
        log.debug("dispatched %d providers, latest by %.3f s", len(claims), lateness_s)

    def _takes_more(self, queue: str) -> bool:
        """Tell whether somebody takes messages from a queue, and log when that changes. Raises StoreError."""
        waiting = self._catalogue.waiting(queue)
        if waiting < MOST_WAITING:
            if queue in self._clogged:
                log.warning("queue %s is taken from again", queue)
                self._clogged.remove(queue)
            return True
        if queue not in self._clogged:
            log.warning("%d messages wait in queue %s, and no more are added: is its worker there?", waiting, queue)
            self._clogged.add(queue)
        return False
