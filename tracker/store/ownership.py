"""Exclusive ownership of the record, or of a source of providers: a lease with a fencing token.

Two trackers on one data server would remove each other's pages and share one place in the event stream. The lease lets
one of them work. A file keeps the owner's id, so that a restarted tracker goes on at once; any other one waits until
the lease has ended.
"""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import uuid4

import msgspec
import redis

from tracker.errors import ConfigError, Conflict, OwnedElsewhere
from tracker.store.connection import OWNER_PREFIX, load_script, translated
from tracker.store.scripts.stream import DisownArguments, OwnArguments, OwnKeys

#: An owner that renews no longer is taken for dead after this. Renewals are some seconds apart, on a slow data server
#: up to 20.
LEASE_S: Final = 60.0
#: The names of leases: the record, and the providers of files.
RECORD: Final = "record"
FILE: Final = "catalogue:file"
_NONE: Final = "0"
_LONGEST_ID: Final = 64


class Fence(Protocol):
    """A lease that guards writes: they are refused once another tracker has it."""

    @property
    def token(self) -> str:
        """Return the fencing token that scripts compare, '0' for a lease without an owner."""
        ...


class Unowned:
    """The fence of a caller that found the lease without an owner."""

    token: str = _NONE


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The tracker that has a lease."""

    token: str
    host: str
    since: datetime
    #: The path of the file of providers, or of the record.
    source: str
    #: Seconds until its lease ends, unless it renews the lease.
    left_s: float

    def __str__(self) -> str:
        return f"{self.source} on {self.host}, since {self.since:%Y-%m-%d %H:%M:%SZ}"


class Ownership:
    """One lease that one process takes, renews and gives back."""

    def __init__(self, client: "redis.Redis", thing: str, owner: str, source: str) -> None:
        self._keys = OwnKeys(owned_key=f"{OWNER_PREFIX}{thing}").values
        self._own = load_script(client, "own")
        self._disown = load_script(client, "disown")
        self._owner = owner
        self._session = uuid4().hex
        self._source = source
        self._token = _NONE

    @property
    def token(self) -> str:
        """Return the fencing token that scripts compare, '0' before the lease was taken."""
        return self._token

    def hold(self, now: datetime) -> bool:
        """Take the lease or renew it; return whether it is a new one. Raises OwnedElsewhere, StoreError.

        A new lease means that the last one had ended, and that another tracker may have had one since.
        """
        arguments = OwnArguments(
            owner=self._owner,
            session=self._session,
            token=self._token,
            lease_ms=int(LEASE_S * 1000),
            now_s=now.timestamp(),
            host=platform.node(),
            source=self._source,
        )
        with translated():
            answer: Any = self._own(keys=self._keys, args=arguments.values)
        token: str = answer[0].decode()
        if token == _NONE:
            raise OwnedElsewhere(str(_holder(answer)))
        before, self._token = self._token, token
        return token != before

    def release(self) -> None:
        """Give the lease back. Raises StoreError."""
        if self._token != _NONE:
            with translated():
                self._disown(keys=self._keys, args=DisownArguments(token=self._token).values)
            self._token = _NONE


def is_ours(held: Holder, source: str) -> bool:
    """Return whether a lease was taken on this machine and for that source."""
    return held.host == platform.node() and held.source == source


def holder(client: "redis.Redis", thing: str) -> Holder | None:
    """Return the present holder of a lease, None for none. Raises StoreError."""
    key = f"{OWNER_PREFIX}{thing}"
    with translated(), client.pipeline(transaction=True) as pipe:
        pipe.hmget(key, "token", "host", "since", "source")
        pipe.pttl(key)
        (token, host, since, source), left_ms = pipe.execute()
    return None if host is None else _holder((token, host, since, source, left_ms))


def token_of(fence: Fence | None) -> str:
    """Return the token that scripts compare with the lease's, '' for no comparison."""
    return "" if fence is None else fence.token


def require_catalogue(is_held: bool) -> None:
    """Raise Conflict where a script refused to write because another tracker has the lease of the catalogue."""
    if not is_held:
        raise Conflict("another tracker has taken over the catalogue; nothing more was changed")


def kept_id(path: Path) -> str:
    """Return the id that a file keeps; the first call makes it. Raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            known = path.read_text(encoding="ascii").strip()
            if known and len(known) <= _LONGEST_ID:
                return known
            descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
        made = uuid4().hex
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(f"{made}\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it holds no id"
        raise ConfigError(f"cannot keep the owner's id in {path}: {reason}; make room there, or remove it") from error
    return made


def _holder(answer: Any) -> Holder:
    token, host, since, source, left_ms = answer
    return Holder(
        token=token.decode(),
        host=host.decode(errors="replace"),
        since=datetime.fromtimestamp(float(since), UTC),
        source=source.decode(errors="replace"),
        left_s=max(0.0, left_ms / 1000),
    )
