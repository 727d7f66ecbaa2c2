"""The scripts of alerts and their channels."""

from tracker.store.connection import (
    ALERTING,
    ALERTS_AWAITED,
    ALERTS_CHANGES,
    ALERTS_DUE,
    ALERTS_FACTS,
    ALERTS_GROUP,
    ALERTS_INDEX,
    ALERTS_LEASE,
    ALERTS_OPEN,
    ALERTS_OVER,
    ALERTS_PREFIX,
    ALERTS_STORMS,
    ALERTS_UNWRITTEN,
    CHANNEL_DEAD_PREFIX,
    CHANNEL_READY_PREFIX,
    CHANNEL_ROWS_PREFIX,
    UPDATES,
    VERSION,
)
from tracker.store.scripts.catalogue import CATALOGUE_OWNER
from tracker.store.scripts.values import ScriptValues


class SettingsKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of alert_settings.lua."""

    settings_key: str = ALERTING
    updates_key: str = UPDATES
    version_key: str = VERSION
    awaited_key: str = ALERTS_AWAITED
    owned_key: str = CATALOGUE_OWNER


class SettingsArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of alert_settings.lua."""

    settings: bytes
    #: "" where there are no channels.
    wanted_group: str
    group: str = ALERTS_GROUP
    #: `sync` or `restore`.
    mode: str
    #: The time without decisions where there were no settings; 0 for none.
    awaited_ms: int
    token: str


class AlertCommitKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of alert_commit.lua."""

    lease_key: str = ALERTS_LEASE
    updates_key: str = UPDATES
    due_key: str = ALERTS_DUE
    index_key: str = ALERTS_INDEX
    storms_key: str = ALERTS_STORMS
    open_key: str = ALERTS_OPEN
    facts_key: str = ALERTS_FACTS
    over_key: str = ALERTS_OVER
    unwritten_key: str = ALERTS_UNWRITTEN
    changes_key: str = ALERTS_CHANGES


class AlertCommitArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of alert_commit.lua."""

    owner: str
    lease_ms: int
    group: str = ALERTS_GROUP
    alerts_prefix: str = ALERTS_PREFIX
    rows_prefix: str = CHANNEL_ROWS_PREFIX
    ready_prefix: str = CHANNEL_READY_PREFIX
    dead_prefix: str = CHANNEL_DEAD_PREFIX
    now_s: float
    payload: bytes


class ChannelLeaseKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of alert_lease.lua."""

    lease_key: str
    channel_key: str


class ChannelLeaseArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of alert_lease.lua."""

    owner: str
    lease_ms: int
    now_s: float
    longest_wait_s: float


class RowKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of alert_row.lua."""

    lease_key: str
    channel_key: str
    rows_key: str
    ready_key: str
    alerts_key: str
    dead_key: str
    unwritten_key: str = ALERTS_UNWRITTEN
    changes_key: str = ALERTS_CHANGES


class RowArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of alert_row.lua."""

    owner: str
    lease_ms: int
    now_s: float
    alert_id: str
    #: The id of the row in the journal.
    row_id: str
    row: bytes
    is_dead: int
    alert_digest: str
    #: A moment in seconds, "" for never, `keep` for no change.
    again_at: float | str
    #: "" to leave the channel as it is.
    failures: int | str
    failing_since_s: float | str
    not_before_s: float | str
    error_text: str
    is_delivery: int
