"""One drill that somebody began, and its result."""

from datetime import datetime

import msgspec


class DrillRun(msgspec.Struct, frozen=True, kw_only=True):
    """A drill: an invented incident that passes through every step, to the real channels."""

    id: str
    provider: str
    #: The only channel that it tries; None: those that routes name.
    channel: str | None
    began_at: datetime
    began_by: str
    ended_at: datetime | None = None
    #: The steps that succeeded so far.
    steps: tuple[str, ...] = ()
    #: The step that failed, and why; None while the drill runs and if all steps succeeded.
    failure: str | None = None

    @property
    def state(self) -> str:
        """Return `running`, `passed` or `failed`."""
        if self.ended_at is None:
            return "running"
        return "passed" if self.failure is None else "failed"
