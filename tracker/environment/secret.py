"""Secrets from the environment: in a variable, or in the file that NAME_FILE names. No message repeats any of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tracker.errors import ConfigError

#: Longest file that is read as a secret, in bytes.
_LONGEST: Final = 64 * 1024


def read_secret(environ: Mapping[str, str], name: str) -> str | None:
    """Return the variable NAME, or the content of the file NAME_FILE, or None. Raises ConfigError."""
    # Compose passes a variable that is not set as an empty one.
    value, path = environ.get(name), environ.get(f"{name}_FILE")
    if value and path:
        raise ConfigError(f"{name} and {name}_FILE are both set; unset one of them")
    if value and not _is_text(value):
        raise ConfigError(f"{name} is not UTF-8 text; write it in that encoding")
    if not path:
        return value or None
    # The path is never repeated: people sometimes write the secret itself there.
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(_LONGEST + 1)
        secret = data.decode().rstrip("\r\n")
    except FileNotFoundError:
        raise ConfigError(f"{name}_FILE names a file that does not exist; correct the path") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}_FILE names a file that is not UTF-8 text; correct the path or the file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a valid path"
        raise ConfigError(f"{name}_FILE cannot be read ({reason}); correct the path or its permissions") from None
    if not secret or len(data) > _LONGEST:
        raise ConfigError(f"{name}_FILE names a file that is empty or over {_LONGEST} bytes; write the secret")
    return secret


def _is_text(value: str) -> bool:
    """Return whether a variable was text: Python passes other bytes as surrogates, which have no encoding."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
