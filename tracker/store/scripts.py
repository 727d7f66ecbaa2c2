"""The files, keys and arguments of each Lua script, in the order and by the names of its first lines.

A script names them once, `local due_key, schedule_key = unpack(KEYS)`; a struct here says the same, typed, and a test
holds the two together. Values that a script reads from `FIRST` on follow the struct, as its comment says.
"""

from typing import Any, Final

import msgspec

from tracker.store.connection import (
    AGAIN_PREFIX,
    CROWDED_PREFIX,
    CURSORS,
    DEAD_PREFIX,
    DUE,
    GENERATION,
    LATENCY_PREFIX,
    LEASE_PREFIX,
    OWNER_PREFIX,
    PAGE_PREFIX,
    PROVIDERS,
    SCHEDULE,
    SEEN_PREFIX,
    SINK_PREFIX,
    SINKS,
    SLOTS_PREFIX,
    UPDATES,
    VERSION,
    WAITING_PREFIX,
)

#: The lease of the record, which its printer holds.
RECORD_OWNER: Final = f"{OWNER_PREFIX}record"
#: The lease of the providers, sinks, channels and routes of a file, which its tracker holds.
CATALOGUE_OWNER: Final = f"{OWNER_PREFIX}catalogue:file"

#: The files of the scripts that several make, in their order; any other is one file.
BEGIN: Final = ("one_by_one", "begin")
COMMIT: Final = ("commit_rules", "commit")
COMMIT_QUIET: Final = ("commit_rules", "one_by_one", "commit_quiet")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The keys or the arguments of a script."""

    @property
    def values(self) -> tuple[Any, ...]:
        """Return them as the script takes them."""
        return msgspec.structs.astuple(self)


class BeginKeys(Named, frozen=True, kw_only=True):
    """Keys of begin.lua."""

    providers_key: str = PROVIDERS
    due_key: str = DUE
    schedule_key: str = SCHEDULE
    version_key: str = VERSION


class BeginArguments(Named, frozen=True, kw_only=True):
    """Arguments of begin.lua."""

    now_s: float
    lease_s: float
    least_gap_s: float
    owner: str
    page_prefix: str = PAGE_PREFIX
    slots_prefix: str = SLOTS_PREFIX
    waiting_prefix: str = WAITING_PREFIX
    crowded_prefix: str = CROWDED_PREFIX
    random_share: float
    pages: bytes


class RuleKeys(Named, frozen=True, kw_only=True):
    """Keys of commit_rules.lua, which those of a commit begin with."""

    providers_key: str = PROVIDERS
    due_key: str = DUE
    version_key: str = VERSION


class RuleArguments(Named, frozen=True, kw_only=True):
    """Arguments of commit_rules.lua, which those of a commit begin with."""

    page_prefix: str = PAGE_PREFIX
    slots_prefix: str = SLOTS_PREFIX
    waiting_prefix: str = WAITING_PREFIX


class CommitKeys(RuleKeys, frozen=True, kw_only=True):
    """Keys of commit.lua."""

    seen_key: str
    seen_before_key: str
    updates_key: str = UPDATES


class CommitArguments(RuleArguments, frozen=True, kw_only=True):
    """Arguments of commit.lua, before suppressed keys and pairs of key and event."""

    commit_json: bytes
    state: bytes
    view: bytes
    digests: bytes
    most_seen: int
    suppressed_count: int


class QuietArguments(RuleArguments, frozen=True, kw_only=True):
    """Arguments of commit_quiet.lua."""

    commits: bytes


class CommitFields(Named, frozen=True, kw_only=True):
    """A commit as commit_rules.lua reads it: an array, of which those from `slot` on may be cut off."""

    id: str
    token: str
    revision: str
    version: str
    checked: str
    read: str
    ending: str
    received: int
    answer: int | str
    due: str
    slot: str = ""
    host: str = ""
    limit: int = 0


class ClaimKeys(Named, frozen=True, kw_only=True):
    """Keys of claim.lua."""

    due_key: str = DUE
    schedule_key: str = SCHEDULE


class ClaimArguments(Named, frozen=True, kw_only=True):
    """Arguments of claim.lua."""

    now_s: float
    limit: int
    clocks_differ_s: float


class SyncKeys(Named, frozen=True, kw_only=True):
    """Keys of sync.lua."""

    providers_key: str = PROVIDERS
    schedule_key: str = SCHEDULE
    due_key: str = DUE
    version_key: str = VERSION
    generation_key: str = GENERATION
    cursors_key: str = CURSORS
    updates_key: str = UPDATES
    owned_key: str = CATALOGUE_OWNER


class SyncArguments(Named, frozen=True, kw_only=True):
    """Arguments of sync.lua, before the ids to take out and, in fives, the providers to put in."""

    page_prefix: str = PAGE_PREFIX
    seen_prefix: str = SEEN_PREFIX
    latency_prefix: str = LATENCY_PREFIX
    new_generation: str
    waiting_s: float | str
    token: str
    removed_count: int
    removed_origin: str


class RevisionArguments(Named, frozen=True, kw_only=True):
    """Arguments of revisions.lua, before the provider ids."""

    page_prefix: str = PAGE_PREFIX


class RemindKeys(Named, frozen=True, kw_only=True):
    """Keys of remind.lua."""

    providers_key: str = PROVIDERS
    page_key: str
    seen_key: str
    due_key: str = DUE
    owned_key: str = RECORD_OWNER


class RemindArguments(Named, frozen=True, kw_only=True):
    """Arguments of remind.lua, before the keys of what was reported."""

    token: str
    provider_id: str
    now_s: float
    waited_s: float
    state: bytes
    view: bytes


class TimingKeys(Named, frozen=True, kw_only=True):
    """Keys of timings.lua."""

    cursors_key: str = CURSORS
    providers_key: str = PROVIDERS
    owned_key: str = RECORD_OWNER


class TimingArguments(Named, frozen=True, kw_only=True):
    """Arguments of timings.lua, before the timings, in threes."""

    output: str
    stream_id: str
    latency_prefix: str = LATENCY_PREFIX
    most_timings: int
    token: str


class CursorKeys(Named, frozen=True, kw_only=True):
    """Keys of cursor.lua."""

    cursors_key: str = CURSORS
    owned_key: str = RECORD_OWNER


class CursorArguments(Named, frozen=True, kw_only=True):
    """Arguments of cursor.lua."""

    output: str
    stream_id: str
    token: str


class TrimKeys(Named, frozen=True, kw_only=True):
    """Keys of trim.lua."""

    updates_key: str = UPDATES
    owned_key: str = RECORD_OWNER


class TrimArguments(Named, frozen=True, kw_only=True):
    """Arguments of trim.lua."""

    first_kept: str
    exactness: str
    token: str


class OwnKeys(Named, frozen=True, kw_only=True):
    """Keys of own.lua and of disown.lua."""

    owned_key: str


class OwnArguments(Named, frozen=True, kw_only=True):
    """Arguments of own.lua."""

    owner: str
    session: str
    token: str
    lease_ms: int
    now_s: float
    host: str
    source: str


class DisownArguments(Named, frozen=True, kw_only=True):
    """Arguments of disown.lua."""

    token: str


class SinksKeys(Named, frozen=True, kw_only=True):
    """Keys of sinks.lua."""

    sinks_key: str = SINKS
    updates_key: str = UPDATES
    version_key: str = VERSION
    owned_key: str = CATALOGUE_OWNER


class SinksArguments(Named, frozen=True, kw_only=True):
    """Arguments of sinks.lua, before pairs of id and sink."""

    state_prefix: str = SINK_PREFIX
    lease_prefix: str = LEASE_PREFIX
    dead_prefix: str = DEAD_PREFIX
    again_prefix: str = AGAIN_PREFIX
    mode: str
    token: str


class RedriveKeys(Named, frozen=True, kw_only=True):
    """Keys of redrive.lua."""

    dead_key: str
    again_key: str
    state_key: str


class DeliveryLeaseKeys(Named, frozen=True, kw_only=True):
    """Keys of delivery_lease.lua."""

    sinks_key: str = SINKS
    state_key: str
    lease_key: str
    updates_key: str = UPDATES


class DeliveryLeaseArguments(Named, frozen=True, kw_only=True):
    """Arguments of delivery_lease.lua."""

    sink_id: str
    now_s: float
    lease_ms: int
    owner: str
    longest_wait_s: float


class AcknowledgeKeys(Named, frozen=True, kw_only=True):
    """Keys of acknowledge.lua."""

    lease_key: str
    state_key: str
    waiting_key: str
    dead_key: str


class AcknowledgeArguments(Named, frozen=True, kw_only=True):
    """Arguments of acknowledge.lua."""

    owner: str
    lease_ms: int
    now_s: float
    group: str
    stream_id: str
    disposition: str
    failures: int
    failing_since_s: float | str
    not_before_s: float | str
    reason: str
    event: bytes
    most_dead: int


class ReleaseKeys(Named, frozen=True, kw_only=True):
    """Keys of release.lua."""

    lease_key: str


class ReleaseArguments(Named, frozen=True, kw_only=True):
    """Arguments of release.lua."""

    owner: str
