"""Commands of people to the data server: only those that read, answered as lines of text."""

from typing import Any, Final

import redis

from tracker.errors import ConfigError
from tracker.store.connection import translated

#: Commands that change nothing and read keys of the types that the tracker uses.
READING: Final = frozenset({
    "DBSIZE", "EXISTS", "GET", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "INFO", "LLEN", "LRANGE", "PING", "SCARD",
    "SISMEMBER", "SMEMBERS", "STRLEN", "TTL", "TYPE", "XINFO", "XLEN", "XPENDING", "XRANGE", "XREVRANGE", "ZCARD",
    "ZCOUNT", "ZRANGE", "ZSCORE",
})  # fmt: skip


def ask(client: "redis.Redis", *words: str) -> list[str]:
    """Return the answer to one command, a line for each value. Raises ConfigError for one that writes, StoreError."""
    command = words[0].upper()
    if command not in READING:
        raise ConfigError(f"{command} is refused: it may write or block; allowed are {', '.join(sorted(READING))}")
    with translated():
        answer: Any = client.execute_command(command, *words[1:])  # type: ignore[no-untyped-call]
    return _lines(answer)


def _lines(answer: Any) -> list[str]:
    if isinstance(answer, dict):
        return [line for pair in answer.items() for part in pair for line in _lines(part)]
    if isinstance(answer, list | tuple | set):
        return [line for part in answer for line in _lines(part)]
    if isinstance(answer, bytes):
        return [answer.decode(errors="backslashreplace")]
    return ["" if answer is None else str(answer)]
