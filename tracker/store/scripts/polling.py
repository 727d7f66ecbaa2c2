"""The scripts of polls: claim due providers, begin a poll, commit its result."""

from typing import Final

from tracker.store.connection import (
    CROWDED_PREFIX,
    DUE,
    PAGE_PREFIX,
    POLLS,
    PROVIDERS,
    SCHEDULE,
    SLOTS_PREFIX,
    UPDATES,
    VERSION,
    WAITING_PREFIX,
)
from tracker.store.scripts.values import ScriptValues

#: The files of the scripts that consist of several, in their order; any other script is one file.
BEGIN: Final = ("one_by_one", "begin")
COMMIT: Final = ("commit_rules", "commit")
COMMIT_QUIET: Final = ("commit_rules", "one_by_one", "commit_quiet")


class ClaimKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of claim.lua."""

    due_key: str = DUE
    schedule_key: str = SCHEDULE


class ClaimArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of claim.lua."""

    now_s: float
    limit: int
    clocks_differ_s: float


class BeginKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of begin.lua."""

    providers_key: str = PROVIDERS
    due_key: str = DUE
    schedule_key: str = SCHEDULE
    version_key: str = VERSION


class BeginArguments(ScriptValues, frozen=True, kw_only=True):
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


class RuleKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of commit_rules.lua, which those of a commit begin with."""

    providers_key: str = PROVIDERS
    due_key: str = DUE
    version_key: str = VERSION
    polls_key: str = POLLS


class RuleArguments(ScriptValues, frozen=True, kw_only=True):
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


class CommitFields(ScriptValues, frozen=True, kw_only=True):
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


class RevisionArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of revisions.lua, before the provider ids."""

    page_prefix: str = PAGE_PREFIX
