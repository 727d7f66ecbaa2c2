"""What the Lua scripts of the live pages take, as `tracker.store.scripts` has it for the others."""

from tracker.store.connection import DUE, PAGE_PREFIX
from tracker.store.scripts import Named


class PulsesArguments(Named, frozen=True, kw_only=True):
    """Arguments of pulses.lua, before the provider ids."""

    page_prefix: str = PAGE_PREFIX


class PushKeys(Named, frozen=True, kw_only=True):
    """Keys of push.lua."""

    due_key: str = DUE
    pushed_key: str


class PushArguments(Named, frozen=True, kw_only=True):
    """Arguments of push.lua."""

    provider_id: str
    now_s: float
    pause_ms: int
