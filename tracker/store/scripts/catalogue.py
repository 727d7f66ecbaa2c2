"""The scripts that put providers and sinks into the data server."""

from typing import Final

from tracker.store.connection import (
    AGAIN_PREFIX,
    CURSORS,
    DEAD_PREFIX,
    DUE,
    GENERATION,
    LATENCY_PREFIX,
    LEASE_PREFIX,
    OWNER_PREFIX,
    PAGE_PREFIX,
    POLLS,
    PROVIDERS,
    SCHEDULE,
    SEEN_PREFIX,
    SINK_PREFIX,
    SINKS,
    UPDATES,
    VERSION,
)
from tracker.store.scripts.values import ScriptValues

#: The lease of the providers, sinks, channels and routes of a file, which its tracker holds.
CATALOGUE_OWNER: Final = f"{OWNER_PREFIX}catalogue:file"


class SyncKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of sync.lua."""

    providers_key: str = PROVIDERS
    schedule_key: str = SCHEDULE
    due_key: str = DUE
    version_key: str = VERSION
    generation_key: str = GENERATION
    cursors_key: str = CURSORS
    updates_key: str = UPDATES
    owned_key: str = CATALOGUE_OWNER
    polls_key: str = POLLS


class SyncArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of sync.lua, before the ids to take out and, in fives, the providers to put in."""

    page_prefix: str = PAGE_PREFIX
    seen_prefix: str = SEEN_PREFIX
    latency_prefix: str = LATENCY_PREFIX
    new_generation: str
    waiting_s: float | str
    watched_since_s: float | str
    watched_until_s: float | str
    token: str
    removed_count: int
    removed_origin: str


class SinksKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of sinks.lua."""

    sinks_key: str = SINKS
    updates_key: str = UPDATES
    version_key: str = VERSION
    owned_key: str = CATALOGUE_OWNER


class SinksArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of sinks.lua, before pairs of id and sink."""

    state_prefix: str = SINK_PREFIX
    lease_prefix: str = LEASE_PREFIX
    dead_prefix: str = DEAD_PREFIX
    again_prefix: str = AGAIN_PREFIX
    mode: str
    token: str
