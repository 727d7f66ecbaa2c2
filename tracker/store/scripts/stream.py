"""The scripts of the stream of events: the lease of the record, cursors, timings and trimming."""

from typing import Final

from tracker.store.connection import (
    ALERTING,
    ALERTS_GROUP,
    CURSORS,
    DUE,
    LATENCY_PREFIX,
    OWNER_PREFIX,
    PROVIDERS,
    SINKS,
    UPDATES,
)
from tracker.store.scripts.values import ScriptValues

#: The lease of the record, which its printer holds.
RECORD_OWNER: Final = f"{OWNER_PREFIX}record"


class OwnKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of own.lua and of disown.lua."""

    owned_key: str


class OwnArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of own.lua."""

    owner: str
    session: str
    token: str
    lease_ms: int
    now_s: float
    host: str
    source: str


class DisownArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of disown.lua."""

    token: str


class RemindKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of remind.lua."""

    providers_key: str = PROVIDERS
    page_key: str
    seen_key: str
    due_key: str = DUE
    owned_key: str = RECORD_OWNER


class RemindArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of remind.lua, before the keys of reported updates."""

    token: str
    provider_id: str
    now_s: float
    waited_s: float
    state: bytes
    view: bytes


class TimingKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of timings.lua."""

    cursors_key: str = CURSORS
    providers_key: str = PROVIDERS
    owned_key: str = RECORD_OWNER


class TimingArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of timings.lua, before the timings, in threes."""

    output: str
    stream_id: str
    latency_prefix: str = LATENCY_PREFIX
    most_timings: int
    token: str


class CursorKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of cursor.lua."""

    cursors_key: str = CURSORS
    owned_key: str = RECORD_OWNER


class CursorArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of cursor.lua."""

    output: str
    stream_id: str
    token: str


class GroupKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of groups.lua."""

    updates_key: str = UPDATES
    sinks_key: str = SINKS
    alerting_key: str = ALERTING


class GroupArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of groups.lua."""

    alerts_group: str = ALERTS_GROUP


class TrimKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of trim.lua."""

    updates_key: str = UPDATES
    owned_key: str = RECORD_OWNER


class TrimArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of trim.lua."""

    first_kept: str
    exactness: str
    token: str
