"""The reports of a data server: version, persistence, eviction, memory, clock, and the lengths of its queues."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import redis

from tracker.store.connection import CURSORS, NAMESPACE, UPDATES, translated

#: Celery's queues, each with the process that takes from it.
QUEUES: Final = ("fetch", "print", "deliver")
#: Entries of the stream that are counted as waiting, at most.
_MOST_COUNTED: Final = 1000


class ServerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about a data server; None or "" where this user may not know, or the server does not say."""

    #: Such as `valkey 9.1.2`.
    version: str = ""
    #: The server's clock.
    clock: datetime
    #: Whether every write goes to a file, and whether the last one did.
    appends: bool | None = None
    append_failed: bool = False
    #: Whether it takes snapshots, and whether the last one failed.
    snapshots: bool | None = None
    snapshot_failed: bool = False
    eviction_policy: str | None = None
    used_bytes: int | None = None
    #: None for no limit.
    limit_bytes: int | None = None
    #: Messages that wait, by queue.
    queued: Mapping[str, int] = {}
    #: Events that are not on record yet, 1,000 at most, and when the first of them came.
    unrecorded: int = 0
    unrecorded_since: datetime | None = None


def server_facts(client: "redis.Redis", record: str) -> ServerFacts:
    """Return the facts about a data server; `record` names the cursor of the record. Raises StoreError."""
    with translated():
        seconds, microseconds = _time(client)
        cursor: Any = client.hget(CURSORS, record)
        after = f"({cursor.decode()}" if cursor else "-"
        waiting: Any = client.xrange(UPDATES, min=after, count=_MOST_COUNTED)
        with client.pipeline(transaction=False) as pipe:
            for queue in QUEUES:
                pipe.llen(NAMESPACE + queue)
            lengths = pipe.execute()
        # Many users may not send INFO and CONFIG; the other facts come without them.
        with client.pipeline(transaction=False) as pipe:
            for section in ("server", "memory", "persistence"):
                pipe.info(section)
            pipe.config_get("maxmemory-policy", "appendonly", "save")
            server, memory, persistence, config = map(_mapping, pipe.execute(raise_on_error=False))
    return ServerFacts(
        **_kept(server, memory, persistence, config),
        clock=datetime.fromtimestamp(seconds + microseconds / 1e6, UTC),
        queued=dict(zip(QUEUES, lengths, strict=True)),
        unrecorded=len(waiting),
        unrecorded_since=_entered_at(waiting[0][0]) if waiting else None,
    )


def _time(client: "redis.Redis") -> tuple[int, int]:
    seconds, microseconds = client.time()
    return int(seconds), int(microseconds)


def _kept(
    server: Mapping[str, Any], memory: Mapping[str, Any], persistence: Mapping[str, Any], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return version, persistence, eviction and memory as fields of ServerFacts."""
    name = "valkey" if "valkey_version" in server else "redis"
    number = server.get(f"{name}_version")
    appends = config.get("appendonly")
    return {
        "version": f"{name} {number}" if number else "",
        "appends": appends == "yes" if appends else bool(int(persistence["aof_enabled"])) if persistence else None,
        "append_failed": persistence.get("aof_last_write_status", "ok") != "ok",
        "snapshots": bool(config["save"]) if "save" in config else None,
        "snapshot_failed": persistence.get("rdb_last_bgsave_status", "ok") != "ok",
        "eviction_policy": config.get("maxmemory-policy") or memory.get("maxmemory_policy"),
        "used_bytes": memory.get("used_memory"),
        "limit_bytes": memory.get("maxmemory") or None,
    }


def _mapping(answer: Any) -> Mapping[str, Any]:
    """Return an answer with text keys and values; one that was refused is an empty one."""
    if not isinstance(answer, dict):
        return {}
    return {_text(key): _text(value) for key, value in answer.items()}


def _text(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _entered_at(stream_id: bytes) -> datetime:
    return datetime.fromtimestamp(int(stream_id.partition(b"-")[0]) / 1000, UTC)
