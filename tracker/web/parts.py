"""The parts that all routes share, built once by the composition root."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from tracker.alerting.desk import Desk
from tracker.alerting.links import Links
from tracker.environment.web import WebSettings
from tracker.history import History
from tracker.model.clock import Clock
from tracker.model.provider import Provider
from tracker.store.board import Act
from tracker.web.attempts import Attempts
from tracker.web.attention import Attention
from tracker.web.drills import Drills
from tracker.web.live import Live
from tracker.web.now import NowBoard


class ActStore(Protocol):
    """The acts for the scope `act`. Every method raises StoreError."""

    def push(self, provider_id: str, now: datetime, pause: timedelta) -> bool:
        """Have a page polled at once, or when `pause` has passed since the last push; return whether it exists."""
        ...

    def add(self, provider: Provider, now: datetime) -> None:
        """Watch one more page. Raises ConfigError if its id is taken."""
        ...

    def remove(self, provider_id: str) -> bool:
        """Stop watching a page; return whether there was one of that id."""
        ...

    def beats(self, now: datetime) -> int:
        """Return the number of schedulers that have reported within the last minute."""
        ...

    def note(self, act: Act) -> None:
        """Write down an act with its author."""
        ...

    def acts(self, count: int) -> tuple[Act, ...]:
        """Return the last acts, the newest first."""
        ...

    def ping(self) -> None:
        """Check that the data server answers."""
        ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of the app."""

    settings: WebSettings
    #: The address that is listened on, without the port.
    bound: str
    clock: Clock
    board: NowBoard
    history: History
    acts: ActStore
    #: Alerts at the hands of people; drills; None: no links are made for messages, and none are taken.
    desk: Desk
    drills: Drills
    links: Links | None = None
    live: Live = field(default_factory=Live)
    attention: Attention = field(default_factory=Attention)
    attempts: Attempts = field(default_factory=Attempts)
