"""The scripts of deliveries to sinks."""

from tracker.store.connection import (
    SINKS,
    UPDATES,
)
from tracker.store.scripts.values import ScriptValues


class DeliveryLeaseKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of delivery_lease.lua."""

    sinks_key: str = SINKS
    state_key: str
    lease_key: str
    updates_key: str = UPDATES


class DeliveryLeaseArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of delivery_lease.lua."""

    sink_id: str
    now_s: float
    lease_ms: int
    owner: str
    longest_wait_s: float


class AcknowledgeKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of acknowledge.lua."""

    lease_key: str
    state_key: str
    waiting_key: str
    dead_key: str


class AcknowledgeArguments(ScriptValues, frozen=True, kw_only=True):
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


class ReleaseKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of release.lua."""

    lease_key: str


class ReleaseArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of release.lua."""

    owner: str


class RedriveKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of redrive.lua."""

    dead_key: str
    again_key: str
    state_key: str
