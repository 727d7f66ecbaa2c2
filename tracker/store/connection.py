"""The connection to the data server (Redis 7.2 or Valkey 8 and later), its keys, and the translation of its errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final

import redis
from redis.backoff import ExponentialBackoff
from redis.commands.core import Script
from redis.retry import Retry

from tracker.errors import StoreError

#: Every key of ours begins with this; Celery's own keys do not.
PREFIX: Final = "tracker:"
PROVIDERS: Final = f"{PREFIX}providers"
SCHEDULE: Final = f"{PREFIX}schedule"
DUE: Final = f"{PREFIX}due"
VERSION: Final = f"{PREFIX}providers:version"
UPDATES: Final = f"{PREFIX}updates"
CURSORS: Final = f"{PREFIX}cursors"
PAGE_PREFIX: Final = f"{PREFIX}page:"
SEEN_PREFIX: Final = f"{PREFIX}seen:"
LATENCY_PREFIX: Final = f"{PREFIX}latency:"
#: When each scheduler reported last, and of each what it said.
SCHEDULERS: Final = f"{PREFIX}schedulers"
SCHEDULER_PREFIX: Final = f"{PREFIX}scheduler:"
SINKS: Final = f"{PREFIX}sinks"
#: Of each sink: how it does, who delivers to it now, its dead letters, and those that were put back.
SINK_PREFIX: Final = f"{PREFIX}sink:"
LEASE_PREFIX: Final = f"{PREFIX}lease:"
DEAD_PREFIX: Final = f"{PREFIX}dead:"
AGAIN_PREFIX: Final = f"{PREFIX}again:"


def page_key(provider_id: str) -> str:
    """Return the key of the hash that holds what is remembered of a page."""
    return PAGE_PREFIX + provider_id


def seen_key(provider_id: str) -> str:
    """Return the key of the set of update ids that were seen on a page."""
    return SEEN_PREFIX + provider_id


def seen_before_key(provider_id: str) -> str:
    """Return the key of the set that `seen_key` was before it became too large."""
    return f"{SEEN_PREFIX}{provider_id}:before"


def latency_key(provider_id: str) -> str:
    """Return the key of the sorted set that holds how long a page's newest updates took."""
    return LATENCY_PREFIX + provider_id


def connect(url: str, max_connections: int | None = None) -> "redis.Redis":
    """Return a client that gives up in seconds and repeats only what is harmless to repeat.

    Every script of ours may run twice. redis-py's own defaults differ between `Redis()` (10 retries) and
    `from_url()` (none), hence all is set here. Nothing is sent before the first command.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=10,
        socket_connect_timeout=5,
        health_check_interval=15,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), 3),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
        max_connections=max_connections,
        client_name="status-page-tracker",
    )


def load_script(client: "redis.Redis", name: str) -> Script:
    """Return the Lua script of that name, ready to be called; it is sent by digest."""
    source = files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
    return client.register_script(source)


def moment(value: bytes | None) -> datetime | None:
    """Return what a field with seconds since the epoch says, None for an empty one."""
    return datetime.fromtimestamp(float(value), UTC) if value else None


@contextmanager
def translated() -> Iterator[None]:
    """Turn the client's errors into StoreError."""
    try:
        yield
    except redis.RedisError as error:
        kind = type(error).__name__
        raise StoreError(f"the data server does not answer as it should ({kind}: {error})") from error
