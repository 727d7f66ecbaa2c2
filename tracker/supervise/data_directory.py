"""Checks of the data directory at a start: no other tracker uses it, and it can be written."""

import fcntl
import os
from pathlib import Path
from typing import IO

from tracker.errors import ConfigError


def locked(data_dir: Path) -> IO[str]:
    """Return the data directory's lock file, held until it is closed. Raises ConfigError."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write to the data directory {data_dir}: {error.strerror}; choose --data-dir"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise ConfigError(f"another tracker runs on {data_dir}; stop it or choose another --data-dir") from error
    return lock


def require_record(path: Path) -> None:
    """Raise ConfigError where a record exists that cannot be continued."""
    if path.exists() and not path.is_file():
        raise ConfigError(f"cannot write the record {path}: it is no plain file; remove it, or choose --data-dir")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise ConfigError(f"cannot write the record {path}: no right to; change its owner, or choose --data-dir")
