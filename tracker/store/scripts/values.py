"""The keys or the arguments of a Lua script, in the order and by the names of its first lines.

A script names them once, `local due_key, schedule_key = unpack(KEYS)`; a struct of this package says the same, typed,
and a test compares both. Values that a script reads from `FIRST` on follow the struct, as its docstring says.
"""

from typing import Any

import msgspec


class ScriptValues(msgspec.Struct, frozen=True, kw_only=True):
    """The keys or the arguments of a script."""

    @property
    def values(self) -> tuple[Any, ...]:
        """Return them in the order of the script."""
        return msgspec.structs.astuple(self)
