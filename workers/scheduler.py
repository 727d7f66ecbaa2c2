"""Beat's scheduler: claims due providers in the data server and publishes one fetch task for each.

Celery's own scheduler keeps a timer per entry and compares all of them for every task that it sends. This one keeps
none: one call claims due providers and moves each to its next due time. So it starts at once for any number of
providers, sees changes of the catalogue at its next tick, and shares the work with other beats without a lock. Entries
of `beat_schedule` work as usual.
"""

import logging
import os
import socket
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from celery.beat import Scheduler, SchedulingError
from kombu.exceptions import KombuError

from tracker.environment.settings import Settings
from tracker.errors import Conflict, StoreError
from tracker.failpoints import failpoint
from tracker.model.clock import Clock, utc_now
from tracker.scheduling.dispatch_lag import Lateness
from tracker.store.due_queue import Claim
from tracker.store.keeper import Keeper
from tracker.store.opening import open_alerts, open_catalogue, open_sinks
from workers.publishing import FetchPublisher
from workers.signals import tick as touch_tick_file
from workers.tasks import MOST_WAKE_UPS, fetch_provider

log = logging.getLogger(__name__)

#: Providers that are claimed and published together. A beat that dies in between costs them one interval; while the
#: data server finds them, it does nothing else (2 to 5 ms).
CLAIM_LIMIT: Final = 500
#: Claims of one tick; beat's own entries and its tick file wait for them (10,000 providers take a third of a second).
MOST_CLAIMS: Final = 20
#: The longest pause while providers are due all the time: one batch is cheaper than many.
MOST_PAUSE_S: Final = 0.18
#: Under load, a pause lasts until this many providers are due: workers get an even stream, and a claim costs as much as
#: publishing two hundred messages.
GATHERED: Final = 250
LEAST_PAUSE_S: Final = 0.02
#: How often a beat reports its lateness.
REPORT_EVERY: Final = timedelta(seconds=1)

#: The most messages in a queue without a consumer: more would only expire there, and fill the data server with 400
#: bytes each.
MOST_WAITING: Final = 50_000


class ProviderScheduler(Scheduler):  # type: ignore[misc]
    """A `celery.beat.Scheduler` whose provider entries are a query."""

    def __init__(self, *args: Any, clock: Clock = utc_now, **kwargs: Any) -> None:
        self._clock = clock
        self._ticked_at = self._reported_at = clock()
        settings = Settings.from_environment(os.environ)
        self._catalogue = open_catalogue(settings)
        self._keeper = Keeper(self._catalogue, open_sinks(settings), clock, open_alerts(settings))
        self._is_empty = False
        self._publisher = FetchPublisher(fetch_provider)
        self._lateness = Lateness()
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._store_is_down = False
        self._unpublished: Sequence[Claim] = ()
        self._clogged: set[str] = set()
        #: Messages that waited in each queue after the last publication.
        self._waiting: dict[str, int] = {}
        self._looked_at = self._ticked_at
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send due entries of both kinds; return the seconds until the next one is due."""
        touch_tick_file()
        self._mind_the_clock()
        wait_s: float = super().tick(*args, **kwargs)
        return max(0.0, min(wait_s, self.dispatch()))

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one of Celery's own entries; if that fails, the next tick tries again."""
        try:
            # One pending wake-up is enough; more would only slow the printer down.
            if self._catalogue.waiting("print") < MOST_WAKE_UPS:
                self.apply_async(entry, producer=producer, advance=False)
        except (StoreError, SchedulingError, KombuError, OSError) as error:
            log.debug("%s was not sent: %s", entry.name, error)  # `dispatch` reports an unreachable data server

    def _mind_the_clock(self) -> None:
        """Restart Celery's own timers after the clock was put back: they wait for times that are far away now."""
        now = self._clock()
        if now < self._ticked_at:
            for entry in self.schedule.values():
                entry.last_run_at = entry.default_now()
            self._heap = None
        self._ticked_at = now

    def dispatch(self) -> float:
        """Claim and publish due providers, 10,000 at most; return the seconds until more are due."""
        try:
            wait_s = self._dispatch_due()
            self._report()
        except (StoreError, KombuError, OSError) as error:
            if not self._store_is_down:
                log.warning("cannot schedule, trying again every second: %s", error)
            self._store_is_down = True
            return 1.0
        if self._store_is_down:
            log.warning("scheduling again")
            self._store_is_down = False
        return wait_s

    def _dispatch_due(self) -> float:
        """Publish due claims and those of a failed publication; return the seconds until more will be due."""
        if self._unpublished:
            now = self._clock()
            self._publish(
                [claim for claim in self._unpublished if (now - claim.due_at).total_seconds() < claim.interval_s],
                self._publisher.queues,
            )
        claimed = 0
        for _ in range(MOST_CLAIMS):
            queues = {queue for queue in self._publisher.queues if self._is_taken_from(queue)}
            if not queues:
                break  # claims stay due, and count as late
            claims, upcoming = self._catalogue.claim(self._clock(), CLAIM_LIMIT)
            if claims:
                failpoint("claimed")
            self._publish(claims, queues)
            claimed += len(claims)
            if len(claims) < CLAIM_LIMIT:
                return self._wait_s(claimed, upcoming)
        return 0.0 if queues else float(self.max_interval)

    def _wait_s(self, claimed: int, upcoming: datetime | None) -> float:
        """Return the seconds until the next provider is due, and enough others for a batch."""
        if upcoming is None:
            return float(self.max_interval)
        now = self._clock()
        since_s, self._looked_at = (now - self._looked_at).total_seconds(), now
        gathered_s = GATHERED * since_s / claimed if claimed else MOST_PAUSE_S
        return max(min(gathered_s, MOST_PAUSE_S), LEAST_PAUSE_S, (upcoming - now).total_seconds())

    def _publish(self, claims: Sequence[Claim], queues: Collection[str]) -> None:
        """Publish one fetch task per claim. Claims are kept until that succeeds; a repetition is harmless.

        If only some of the queues have consumers, the claims for the others are left to their next interval.
        """
        self._unpublished = claims
        for queue, share in self._publisher.by_queue(claims).items():
            if queue in queues:
                waiting = self._publisher.publish(self.producer, queue, share, self._clock())
                self._waiting[queue] = MOST_WAITING if waiting is None else waiting
                self._lateness.add((claim.due_at for claim in share), self._clock())
        self._unpublished = ()

    def _report(self) -> None:
        """Report the lateness of this beat once a second, and check that the data server holds the catalogue."""
        now = self._clock()
        if abs(now - self._reported_at) >= REPORT_EVERY:
            self._catalogue.report(self._lateness.report(self._name, now))
            self._reported_at = now
            self._keep()

    def _keep(self) -> None:
        """Restore the catalogue if the data server has lost it, and log that."""
        try:
            loss = self._keeper.look()
        except Conflict:
            return  # the next check sees the new owner of the catalogue
        if loss is not None and loss.is_ours:
            log.warning("%s", loss)
        is_empty = self._keeper.pages == 0
        if is_empty and not self._is_empty:
            log.warning("the data server holds no pages; `tracker providers sync FILE` puts in those of a file")
        self._is_empty = is_empty

    def _is_taken_from(self, queue: str) -> bool:
        """Return whether fetches may be put into a queue. Requests the length of the queue only if in doubt."""
        return self._waiting.get(queue, MOST_WAITING) < MOST_WAITING or self._takes_more(queue)

    def _takes_more(self, queue: str) -> bool:
        """Return whether a worker takes messages from a queue, and log when that changes. Raises StoreError."""
        waiting = self._catalogue.waiting(queue)
        if waiting < MOST_WAITING:
            if queue in self._clogged:
                log.warning("queue %s is consumed again", queue)
                self._clogged.remove(queue)
            return True
        if queue not in self._clogged:
            log.warning("%d messages wait in queue %s, and no more are added: does its worker run?", waiting, queue)
            self._clogged.add(queue)
        return False
