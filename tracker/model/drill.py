"""One drill that somebody began, and what became of it."""

from datetime import datetime

import msgspec


class DrillRun(msgspec.Struct, frozen=True, kw_only=True):
    """A drill: a made incident through all of it, to the real channels."""

    id: str
    provider: str
    #: The one channel that it is for; None: those that routes name.
    channel: str | None
    began_at: datetime
    began_by: str
    ended_at: datetime | None = None
    #: The steps that succeeded so far.
    steps: tuple[str, ...] = ()
    #: The part that broke, and how; None while it runs and where all succeeded.
    failure: str | None = None

    @property
    def state(self) -> str:
        """Return `running`, `passed` or `failed`."""
        if self.ended_at is None:
            return "running"
        return "passed" if self.failure is None else "failed"
