"""Judges beat, workers and printer by the traces of their work in the data server. Pure; `now` is a parameter.

Each of them leaves a mark that changes while it works. A mark that has not changed for half a minute shows that it
does not. Only this process's clock counts, so clocks of other machines may differ.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

#: A process that reports no change for so long has stopped. A restart takes less.
STOPS_AFTER: Final = timedelta(seconds=30)
#: Checks that are further apart show nothing: this process may have slept, or its clock was set.
LOOKS_WITHIN: Final = timedelta(seconds=15)


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """The traces of the processes in the data server."""

    #: Differs after each report of a beat; "" where there is none.
    beat: str = ""
    #: The fetch task that is taken next; None where none waits.
    next_fetch: str | None = None
    fetches: int = 0
    #: The first event that is not on record; None where all are.
    next_event: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding about one kind of process."""

    subject: str
    title: str
    text: str
    #: None while that is not known.
    is_failing: bool | None


class VitalSigns:
    """The observations of the processes, check by check."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None
        self._seen: dict[str, tuple[str | None, datetime]] = {}

    def judge(self, signs: Signs, now: datetime) -> tuple[Finding, ...]:
        """Return the findings of this moment, compared with those of the checks before."""
        if self._looked_at is None or not timedelta(0) <= now - self._looked_at <= LOOKS_WITHIN:
            self._seen = {}
        self._looked_at = now
        tasks = f"{signs.fetches} fetch task{'' if signs.fetches == 1 else 's'}"
        return (
            Finding(
                subject="beat",
                title="Beat has stopped",
                text="No beat has reported for half a minute: no page is polled. Start it again; its log says more.",
                is_failing=self._has_stopped("beat", signs.beat, now),
            ),
            Finding(
                subject="workers",
                title="No worker takes tasks",
                text=f"{tasks} wait, and none was taken for half a minute. Start the workers; their log says more.",
                is_failing=self._has_stopped("workers", signs.next_fetch, now),
            ),
            Finding(
                subject="printer",
                title="The printer is behind",
                text="Updates wait, and none was recorded for half a minute. Start the printer; if its log says that "
                "the disk is full, make room. Nothing is lost meanwhile.",
                is_failing=self._has_stopped("printer", signs.next_event, now),
            ),
        )

    def _has_stopped(self, subject: str, sign: str | None, now: datetime) -> bool | None:
        """Tell whether a sign has not changed for too long; None where that is not known yet."""
        if sign is None:
            self._seen[subject] = (None, now)
            return False
        before = self._seen.get(subject)
        if before is None or before[0] != sign:
            self._seen[subject] = (sign, now)
            return None if before is None else False
        return True if now - before[1] >= STOPS_AFTER else None
