"""Puts the catalogue back when the data server has lost it: emptied, restarted without its data, or evicting keys.

Each long-running process keeps a copy: beat everywhere, and the supervisor of `tracker up`. They need no coordination,
since a provider that is back already is skipped. The copy belongs to the tracker that had the catalogue when it was
made: once another one has it, nothing is put back.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from tracker.delivery.event_stream import Watched
from tracker.model.provider import Provider, Webhook
from tracker.model.route import Alerting, Silence
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import Holdings, RedisCatalogue
from tracker.store.codec import decode_provider, encode_provider
from tracker.store.sinks import RedisSinks

#: A generation that no data server has.
_NO_GENERATION: Final = b""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """The data that the server had lost and holds again."""

    pages: int
    sinks: int
    #: Due times and schedules of pages that were there without them.
    due_times: int
    channels: int
    #: Whether this process put it back.
    is_ours: bool

    def __str__(self) -> str:
        lost = (
            _counted(self.pages, "page"),
            _counted(self.sinks, "sink"),
            _counted(self.due_times, "due time"),
            _counted(self.channels, "channel"),
        )
        what = " and ".join(filter(None, lost)) or "all pages"
        return f"the data server has lost its data; {what} put back, and nothing on record is reported again"


class Keeper:
    """Remembers the catalogue. Providers and sinks that came within the last second or two may be missing in it."""

    def __init__(
        self,
        catalogue: RedisCatalogue,
        sinks: RedisSinks,
        clock: Callable[[], datetime],
        alerts: RedisAlerts | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._sinks = sinks
        self._alerts = alerts
        self._alerting = Alerting()
        self._silences: Sequence[Silence] = ()
        self._clock = clock
        #: The numbers of the last check, and those when all of it was read.
        self._last: Holdings | None = None
        self._known: Holdings | None = None
        #: The time for which this process saw the catalogue whole.
        self._watched: Watched | None = None
        self._providers: tuple[bytes, ...] = ()
        self._webhooks: tuple[Webhook, ...] = ()

    @property
    def pages(self) -> int:
        """Return the number of remembered pages."""
        return len(self._providers)

    def expect(self, providers: Sequence[Provider], webhooks: Sequence[Webhook], alerting: Alerting) -> None:
        """Remember entries that were just put in: the data server may lose them before the first check.

        Raises StoreError.
        """
        self._providers, self._webhooks = tuple(map(encode_provider, providers)), tuple(webhooks)
        self._alerting, self._silences = alerting, ()
        held = self._catalogue.holdings()
        self._known = self._as_put_in(held, held.owner)

    def look(self) -> Loss | None:
        """Restore and return the missing parts of the catalogue, None if it is whole. Raises StoreError, Conflict."""
        now = self._clock()
        held = self._catalogue.holdings()
        known, last, self._last = self._known, self._last, held
        if known is None or (held.generation == known.generation and held.version > known.version):
            # While the catalogue changes, it is not read.
            if last is None or held.version == last.version or not held.is_whole:
                known = self._remember(held)
            is_all_there = known is None or held.is_whole
        else:
            is_all_there = not _is_less(held, known)
        if is_all_there and held.generation is not None:
            self._watched = Watched(since=self._watched.since if self._watched else now, until=now)
        if known is None or is_all_there:
            return None
        if held.owner and known.owner and held.owner != known.owner:
            return None  # it belongs to another tracker by now, which keeps it
        return self._restore(held, known)

    def _remember(self, held: Holdings) -> Holdings | None:
        """Read the catalogue and return its numbers; None, and nothing is remembered, if it changed meanwhile."""
        if held.generation is None and held.providers:
            self._catalogue.put((), self._clock())  # a catalogue of an earlier version has none
            held = self._catalogue.holdings()
        providers, webhooks = self._catalogue.entries(), self._sinks.webhooks()
        alerting = Alerting() if self._alerts is None else self._alerts.config()
        silences = () if self._alerts is None else tuple(self._alerts.silences())
        if not _is_same(self._catalogue.holdings(), held):
            return None
        self._providers, self._webhooks, self._alerting, self._silences = providers, webhooks, alerting, silences
        # Without channels no settings are restored, and none are missed.
        self._known = msgspec.structs.replace(held, has_alerting=bool(alerting.channels))
        return self._known

    def _restore(self, held: Holdings, known: Holdings) -> Loss | None:
        # Sinks first: pages have something to report.
        webhooks = self._sinks.restore(self._webhooks, held)
        providers = tuple(map(decode_provider, self._providers))
        was_emptied = held.generation != known.generation
        watched = self._watched if was_emptied else None
        pages = self._catalogue.restore(providers, self._clock(), was_emptied=was_emptied, watched=watched, fence=held)
        channels = 0
        # Last: an alert whose page is not in the catalogue would end.
        if (
            self._alerts is not None
            and self._alerting.channels
            and self._alerts.restore(self._alerting, self._silences, held)
        ):
            channels = len(self._alerting.channels)
        self._known = self._as_put_in(self._catalogue.holdings(), known.owner)
        is_ours = bool(pages.added or webhooks.added or pages.mended or channels)
        if not is_ours and not (was_emptied and held.generation is not None):
            return None
        return Loss(pages=pages.added, sinks=webhooks.added, due_times=pages.mended, channels=channels, is_ours=is_ours)

    def _as_put_in(self, held: Holdings, owner: str) -> Holdings:
        """Return the numbers to expect after everything was restored; a loss since then shows at the next check.

        That check reads the whole catalogue, since others may have put in more.
        """
        has_alerting = bool(self._alerting.channels)
        is_there = len(self._providers) <= held.providers and len(self._webhooks) <= held.sinks
        if not is_there or has_alerting > held.has_alerting or held.generation is None:
            held = msgspec.structs.replace(held, generation=_NO_GENERATION)
        return msgspec.structs.replace(held, version=-1, has_alerting=has_alerting, owner=owner)


def _is_less(held: Holdings, known: Holdings) -> bool:
    """Return whether something is missing that was there before and was not removed."""
    is_older = held.generation != known.generation or held.version < known.version
    is_smaller = held.providers < known.providers or held.sinks < known.sinks or held.has_alerting < known.has_alerting
    return is_older or is_smaller or not held.is_whole


def _is_same(held: Holdings, before: Holdings) -> bool:
    """Return whether no entry came or went and the catalogue has the same owner."""
    return _contents(held) == _contents(before)


def _contents(held: Holdings) -> tuple[object, ...]:
    return held.generation, held.version, held.providers, held.sinks, held.has_alerting, held.owner


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""
