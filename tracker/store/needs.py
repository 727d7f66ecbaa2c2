"""The requirements for a data server: the least version, and every command that the tracker and Celery send.

There is one list: `tracker.store.inspection` checks the server for each, and a test compares the list with the commands
that are sent.
"""

from typing import Final

from tracker.store.connection import (
    CURSORS,
    DUE,
    NAMESPACE,
    PREFIX,
    PROVIDERS,
    SCHEDULE,
    SINKS,
    UPDATES,
    VERSION,
    latency_key,
)

#: Of Redis and of Valkey.
LEAST_VERSION: Final = (7, 2)

_PAGE: Final = f"{PREFIX}page:p"
_SEEN: Final = f"{PREFIX}seen:p"
_LEASE: Final = f"{PREFIX}lease:s"
_SLOTS: Final = f"{PREFIX}slots:h"
_DIGEST: Final = "0" * 40

#: Commands with arguments as they are sent, which are queued in a transaction and never run.
COMMANDS: Final[tuple[tuple[str, ...], ...]] = (
    # The store, in scripts and out of them.
    ("DEL", _LEASE),
    ("EVALSHA", _DIGEST, "0"),
    ("EXISTS", UPDATES),
    ("EXPIRE", _SLOTS, "1"),
    ("GET", VERSION),
    ("HDEL", PROVIDERS, "p"),
    ("HEXISTS", PROVIDERS, "p"),
    ("HGET", PROVIDERS, "p"),
    ("HGETALL", f"{PREFIX}sink:s"),
    ("HINCRBY", _PAGE, "turn", "1"),
    ("HKEYS", SINKS),
    ("HLEN", PROVIDERS),
    ("HMGET", _PAGE, "state"),
    ("HSCAN", PROVIDERS, "0"),
    ("HSET", _PAGE, "state", ""),
    ("HSETNX", SCHEDULE, "p", ""),
    ("HVALS", PROVIDERS),
    ("INCR", VERSION),
    ("INCRBY", VERSION, "1"),
    ("LLEN", f"{NAMESPACE}fetch"),
    ("MGET", VERSION),
    ("PEXPIRE", _SLOTS, "1"),
    ("PING",),
    ("RENAME", _SEEN, f"{_SEEN}:before"),
    ("SADD", _SEEN, "u"),
    ("SCARD", _SEEN),
    ("SCRIPT", "LOAD", "return 0"),
    ("SCRIPT", "EXISTS", _DIGEST),
    ("SET", _LEASE, "o"),
    ("SISMEMBER", _SEEN, "u"),
    ("SMISMEMBER", _SEEN, "u"),
    ("SREM", _SEEN, "u"),
    ("TIME",),
    ("XACK", UPDATES, "s", "1-0"),
    ("XADD", UPDATES, "*", "event", ""),
    ("XDEL", UPDATES, "1-0"),
    ("XGROUP", "CREATE", UPDATES, "s", "$", "MKSTREAM"),
    ("XGROUP", "DESTROY", UPDATES, "s"),
    ("XGROUP", "SETID", UPDATES, "s", "$"),
    ("XINFO", "GROUPS", UPDATES),
    ("XINFO", "STREAM", UPDATES),
    ("XLEN", UPDATES),
    ("XPENDING", UPDATES, "s"),
    ("XRANGE", UPDATES, "-", "+"),
    ("XREADGROUP", "GROUP", "s", "c", "STREAMS", UPDATES, ">"),
    ("XREAD", "STREAMS", UPDATES, "$"),
    ("XREVRANGE", UPDATES, "+", "-"),
    ("XTRIM", UPDATES, "MINID", "1-0"),
    ("ZADD", DUE, "XX", "1", "p"),
    ("ZCARD", DUE),
    ("ZCOUNT", DUE, "-inf", "+inf"),
    ("ZPOPMIN", f"{PREFIX}waiting:h"),
    ("ZRANGE", DUE, "0", "0"),
    ("ZREM", DUE, "p"),
    ("ZREMRANGEBYRANK", latency_key("p"), "0", "-101"),
    ("ZREMRANGEBYSCORE", _SLOTS, "-inf", "0"),
    ("ZSCORE", DUE, "p"),
    ("HGET", CURSORS, "record"),
    # Celery.
    ("BLMPOP", "1", "1", f"{NAMESPACE}fetch", "RIGHT"),
    ("BRPOP", f"{NAMESPACE}print", "1"),
    ("HGET", f"{NAMESPACE}unacked", "t"),
    ("HDEL", f"{NAMESPACE}unacked", "t"),
    ("HSET", f"{NAMESPACE}unacked", "t", ""),
    ("LPUSH", f"{NAMESPACE}fetch", ""),
    ("RPUSH", f"{NAMESPACE}fetch", ""),
    ("PUBLISH", f"{NAMESPACE}/0.celery.pidbox", ""),
    ("PSUBSCRIBE", f"{NAMESPACE}/0.celery.pidbox"),
    ("PUNSUBSCRIBE", f"{NAMESPACE}/0.celery.pidbox"),
    ("SADD", f"{NAMESPACE}_kombu.binding.fetch", ""),
    ("SMEMBERS", f"{NAMESPACE}_kombu.binding.fetch"),
    ("SREM", f"{NAMESPACE}_kombu.binding.fetch", ""),
    ("ZADD", f"{NAMESPACE}unacked_index", "1", "t"),
    ("ZREM", f"{NAMESPACE}unacked_index", "t"),
    ("ZRANGE", f"{NAMESPACE}unacked_index", "+inf", "-inf", "BYSCORE", "REV"),
    ("EVALSHA", _DIGEST, "1", f"{NAMESPACE}unacked_mutex"),
    # In Celery's own scripts.
    ("PTTL", f"{NAMESPACE}unacked_mutex"),
    ("ZADD", f"{NAMESPACE}_kombu.binding_deadlines", "1", "m"),
    ("ZRANGEBYSCORE", f"{NAMESPACE}_kombu.binding_deadlines", "-inf", "0"),
)
#: The commands that begin such a transaction.
TRANSACTION: Final = (("WATCH", f"{NAMESPACE}unacked"), ("UNWATCH",), ("MULTI",))


def named(command: tuple[str, ...]) -> str:
    """Return the name of a command, with its subcommand where it has some: `XGROUP CREATE`."""
    return " ".join(command[:2]) if command[0] in ("SCRIPT", "XGROUP", "XINFO") else command[0]
