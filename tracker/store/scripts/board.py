"""The scripts of the live pages: counters of changes, and pushes."""

from tracker.store.connection import DUE, PAGE_PREFIX
from tracker.store.scripts.values import ScriptValues


class PulsesArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of pulses.lua, before the provider ids."""

    page_prefix: str = PAGE_PREFIX


class PushKeys(ScriptValues, frozen=True, kw_only=True):
    """Keys of push.lua."""

    due_key: str = DUE
    pushed_key: str


class PushArguments(ScriptValues, frozen=True, kw_only=True):
    """Arguments of push.lua."""

    provider_id: str
    now_s: float
    pause_ms: int
