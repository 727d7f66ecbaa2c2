"""The seams of the product: what the use cases need from the world, as small protocols.

Each adapter lives in the package that its protocol names: `fetch`, `store`, `sinks`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tracker.events import Event
from tracker.models import Provider, Validators
from tracker.state import PageState, PageView


class FetchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One conditional request."""

    url: str
    validators: Validators = Validators()
    allow_private: bool = False


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with a body (status 200)."""

    #: Decoded (gzip undone), capped.
    body: bytes
    #: The URL that answered, after redirects.
    url: str
    content_type: str | None = None
    validators: Validators = Validators()
    #: How long the server calls this answer fresh, in seconds (Cache-Control max-age less Age).
    fresh_for_s: float | None = None


class NotModified(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that says: nothing new (status 304)."""

    url: str
    validators: Validators = Validators()
    fresh_for_s: float | None = None


class Fetcher(Protocol):
    """Makes one conditional GET."""

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer. Raises FetchError, and nothing else, for whatever the network or the page does."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return now, aware UTC."""
        ...


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """The right to poll one page now, and what is remembered of it."""

    provider: Provider
    state: PageState
    #: Counts the commits of this page; a commit on another revision is refused.
    revision: int
    #: Counts the turns of this page; a commit is refused once a later turn's was accepted.
    number: int


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way into the stream."""

    event: Event
    #: Member of the provider's seen-set that lets the event pass once; None where the revision alone guards it.
    key: str | None = None


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """All that one poll changes, written in one step or not at all."""

    #: None: as it was.
    state: PageState | None = None
    #: None: as it was.
    view: PageView | None = None
    news: tuple[News, ...] = ()
    #: Keys that count as seen without being told (first sight, filtered out).
    seen: tuple[str, ...] = ()
    #: None: as the scheduler set it.
    due_at: datetime | None = None
    checked_at: datetime


class PageStore(Protocol):
    """Remembers pages between polls. Every method raises StoreError when the store is unwell."""

    def begin(self, provider_id: str, now: datetime) -> Turn | None:
        """Take the page's turn; None when it is unknown, being polled by another worker, or was polled just now."""
        ...

    def recall(self, provider_id: str, keys: Collection[str]) -> tuple[PageView, frozenset[str]]:
        """Return the page's view and which of the keys are in its seen-set."""
        ...

    def commit(self, turn: Turn, commit: Commit) -> int:
        """Write the commit and give the turn back; return how many events were new. Raises Conflict."""
        ...


class StreamedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it stands in the stream."""

    #: Id of the stream entry, `<milliseconds>-<sequence>`, growing.
    stream_id: str
    event: Event


class EventStream(Protocol):
    """The outbox that commits write and outputs read. Every method raises StoreError."""

    def read(self, after: str, count: int) -> Sequence[StreamedEvent]:
        """Return up to `count` entries after that stream id, oldest first."""
        ...

    def last_id(self) -> str:
        """Return the newest stream id ever given, `0-0` for none."""
        ...

    def cursor(self, sink: str) -> str | None:
        """Return the stream id up to which that sink has delivered, None for never."""
        ...

    def save_cursor(self, sink: str, stream_id: str) -> None:
        """Remember how far that sink has delivered."""
        ...

    def trim(self, before: str) -> None:
        """Drop entries older than that stream id, which every sink has delivered."""
        ...


class Sink(Protocol):
    """An output for events. One file in `tracker.sinks` each."""

    def deliver(self, events: Sequence[StreamedEvent]) -> None:
        """Put the events out in this order. Raises SinkError when they were not accepted."""
        ...


class Record(Sink, Protocol):
    """A sink that is itself the proof of what was delivered."""

    def last_stream_id(self) -> str | None:
        """Return the stream id of the last event on record, None for an empty record."""
        ...
