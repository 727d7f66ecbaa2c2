"""The secret that signs links in messages: from the environment, or from a file of the data directory."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tracker.environment.secret import read_secret
from tracker.errors import ConfigError

VARIABLE: Final = "TRACKER_LINK_KEY"
FILE_NAME: Final = "link.key"
_LEAST: Final = 16
_BYTES: Final = 32


def link_key(data_dir: Path, environ: Mapping[str, str]) -> bytes:
    """Return the secret; without a variable it is made once, for this data directory. Raises ConfigError."""
    given = read_secret(environ, VARIABLE)
    if given is None:
        return _kept(data_dir / FILE_NAME)
    if len(given) < _LEAST:
        # The value is not repeated: it is a secret.
        raise ConfigError(f"{VARIABLE} is shorter than {_LEAST} characters; make one with: openssl rand -hex 24")
    return given.encode()


def _kept(path: Path) -> bytes:
    """Return the content of the file; of several processes that make it at once, one wins."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(_BYTES))
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"{path} can neither be read nor made ({error.strerror}); correct its permissions, or set {VARIABLE}"
        ) from None
    if len(key) < _LEAST:
        raise ConfigError(f"{path} is too short for a secret; remove it, and another one is made")
    return key
