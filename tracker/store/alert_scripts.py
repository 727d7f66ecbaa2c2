"""The keys and arguments of the scripts for alerts and the live page; see `tracker.store.scripts`."""

from tracker.store.connection import (
    ALERTING,
    ALERTS_DUE,
    ALERTS_GROUP,
    ALERTS_INDEX,
    ALERTS_LEASE,
    ALERTS_PREFIX,
    ALERTS_STORMS,
    CHANNEL_READY_PREFIX,
    CHANNEL_ROWS_PREFIX,
    DUE,
    PAGE_PREFIX,
    UPDATES,
    VERSION,
)
from tracker.store.scripts import Named


class AlertCommitKeys(Named, frozen=True, kw_only=True):
    """Keys of alert_commit.lua."""

    lease_key: str = ALERTS_LEASE
    updates_key: str = UPDATES
    due_key: str = ALERTS_DUE
    index_key: str = ALERTS_INDEX
    storms_key: str = ALERTS_STORMS


class AlertCommitArguments(Named, frozen=True, kw_only=True):
    """Arguments of alert_commit.lua."""

    owner: str
    lease_ms: int
    group: str = ALERTS_GROUP
    alerts_prefix: str = ALERTS_PREFIX
    rows_prefix: str = CHANNEL_ROWS_PREFIX
    ready_prefix: str = CHANNEL_READY_PREFIX
    now_s: float
    decided_json: bytes


class AlertLeaseKeys(Named, frozen=True, kw_only=True):
    """Keys of alert_lease.lua."""

    lease_key: str
    channel_key: str


class AlertLeaseArguments(Named, frozen=True, kw_only=True):
    """Arguments of alert_lease.lua."""

    owner: str
    lease_ms: int
    now_s: float


class AlertRowKeys(Named, frozen=True, kw_only=True):
    """Keys of alert_row.lua."""

    lease_key: str
    channel_key: str
    rows_key: str
    ready_key: str
    alerts_key: str


class AlertRowArguments(Named, frozen=True, kw_only=True):
    """Arguments of alert_row.lua; "" stands for none."""

    owner: str
    lease_ms: int
    now_s: float
    alert_id: str
    row: bytes
    alert_digest: str
    #: Seconds since the epoch, "" for never, "keep" for what is there.
    next_at: float | str
    #: "" leaves the channel as it is.
    failures: int | str = ""
    failing_since_s: float | str = ""
    not_before_s: float | str = ""
    error_text: str = ""
    was_taken: int = 0


class AlertSettingsKeys(Named, frozen=True, kw_only=True):
    """Keys of alert_settings.lua."""

    settings_key: str = ALERTING
    updates_key: str = UPDATES
    version_key: str = VERSION


class AlertSettingsArguments(Named, frozen=True, kw_only=True):
    """Arguments of alert_settings.lua."""

    config: bytes
    #: "" where there are no channels.
    wanted_group: str
    group: str = ALERTS_GROUP
    #: `sync` or `restore`.
    mode: str


class PushKeys(Named, frozen=True, kw_only=True):
    """Keys of push.lua."""

    due_key: str = DUE
    pushed_key: str


class PushArguments(Named, frozen=True, kw_only=True):
    """Arguments of push.lua."""

    provider_id: str
    now_s: float
    pause_ms: int


class PulseArguments(Named, frozen=True, kw_only=True):
    """Arguments of pulses.lua, before the provider ids."""

    page_prefix: str = PAGE_PREFIX
