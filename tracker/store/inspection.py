"""Inspects a data server before anything relies on it: whether it answers, has all commands, and keeps its data.

The commands are queued in a transaction that is given up: the server judges existence, rights, keys and room of each
when it queues it, and runs none. Each finding is one sentence without the password.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import redis
from redis import exceptions

from tracker.environment.data_server import masked_url
from tracker.errors import ServerUnfit
from tracker.store.connection import connect
from tracker.store.needs import COMMANDS, LEAST_VERSION, TRANSACTION, named
from tracker.store.sentences import LEAST, NOT_NOW, REPLICA, explained, one_line

#: How long a connection and each answer may take.
ANSWER_S: Final = 3.0
#: How long a server may take to load its data before it counts as away.
LOADING_S: Final = 5.0
_LOOK_AGAIN_S: Final = 0.2
#: Commands that a sentence names.
_NAMED: Final = 5
#: Refusals that are temporary, or that concern the server rather than the rights of the user.
_PASSING: Final = (exceptions.ReadOnlyError, exceptions.OutOfMemoryError)
_RIGHTS: Final = "deploy/redis/users.acl has the rights that it needs"


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """The findings about a server that can be used."""

    #: Such as `valkey 9.1.2`; "" where it does not say.
    version: str = ""
    #: The dangers for the data that it keeps, a sentence each.
    dangers: tuple[str, ...] = ()


def inspect(url: str, *, commands: bool = True) -> Inspection:
    """Return the findings about a data server. Raises ServerUnfit, ServerAway.

    Without `commands` it is enough that the server answers: a replica, or a user who may only read, will do.
    """
    shown = masked_url(url)
    client = connect(url, answer_s=ANSWER_S, tries=0)
    try:
        version, role = _greeted(client, shown)
        if commands:
            if role not in ("", "master"):
                raise ServerUnfit(REPLICA.format(server=shown))
            _ask_for_commands(client, shown)
        return Inspection(version=version, dangers=tuple(_dangers(client, shown)))
    except redis.RedisError as error:
        if "unknown command" in str(error).casefold():
            raise _too_old(url, shown, one_line(error)) from error
        raise explained(error, shown) from error
    finally:
        client.close()


def _greeted(client: "redis.Redis", shown: str) -> tuple[str, str]:
    """Return version and role. Raises RedisError, ServerUnfit."""
    until = time.monotonic() + LOADING_S
    while True:
        try:
            client.ping()
            break
        except exceptions.BusyLoadingError:
            if time.monotonic() > until:
                raise
            time.sleep(_LOOK_AGAIN_S)
    said = _text(client.execute_command("HELLO"))  # type: ignore[no-untyped-call]
    name, version, mode = said.get("server", "redis"), said.get("version", ""), said.get("mode", "standalone")
    if mode == "sentinel":
        raise ServerUnfit(f"{shown} is a sentinel; write sentinel://HOST:26379/0?master=NAME into REDIS_URL")
    if mode == "cluster":
        raise ServerUnfit(f"the data server at {shown} is part of a cluster, which is not supported; name a single one")
    if not version:
        with contextlib.suppress(redis.ResponseError):
            version = _text(client.info("server")).get("redis_version", "")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers and numbers < LEAST_VERSION:
        raise ServerUnfit(f"the data server at {shown} is {name} {version}; {LEAST} is needed")
    return f"{name} {version}".strip(), said.get("role", "")


def _ask_for_commands(client: "redis.Redis", shown: str) -> None:
    """See that the server takes every command that is needed. Raises ServerUnfit, RedisError."""
    refused: dict[str, str] = {}
    for name, answer in _queued(client):
        if isinstance(answer, _PASSING) or str(answer).startswith(NOT_NOW):
            raise answer
        refused.setdefault(name, one_line(answer))
    if not refused:
        return
    names = ", ".join(list(refused)[:_NAMED]) + (f" and {len(refused) - _NAMED} more" if len(refused) > _NAMED else "")
    reason = next(iter(refused.values()))
    if "unknown" in reason.casefold():
        raise ServerUnfit(f"the data server at {shown} does not know {names}; {LEAST} is needed")
    raise ServerUnfit(f"the data server at {shown} refuses {names} ({reason}); give the user more rights: {_RIGHTS}")


def _queued(client: "redis.Redis") -> Iterator[tuple[str, redis.ResponseError]]:
    """Yield the commands that the server refuses to queue in a transaction, which is then given up."""
    pool = client.connection_pool
    connection: Any = pool.get_connection()
    try:
        for beginning in TRANSACTION:
            connection.send_command(*beginning)
            refusal = _refusal(connection)
            if refusal is not None:
                yield named(beginning), refusal
                return  # a command outside of a transaction would run
        connection.send_packed_command(connection.pack_commands([*COMMANDS, ("DISCARD",)]))
        for command in (*COMMANDS, ("DISCARD",)):
            refusal = _refusal(connection)
            if refusal is not None:
                yield named(command), refusal
    finally:
        connection.disconnect()
        pool.release(connection)


def _refusal(connection: Any) -> redis.ResponseError | None:
    try:
        connection.read_response()
    except redis.ResponseError as error:
        return error
    return None


def _dangers(client: "redis.Redis", shown: str) -> Iterator[str]:
    """Yield the dangers for the data that this user may know of: many users may not send INFO and CONFIG."""
    with client.pipeline(transaction=False) as pipe:
        pipe.info("memory")
        pipe.info("persistence")
        pipe.config_get("maxmemory-policy", "appendonly", "save")
        memory, persistence, config = (_text(answer) for answer in pipe.execute(raise_on_error=False))
    policy = config.get("maxmemory-policy") or memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield (
            f"the data server at {shown} may evict the tracker's keys: its maxmemory-policy is {policy}; "
            "set it to noeviction"
        )
    appends = config.get("appendonly") or {"0": "no", "1": "yes"}.get(persistence.get("aof_enabled", ""), "")
    if appends == "no" and config.get("save", "?") in ("", "?"):
        unless = "" if "save" in config else ", unless it takes snapshots"
        yield f"the data server at {shown} loses all its data when it restarts{unless}; set appendonly to yes"


def _too_old(url: str, shown: str, refusal: str) -> ServerUnfit:
    """Return the sentence for a server that does not know HELLO, with its version if it says one."""
    client = connect(url, answer_s=ANSWER_S, tries=0, protocol=2)
    try:
        version = _text(client.info("server")).get("redis_version", "")
    except redis.RedisError:
        version = ""
    finally:
        client.close()
    what = f"redis {version}" if version else f"too old ({refusal})"
    return ServerUnfit(f"the data server at {shown} is {what}; {LEAST} is needed")


def _text(answer: Any) -> Mapping[str, str]:
    """Return a mapping as text; an answer that was refused is an empty one, and an older protocol sends a list."""
    if isinstance(answer, list):
        answer = dict(zip(answer[::2], answer[1::2], strict=False))
    if not isinstance(answer, Mapping):
        return {}
    return {_word(key): _word(value) for key, value in answer.items()}


def _word(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
