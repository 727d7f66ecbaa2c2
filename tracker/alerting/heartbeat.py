"""A sign of life for a watchdog elsewhere: it alerts when none comes, because then nothing here can."""

import logging
from datetime import datetime, timedelta
from typing import Final

from tracker.alerting.caller import Call, Caller
from tracker.errors import FetchError, HttpStatusError

log = logging.getLogger(__name__)

#: The interval of signs of life.
EVERY: Final = timedelta(minutes=1)
_GOOD: Final = range(200, 400)


class Heartbeat:
    """Requests one address. One thread."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._call = Call(method="GET", url=url, allow_private=True, secrets=(url,))
        self._caller = caller
        self._given_at: datetime | None = None
        self._is_failing = False

    def give(self, now: datetime) -> bool:
        """Give a sign of life if one is due; return whether the watchdog took it. A failure is logged once."""
        if self._given_at is not None and timedelta(0) <= now - self._given_at < EVERY:
            return False
        self._given_at = now
        try:
            reply = self._caller.call(self._call)
            if reply.status not in _GOOD:
                raise HttpStatusError(f"answered {reply.status}", None, reply.status)
        except FetchError as error:
            if not self._is_failing:
                log.warning("the watchdog of TRACKER_HEARTBEAT_URL takes no sign of life: %s", error)
            self._is_failing = True
            return False
        if self._is_failing:
            log.warning("the watchdog of TRACKER_HEARTBEAT_URL takes signs of life again")
        self._is_failing = False
        return True
