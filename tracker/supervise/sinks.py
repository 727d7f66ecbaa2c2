"""Watch the sinks, and log each change of their health."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tracker.delivery.unreached import unreached
from tracker.model.provider import Provider
from tracker.store.sinks import RedisSinks, SinkStatus

log = logging.getLogger("tracker")

#: Fewer failures in a row, or a shorter pause, may be a receiver that restarts.
_FAILURES_REPORTED: Final = 3
_PAUSE_REPORTED: Final = timedelta(minutes=1)
_NAMED: Final = 5


class SinkWatch:
    """The last lines about the sinks of a catalogue."""

    def __init__(self, sinks: RedisSinks) -> None:
        self._sinks = sinks
        self._reported: tuple[object, ...] = ()
        self._do_well = True
        self._unreached: str | None = None

    def look(self, providers: Sequence[Provider]) -> bool:
        """Log changes of the sinks' health; return whether there are any sinks. Raises StoreError."""
        statuses = self._sinks.statuses()
        self._log_receivers(statuses)
        line = unreached_summary(statuses, providers)
        if line != self._unreached:
            log.warning(line) if line else log.info("every sink can get updates again")
            self._unreached = line
        return bool(statuses)

    def _log_receivers(self, statuses: Sequence[SinkStatus]) -> None:
        failing = sinks_summary(statuses)
        # Twice as many dead letters are worth another line, a single one more is not.
        sizes = tuple((status.webhook.name, status.dead.bit_length()) for status in statuses if status.dead)
        if (failing or sizes) and (failing, *sizes) != self._reported:
            log.warning("; ".join(filter(None, (failing, letters_summary(statuses)))))
        self._reported = (failing, *sizes)
        # A redriven letter may be refused again, and so may events that wait after a first failure.
        if failing or any(status.undelivered for status in statuses):
            self._do_well = False
        elif not self._do_well and not any(status.streak.failures for status in statuses):
            log.info("all sinks take updates again")
            self._do_well = True


def sink_lines(statuses: Sequence[SinkStatus], providers: Sequence[Provider]) -> Sequence[str]:
    """Return a line for each problem of sinks."""
    lines = (sinks_summary(statuses), letters_summary(statuses), unreached_summary(statuses, providers))
    return [line for line in lines if line is not None]


def sinks_summary(statuses: Sequence[SinkStatus]) -> str | None:
    """Return one line about failing sinks, None without any."""
    failing = [status.webhook.name for status in statuses if _is_failing(status)]
    if not failing:
        return None
    who, them = (f"sink {failing[0]} does", "it") if len(failing) == 1 else (f"sinks {', '.join(failing)} do", "them")
    return f"{who} not take updates, which wait for {them}; `tracker sinks list` says why"


def letters_summary(statuses: Sequence[SinkStatus]) -> str | None:
    """Return one line about dead letters, None without any."""
    dead_lettered = [status for status in statuses if status.dead]
    if not dead_lettered:
        return None
    first = dead_lettered[0].webhook.name
    named = ", ".join(f"{status.webhook.name} ({status.dead})" for status in dead_lettered[:_NAMED])
    rest = f" and {len(dead_lettered) - _NAMED} more" if len(dead_lettered) > _NAMED else ""
    return (
        f"dead letters, updates that a receiver did not take: {named}{rest}; `tracker sinks dead {first}` shows them, "
        f"`tracker sinks retry {first}` sends them again, `tracker sinks drop {first}` forgets them"
    )


def unreached_summary(statuses: Sequence[SinkStatus], providers: Sequence[Provider]) -> str | None:
    """Return one line about sinks with a pattern or kind of events that matches nothing, None without any."""
    found = [
        f"{status.webhook.name} ({sentence})"
        for status in statuses
        for sentence in unreached(status.webhook, providers)
    ]
    if not found:
        return None
    rest = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"sinks with filters that match nothing: {'; '.join(found[:_NAMED])}{rest}"


def _is_failing(status: SinkStatus) -> bool:
    """Return whether a receiver fails for longer than one that restarts."""
    since, until = status.streak.failing_since, status.not_before
    if since is None or until is None:
        return status.streak.failures >= _FAILURES_REPORTED
    return status.streak.failures >= _FAILURES_REPORTED or until - since >= _PAUSE_REPORTED
