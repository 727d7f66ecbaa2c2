"""The namespace of a tracker: the prefix of all its keys, so that one data server serves several trackers."""

import re
from collections.abc import Mapping
from typing import Final

from tracker.errors import ConfigError

VARIABLE: Final = "TRACKER_NAMESPACE"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def key_prefix(environ: Mapping[str, str]) -> str:
    """Return the prefix of every key, '' without a namespace. Raises ConfigError."""
    name = environ.get(VARIABLE, "").strip()
    if name and _NAME.fullmatch(name) is None:
        raise ConfigError(f"{VARIABLE} is not a namespace; write up to 32 of a-z, 0-9 and hyphen, as in team-a")
    return f"{name}:" if name else ""
