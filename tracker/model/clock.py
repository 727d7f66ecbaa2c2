"""The clock: aware UTC."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The current time."""

    def __call__(self) -> datetime:
        """Return now, aware UTC."""
        ...


def utc_now() -> datetime:
    """Return now, aware UTC."""
    return datetime.now(UTC)
