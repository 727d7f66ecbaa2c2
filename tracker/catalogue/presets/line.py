"""A preset -> its line in the table of vendors."""

import json
from typing import Final

import msgspec

from tracker.catalogue.presets.table import Preset

#: The place of a line in the table says these.
_ELSEWHERE: Final = frozenset({"id", "category"})


def preset_line(preset: Preset) -> str:
    """Return a preset's line in TOML."""
    usual = {field.name: field.default for field in msgspec.structs.fields(Preset)}
    pairs = (
        f"{name} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in msgspec.structs.asdict(preset).items()
        if name not in _ELSEWHERE and value != usual[name]
    )
    return f"{preset.id} = {{ {', '.join(pairs)} }}"
