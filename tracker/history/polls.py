"""Counts the polls that read each page on each day, from counters of the data server that only grow."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from tracker.history.database import Database
from tracker.history.rows import storable, to_us
from tracker.polling.poll_cost import FAILED, Savings

_COUNTER: Final = (
    "INSERT INTO poll_counters (provider, counted_since_us, polls_read, polls_failed)"
    " VALUES (:provider, :counted_since_us, :polls_read, :polls_failed) ON CONFLICT (provider) DO UPDATE SET"
    " counted_since_us = excluded.counted_since_us, polls_read = excluded.polls_read,"
    " polls_failed = excluded.polls_failed"
)
_DAY: Final = (
    "INSERT INTO polls (provider, day, polls_read, polls_failed) VALUES (:provider, :day, :read, :failed)"
    " ON CONFLICT (provider, day) DO UPDATE SET polls_read = polls.polls_read + excluded.polls_read,"
    " polls_failed = polls.polls_failed + excluded.polls_failed"
)


def count_polls(database: Database, counters: Mapping[str, Savings], now: datetime) -> None:
    """Add the growth of the counters, by provider id, to the present day. Raises HistoryError.

    Polls since the last call count for the day of this call; counters that started over count as they are.
    """
    day = f"{now.astimezone(UTC):%Y-%m-%d}"
    with database.writing() as session:
        known = {row["provider"]: row for row in session.rows("SELECT * FROM poll_counters")}
        days, kept = [], []
        for provider, counted in counters.items():
            if counted.since is None:
                continue
            failed = counted.endings.get(FAILED, 0)
            read, since_us = counted.polls - failed, to_us(counted.since)
            before = known.get(storable(provider))
            goes_on = (
                before is not None
                and before["counted_since_us"] == since_us
                and before["polls_read"] <= read
                and before["polls_failed"] <= failed
            )
            grown = (read - before["polls_read"], failed - before["polls_failed"]) if before and goes_on else None
            if grown is None:
                # Polls of earlier days are not counted for today.
                grown = (read, failed) if f"{counted.since.astimezone(UTC):%Y-%m-%d}" == day else (0, 0)
            if any(grown):
                days.append({"provider": storable(provider), "day": day, "read": grown[0], "failed": grown[1]})
            kept.append(
                {
                    "provider": storable(provider),
                    "counted_since_us": since_us,
                    "polls_read": read,
                    "polls_failed": failed,
                }
            )
        session.execute_many(_DAY, days)
        session.execute_many(_COUNTER, kept)
