"""The seams of the product: what the use cases need from the world, as small protocols.

Each adapter lives in the package that its protocol names: `fetch`, `store`, `sinks`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from tracker.errors import FetchError
from tracker.events import Event
from tracker.latency import Timing
from tracker.models import Component, Provider, Validators, Webhook
from tracker.savings import Tally
from tracker.state import LedgerEntry, PageState, PageView
from tracker.verdicts import Answer, Standing, Verdict


class FetchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One conditional request."""

    url: str
    validators: Validators = Validators()
    allow_private: bool = False
    #: Further header fields, for scheme, host and port of `url` alone: a redirect takes them nowhere else.
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Return all of it but the values of header fields, which are secrets."""
        return (
            f"FetchRequest(url={self.url!r}, validators={self.validators!r}, "
            f"allow_private={self.allow_private}, headers={sorted(self.headers)})"
        )


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with a body (status 200)."""

    #: Decoded (its content codings undone), capped.
    body: bytes
    #: Size of the body as it was sent: compressed, without chunk headers.
    received_bytes: int = 0
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


class Asked(msgspec.Struct, frozen=True):
    """A request that was made, and how it ended."""

    url: str
    ended: Fetched | NotModified | FetchError


class Fetcher(Protocol):
    """Makes one conditional GET."""

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer. Raises FetchError, and nothing else, for whatever the network or the page does."""
        ...


class QuickFetcher(Protocol):
    """Makes one conditional GET on an event loop, as far as that takes no more than a request and its answer."""

    async def fetch(self, request: FetchRequest) -> Fetched | NotModified | None:
        """Return the answer, None where a `Fetcher` has to ask. Raises FetchError, and nothing else."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """Return now, aware UTC."""
        ...


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A place among the pages of one host that are asked at the same time."""

    #: Name and, where it is not the usual one, port.
    host: str
    #: How many such places there are.
    limit: int


class HostBusy(msgspec.Struct, frozen=True, kw_only=True):
    """No turn for now: the page's host has no slot left. The page is due again when it is handed one."""

    slot: Slot
    #: How many pages wait for a slot of this host, this one among them.
    waiting: int
    #: For how long this one has, in seconds.
    waited_s: float
    #: Whether that is longer than its interval, and nobody was told of this host for some minutes.
    is_news: bool


class Remark(msgspec.Struct):
    """Where a poller keeps what it has worked out of a provider and a state, for the next turn that has the same."""

    kept: object = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """The right to poll one page now, and what is remembered of it."""

    provider: Provider
    state: PageState
    #: Counts the commits of this page; a commit on another revision is refused.
    revision: int
    #: Counts the turns of this page; a commit is refused once a later turn's was accepted.
    number: int
    #: When the turn was taken, before anything is asked.
    begun_at: datetime
    #: When the turn was taken of the last poll that read all of what the page said; None if there was none.
    read_at: datetime | None = None
    #: What it holds of its host until it is committed; None where any number of the host's pages may be asked.
    slot: Slot | None = None
    #: The same for each turn with this very provider and state; None where the store keeps neither.
    remark: Remark | None = None


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
    #: None: as it was.
    ledger: Mapping[str, Mapping[str, LedgerEntry]] | None = None
    news: tuple[News, ...] = ()
    #: Keys that count as seen without being told (first sight, filtered out).
    seen: tuple[str, ...] = ()
    #: None: as the scheduler set it.
    due_at: datetime | None = None
    checked_at: datetime
    #: When the poll's turn was taken, if it read all of what the page says. None: as it was.
    read_at: datetime | None = None
    #: What it adds to the page's counters; None: nothing.
    tally: Tally | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a page beyond its state, as far as one answer needs it."""

    view: PageView = PageView()
    #: What updates said: by incident id, then by update id (`tracker.ledger`).
    ledger: Mapping[str, Mapping[str, LedgerEntry]] = {}
    #: Those of the keys asked for that were seen.
    seen: frozenset[str] = frozenset()
    #: Those of the seen keys that will be forgotten unless a commit names them again.
    fading: frozenset[str] = frozenset()
    #: Updates published before this are old even if nothing is known of them any more. None: nothing was forgotten.
    horizon: datetime | None = None


class PageStore(Protocol):
    """Remembers pages between polls. Every method raises StoreError when the store is unwell."""

    def begin(self, provider_id: str, now: datetime) -> Turn | HostBusy | None:
        """Take the page's turn; None when it is unknown, being polled by another worker, or was polled just now."""
        ...

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        """Return the page's view and ledger, and which of the keys were seen."""
        ...

    def commit(self, turn: Turn, commit: Commit) -> int:
        """Write the commit and give the turn back; return how many events were new. Raises Conflict.

        The slot is given back by a commit that is refused, too.
        """
        ...


class GroupedPages(Protocol):
    """The same for an event loop: what is ready together is asked for, and written, with one call.

    Each page is judged by itself. Two turns that found a page unchanged mostly hold the very same provider and state.
    """

    async def begin(self, provider_id: str, now: datetime) -> Turn | HostBusy | None:
        """Take the page's turn, as `PageStore.begin` does."""
        ...

    async def commit(self, turn: Turn, commit: Commit) -> int:
        """Write the commit and give the turn back, as `PageStore.commit` does. Raises Conflict."""
        ...


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is on record of one page."""

    #: Keys of the updates that were told, and of their incidents (`tracker.changes`).
    keys: frozenset[str] = frozenset()
    #: By id, with the status that was told last.
    components: Mapping[str, Component] = {}


class StreamedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it stands in the stream."""

    #: Id of the stream entry, `<milliseconds>-<sequence>`, growing.
    stream_id: str
    event: Event
    #: When its line was written to the record; None before.
    logged_at: datetime | None = None


class EventStream(Protocol):
    """The outbox that commits write and outputs read. Every method raises StoreError."""

    def read(self, after: str, count: int) -> Sequence[StreamedEvent]:
        """Return up to `count` entries after that stream id, oldest first."""
        ...

    def cursor(self, sink: str) -> str | None:
        """Return the stream id up to which that sink has delivered, None for never."""
        ...

    def save_cursor(self, sink: str, stream_id: str) -> None:
        """Remember how far that sink has delivered."""
        ...

    def save_timings(self, sink: str, stream_id: str, timings: Mapping[str, Sequence[Timing]]) -> None:
        """Remember how far that sink has delivered, and how long updates took, by provider id, in one step."""
        ...

    def generation(self) -> str | None:
        """Return a name of what is held, another one after each loss of all of it; None while there are no pages."""
        ...

    def remind(self, told: Mapping[str, Told], known_until: datetime, now: datetime) -> bool:
        """Give pages that were never read what is on record of them, by provider id; False where there are no pages."""
        ...

    def redeliver(
        self, events: Mapping[str, Sequence[Event]], otherwise: Sequence[Event]
    ) -> Mapping[str, Sequence[Event]]:
        """Have each webhook delivered the events of its name, and those that are not named the other ones.

        Return what each of them is given.
        """
        ...

    def given_again(self, sinks: Collection[str]) -> Collection[str]:
        """Return those of the webhooks that have not settled all that they are given again."""
        ...

    def trim(self, before: str) -> Mapping[str, str]:
        """Drop entries older than that stream id, but none that a webhook still waits for unless they are too many.

        Return for each webhook the stream id up to which it has settled all.
        """
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

    def missing(self, events: Sequence[StreamedEvent]) -> Sequence[StreamedEvent]:
        """Return those of the events that are not on record, each once."""
        ...

    def whole_until(self) -> datetime | None:
        """Return up to when the record held all that was told, None for one that is new."""
        ...

    def is_whole(self, now: datetime) -> None:
        """Note that the record holds all that was told up to now."""
        ...

    def newest(self, is_wanted: Callable[[StreamedEvent], bool]) -> Sequence[Event]:
        """Return the last events on record, oldest first, back to the first one that is not wanted."""
        ...

    def told(self) -> Mapping[str, Told]:
        """Return what was told of each page, by provider id, and know all of that from now on."""
        ...


class PostRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    allow_private: bool = False


class Poster(Protocol):
    """Makes one POST; follows no redirect."""

    def post(self, request: PostRequest) -> Answer:
        """Return the answer, whatever its status. Raises FetchError when none came."""
        ...


class Sender(Protocol):
    """Gives one event to the receiver behind a webhook."""

    def send(self, webhook: Webhook, event: Event) -> Answer:
        """Return what the receiver answered. Raises FetchError, and ConfigError when a variable is missing."""
        ...


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one webhook."""

    stream_id: str
    #: None when the stream was too long and dropped it.
    event: Event | None
    queued_at: datetime
    #: Whether it was a dead letter that somebody put back.
    put_back: bool = False


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """The right to deliver to one webhook now, and how its receiver has done."""

    webhook: Webhook
    standing: Standing
    #: Who has the right; another owner may take it over when it was not used for a while.
    owner: str


class Outbox(Protocol):
    """What waits for each webhook. Every method raises StoreError."""

    def begin(self, sink: str, now: datetime) -> Round | None:
        """Take the right to deliver; None for an unknown sink, one that another has, or one that is to wait."""
        ...

    def take(self, turn: Round, count: int) -> Sequence[Parcel]:
        """Return up to `count` events that wait, oldest first; the same ones again until they are settled."""
        ...

    def pass_over(self, turn: Round, parcels: Collection[Parcel]) -> None:
        """Acknowledge events that are not delivered."""
        ...

    def settle(self, turn: Round, parcel: Parcel, verdict: Verdict, now: datetime) -> None:
        """Write down what became of one event and keep the right. Raises Conflict when another has taken it over."""
        ...

    def end(self, turn: Round) -> None:
        """Give the right back."""
        ...
