"""The address for signs of life."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from tracker.environment.secret import read_secret
from tracker.errors import ConfigError

_NAME: Final = "TRACKER_HEARTBEAT_URL"


def heartbeat_url(environ: Mapping[str, str]) -> str | None:
    """Return the watchdog's address, None where it is not set. Raises ConfigError, which never repeats it."""
    url = (read_secret(environ, _NAME) or "").strip()
    if not url:
        return None
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigError(f"{_NAME} is no web address; write one, as in https://watchdog.example/ping/ID")
    return url
