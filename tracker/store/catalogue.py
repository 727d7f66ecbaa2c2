"""The catalogue of providers in the data server, with the states of pages and the due times."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import msgspec
import redis

from tracker.catalogue import with_known_ids
from tracker.delivery.event_stream import Watched
from tracker.model.provider import Provider
from tracker.store.alert_settings import CONFIG_FIELD
from tracker.store.codec import decode_provider
from tracker.store.connection import (
    ALERTING,
    DUE,
    GENERATION,
    OWNER_PREFIX,
    PROVIDERS,
    SCHEDULE,
    SINKS,
    VERSION,
    load_script,
    translated,
)
from tracker.store.due_queue import RedisDueQueue
from tracker.store.ownership import FILE, Fence, Holder, Unowned, holder, require_catalogue, token_of
from tracker.store.page_reports import RedisPageReports
from tracker.store.pages import PageStatus
from tracker.store.scripts.catalogue import SyncArguments, SyncKeys
from tracker.store.sync import SYNC_STEP, Synced, entries_of, steps, total

#: Pages that are restored on an emptied data server are polled after this long, at the latest. The printer reads the
#: stream every two seconds, marks the updates on record as seen (`tracker.delivery.recorder`) and makes pages due.
ASKED_AFTER: Final = timedelta(seconds=30)


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue in the data server, in numbers."""

    #: Differs once the data server was emptied and filled again; None while it holds no catalogue.
    generation: bytes | None
    #: Grows with every change of providers or sinks.
    version: int
    providers: int
    scheduled: int
    due: int
    sinks: int
    #: Whether it holds the configuration of channels and routes.
    has_alerting: bool
    #: The owner of the catalogue's lease, '' for none, and the fencing token of that lease.
    owner: str
    token: str

    @property
    def is_whole(self) -> bool:
        """Return whether all providers have a schedule and a due time."""
        return min(self.scheduled, self.due) >= self.providers


class RedisCatalogue(RedisPageReports, RedisDueQueue):
    """The providers; schedulers and workers see a change with their next call.

    Code that only reads pages, or only claims due ones, uses one of the two base classes. With a fence, nothing is
    written once another tracker has the catalogue: those calls raise Conflict.
    """

    def __init__(self, client: "redis.Redis", fence: Fence | None = None) -> None:
        RedisPageReports.__init__(self, client)
        RedisDueQueue.__init__(self, client)
        self._client = client
        self._fence = fence
        self._sync = load_script(client, "sync")

    def put(self, providers: Iterable[Provider], now: datetime, *, replacing: str = "") -> Synced:
        """Add or change providers; with `replacing`, remove those of that origin that are not among them.

        A provider of that origin that only got another name keeps its id, and with it the state of its page. Each step
        is all or nothing, of 500 providers at most; the next sync completes one that was cut off between two steps.
        """
        named = list(providers)
        given = self._with_known_ids(named, replacing) if replacing else named
        done = [self._run_sync(entries=entries_of(step, len(given), now)) for step in [*steps(given)] or [()]]
        if replacing:
            absent = self._absent(given, replacing)
            done += [self._run_sync(step, replacing) for step in steps(absent)]
        kept = ((after.name, after.id) for before, after in zip(named, given, strict=True) if after.id != before.id)
        return msgspec.structs.replace(total(done), kept_ids=tuple(kept))

    def would_remove(self, providers: Sequence[Provider], origin: str) -> Sequence[str]:
        """Return the ids that `put` would remove with these providers of that origin. Raises StoreError."""
        return self._absent(self._with_known_ids(providers, origin), origin)

    def owner(self) -> Holder | None:
        """Return the tracker that keeps the providers of its file here, None for none. Raises StoreError."""
        return holder(self._client, FILE)

    def restore(
        self,
        providers: Sequence[Provider],
        now: datetime,
        *,
        was_emptied: bool,
        watched: Watched | None = None,
        fence: Fence | None = None,
    ) -> Synced:
        """Restore missing providers, and missing parts of others, under that fence or that of the catalogue.

        After the loss of all data, pages are not polled until the printer has restored their states from the record; a
        printer without a record counts from the time `watched`.
        """
        waiting = ASKED_AFTER if was_emptied else timedelta()
        entries = (entries_of(step, len(providers), now) for step in steps(providers))
        return total([self._run_sync(entries=step, waiting=waiting, watched=watched, fence=fence) for step in entries])

    def remove(self, provider_ids: Sequence[str]) -> int:
        """Remove providers and all that is remembered of their pages; return how many there were."""
        return total([self._run_sync(step) for step in steps(provider_ids)]).removed

    def providers(self) -> tuple[Provider, ...]:
        """Return the catalogue, sorted by name."""
        with translated():
            entries: Any = self._client.hvals(PROVIDERS)
        return tuple(sorted(map(decode_provider, entries), key=lambda provider: provider.name.casefold()))

    def provider(self, provider_id: str) -> Provider | None:
        """Return one entry of the catalogue, None where there is none. Raises StoreError."""
        with translated():
            entry: Any = self._client.hget(PROVIDERS, provider_id)
        return decode_provider(entry) if entry else None

    def entries(self) -> tuple[bytes, ...]:
        """Return the stored entries of the catalogue, read in portions; `decode_provider` reads an entry."""
        with translated():
            # A scan may give an entry twice.
            return tuple(dict(self._client.hscan_iter(PROVIDERS, count=SYNC_STEP)).values())

    def holdings(self) -> Holdings:
        """Return the numbers of the catalogue, with one call. Raises StoreError."""
        # Numbers of one moment: a provider that is just being removed is not one that lost its due time.
        with translated(), self._client.pipeline(transaction=True) as pipe:
            pipe.mget(GENERATION, VERSION)
            pipe.hlen(PROVIDERS)
            pipe.hlen(SCHEDULE)
            pipe.hexists(SCHEDULE, "")  # this field holds the time of the last claim
            pipe.zcard(DUE)
            pipe.hlen(SINKS)
            pipe.hexists(ALERTING, CONFIG_FIELD)
            pipe.hmget(f"{OWNER_PREFIX}{FILE}", "owner", "token")
            (generation, version), providers, scheduled, has_claim, due, sinks, alerting, lease = pipe.execute()
        owner, token = lease
        return Holdings(
            generation=generation,
            version=_count(version),
            providers=providers,
            scheduled=scheduled - has_claim,
            due=due,
            sinks=sinks,
            has_alerting=bool(alerting),
            owner=(owner or b"").decode(),
            token=(token or Unowned.token.encode()).decode(),
        )

    def version(self) -> bytes:
        """Return a value that every change of the catalogue changes."""
        with translated():
            version: Any = self._client.get(VERSION)
        return version or b""

    def statuses(self) -> tuple[PageStatus, ...]:
        """Return the status of every page, sorted by provider name."""
        return tuple(self.statuses_of(self.providers()))

    def ping(self) -> None:
        """Check that the data server answers. Raises StoreError."""
        with translated():
            self._client.ping()

    def clock(self) -> datetime:
        """Return the time of the data server. Raises StoreError."""
        with translated():
            seconds, microseconds = self._client.time()
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)

    def _with_known_ids(self, given: Sequence[Provider], origin: str) -> Sequence[Provider]:
        entries = list(self._entries())
        known = [provider for provider in entries if provider.origin == origin]
        return with_known_ids(given, known, {provider.id for provider in entries if provider.origin != origin})

    def _absent(self, given: Sequence[Provider], origin: str) -> Sequence[str]:
        return sorted(self._ids_of(origin) - {provider.id for provider in given})

    def _ids_of(self, origin: str) -> set[str]:
        """Return the ids of the providers of an origin."""
        return {provider.id for provider in self._entries() if provider.origin == origin}

    def _entries(self) -> Iterator[Provider]:
        """Yield the catalogue, read in portions."""
        with translated():
            for _, entry in self._client.hscan_iter(PROVIDERS, count=SYNC_STEP):
                yield decode_provider(entry)

    def _run_sync(
        self,
        taken_out: Sequence[str] = (),
        origin: str = "",
        entries: Sequence[str | bytes] = (),
        *,
        waiting: timedelta | None = None,
        watched: Watched | None = None,
        fence: Fence | None = None,
    ) -> Synced:
        """Write entries (with `waiting`, only missing ones), and remove ids if they have that origin ('' for any)."""
        arguments = SyncArguments(
            new_generation=uuid4().hex,
            waiting_s="" if waiting is None else waiting.total_seconds(),
            watched_since_s="" if watched is None else watched.since.timestamp(),
            watched_until_s="" if watched is None else watched.until.timestamp(),
            token=token_of(fence or self._fence),
            removed_count=len(taken_out),
            removed_origin=origin,
        )
        with translated():
            answer = self._sync(keys=SyncKeys().values, args=(*arguments.values, *taken_out, *entries))
        require_catalogue(bool(answer))
        added, changed, removed, mended = answer
        return Synced(added=added, changed=changed, removed=removed, mended=mended)


def _count(value: bytes | None) -> int:
    return int(value or 0)
