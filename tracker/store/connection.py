"""The connection to the data server (Redis 7.2 or Valkey 8 and later), its keys, and the translation of its errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final, overload

import redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import Sentinel as AsyncSentinel
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.commands.core import AsyncScript, Script
from redis.retry import Retry
from redis.sentinel import Sentinel

from tracker.environment.namespace import key_prefix
from tracker.environment.sentinel import SCHEME as SENTINEL
from tracker.environment.sentinel import SentinelAddress
from tracker.errors import StoreError

#: The prefix of every key, Celery's included: a process belongs to one tracker as long as it lives.
NAMESPACE: Final = key_prefix(os.environ)
#: Every key of the tracker begins with this; Celery's own keys do not.
PREFIX: Final = f"{NAMESPACE}tracker:"
PROVIDERS: Final = f"{PREFIX}providers"
SCHEDULE: Final = f"{PREFIX}schedule"
DUE: Final = f"{PREFIX}due"
VERSION: Final = f"{PREFIX}providers:version"
#: A name given when the catalogue is first written; another name means that the data server was emptied.
GENERATION: Final = f"{PREFIX}generation"
#: Of all polls: when one was committed last (`at`), and how often one changed the state of a page (`changes`).
POLLS: Final = f"{PREFIX}polls"
UPDATES: Final = f"{PREFIX}updates"
CURSORS: Final = f"{PREFIX}cursors"
#: The leases of the record and of each source of providers.
OWNER_PREFIX: Final = f"{PREFIX}owner:"
PAGE_PREFIX: Final = f"{PREFIX}page:"
SEEN_PREFIX: Final = f"{PREFIX}seen:"
LATENCY_PREFIX: Final = f"{PREFIX}latency:"
#: Of each host whose pages are counted: those that are polled now, those that wait, and a mark that this was logged.
SLOTS_PREFIX: Final = f"{PREFIX}slots:"
WAITING_PREFIX: Final = f"{PREFIX}waiting:"
CROWDED_PREFIX: Final = f"{PREFIX}crowded:"
#: When each scheduler reported last, and the report of each.
SCHEDULERS: Final = f"{PREFIX}schedulers"
SCHEDULER_PREFIX: Final = f"{PREFIX}scheduler:"
SINKS: Final = f"{PREFIX}sinks"
#: Of each sink: its state, its delivery lease, its dead letters, and redriven ones.
SINK_PREFIX: Final = f"{PREFIX}sink:"
LEASE_PREFIX: Final = f"{PREFIX}lease:"
DEAD_PREFIX: Final = f"{PREFIX}dead:"
AGAIN_PREFIX: Final = f"{PREFIX}again:"
#: The audit stream, and the marks of pages that were pushed recently.
AUDIT: Final = f"{PREFIX}audit"
PUSHED_PREFIX: Final = f"{PREFIX}pushed:"
#: Of alerts: their configuration with the silences, when each is evaluated again, all of them by when they opened, and
#: those that opened recently, by cause.
ALERTING: Final = f"{PREFIX}alerting"
ALERTS_DUE: Final = f"{PREFIX}alerts:due"
ALERTS_INDEX: Final = f"{PREFIX}alerts:index"
ALERTS_STORMS: Final = f"{PREFIX}alerts:storms"
#: Open ones by when they opened, with the facts that lists and counts show; ended ones by when they ended.
ALERTS_OPEN: Final = f"{PREFIX}alerts:open"
ALERTS_FACTS: Final = f"{PREFIX}alerts:facts"
ALERTS_OVER: Final = f"{PREFIX}alerts:over"
#: Alerts and rows that changed since the journal was written, by the number of their change, and the newest number.
ALERTS_UNWRITTEN: Final = f"{PREFIX}alerts:unwritten"
ALERTS_CHANGES: Final = f"{PREFIX}alerts:changes"
#: While this key exists, decisions wait: the data server was empty, and the journal may bring open alerts back.
ALERTS_AWAITED: Final = f"{PREFIX}alerts:awaited"
ALERTS_LEASE: Final = f"{PREFIX}alerts:lease"
#: The drills that the page or the interface began, the newest first.
DRILL_RUNS: Final = f"{PREFIX}drill-runs"
#: Of each provider: its alerts.
ALERTS_PREFIX: Final = f"{PREFIX}alerts:of:"
#: Of each channel: its state, its lease, the row of each alert, the alerts that have more to send, and those with a
#: dead letter, by when they were given up.
CHANNEL_PREFIX: Final = f"{PREFIX}channel:"
CHANNEL_LEASE_PREFIX: Final = f"{PREFIX}channel-lease:"
CHANNEL_ROWS_PREFIX: Final = f"{PREFIX}channel-rows:"
CHANNEL_READY_PREFIX: Final = f"{PREFIX}channel-ready:"
CHANNEL_DEAD_PREFIX: Final = f"{PREFIX}channel-dead:"
#: When the last drill of each channel succeeded.
DRILLS: Final = f"{PREFIX}drills"
#: The consumer group of alerts in the event stream; no sink can have this name.
ALERTS_GROUP: Final = ":alerts"

#: Of connections to sentinels, for redis-py and kombu. A sentinel that is silent costs two seconds and one that is gone
#: nothing, then the next one is tried; by default redis-py would try the same one ten times with growing pauses.
SENTINEL_OPTIONS: Final = {"socket_timeout": 2, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 0)}


def page_key(provider_id: str) -> str:
    """Return the key of the hash of a page: its state, view, lease and counters."""
    return PAGE_PREFIX + provider_id


def seen_key(provider_id: str) -> str:
    """Return the key of the set of update ids that were seen on a page."""
    return SEEN_PREFIX + provider_id


def seen_before_key(provider_id: str) -> str:
    """Return the key of the set that `seen_key` was before it became too large."""
    return f"{SEEN_PREFIX}{provider_id}:before"


def latency_key(provider_id: str) -> str:
    """Return the key of the sorted set that holds the timings of a page's newest updates."""
    return LATENCY_PREFIX + provider_id


def connect(
    url: str, max_connections: int | None = None, *, answer_s: float = 10.0, tries: int = 3, **more: Any
) -> "redis.Redis":
    """Return a client that gives up in seconds and repeats only commands that are harmless to repeat.

    It waits `answer_s` for an answer and at most five seconds for a connection, and tries `tries` times more.
    Every script of the tracker may run twice. redis-py's own defaults differ between `Redis()` (10 retries) and
    `from_url()` (none), so all options are set here. Nothing is sent before the first command.
    """
    options = _options(max_connections, answer_s, Retry(ExponentialBackoff(cap=1, base=0.05), tries)) | more
    if url.startswith(SENTINEL):
        address = SentinelAddress.parse(url)
        # redis-py annotates neither call.
        asked = Sentinel(address.hosts, sentinel_kwargs=SENTINEL_OPTIONS)  # type: ignore[no-untyped-call]
        primary: redis.Redis = asked.master_for(address.master, **_of_primary(address), **options)  # type: ignore[no-untyped-call]
        return primary
    return redis.Redis.from_url(url, **options)


def connect_async(
    url: str, max_connections: int | None = None, *, answer_s: float = 10.0, tries: int = 3, **more: Any
) -> "AsyncRedis":
    """Return the same client for the event loop that sends the first command."""
    options = _options(max_connections, answer_s, AsyncRetry(ExponentialBackoff(cap=1, base=0.05), tries)) | more
    if url.startswith(SENTINEL):
        address = SentinelAddress.parse(url)
        of_sentinels = SENTINEL_OPTIONS | {"retry": AsyncRetry(NoBackoff(), 0)}
        asked = AsyncSentinel(address.hosts, sentinel_kwargs=of_sentinels)  # type: ignore[no-untyped-call]
        primary: AsyncRedis = asked.master_for(address.master, **_of_primary(address), **options)
        return primary
    return AsyncRedis.from_url(url, **options)


async def close_async(client: "AsyncRedis") -> None:
    """Close all connections of a client of `connect_async`, those to sentinels included."""
    await client.aclose()
    pool = client.connection_pool
    if isinstance(pool, SentinelConnectionPool):
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def _options(max_connections: int | None, answer_s: float, retry: Retry | AsyncRetry) -> dict[str, Any]:
    return {
        "socket_timeout": answer_s,
        "socket_connect_timeout": min(5.0, answer_s),
        "health_check_interval": 15,
        "retry": retry,
        "retry_on_error": [redis.ConnectionError, redis.TimeoutError],
        "max_connections": max_connections,
        "client_name": "status-page-tracker",
    }


def _of_primary(address: SentinelAddress) -> dict[str, Any]:
    """Return the options for the primary, whose address the sentinels give for each connection."""
    return {
        "db": address.database,
        "username": address.username or None,
        "password": address.password or None,
    }


@overload
def load_script(client: "redis.Redis", *names: str) -> Script: ...


@overload
def load_script(client: "AsyncRedis", *names: str) -> AsyncScript: ...


def load_script(client: "redis.Redis | AsyncRedis", *names: str) -> Script | AsyncScript:
    """Return the Lua script of these files, ready to be called; it is sent by digest."""
    return client.register_script(script_text(*names))


@cache
def script_text(*names: str) -> str:
    """Return the text of the script: these files, one after the other."""
    folder = files(__package__) / "lua"
    return "".join(folder.joinpath(f"{name}.lua").read_text(encoding="utf-8") for name in names)


def moment(value: bytes | None) -> datetime | None:
    """Return the moment in a field of seconds since the epoch, None for an empty one."""
    return datetime.fromtimestamp(float(value), UTC) if value else None


def words_of(error: Exception) -> str:
    """Return the reason that the client gives, in the system's words where the system gave it."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, redis.ConnectionError) and isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    # redis-py appends the representation of its objects to the reason.
    return str(error).partition(" : <redis.")[0]


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into StoreError."""
    try:
        yield
    except redis.RedisError as error:
        kind = type(error).__name__
        raise StoreError(f"the data server does not answer as it should ({kind}: {words_of(error)})") from error
