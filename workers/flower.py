"""Flower behind a password: `python -m workers.flower`, with the options of `celery flower`.

Without a password Flower shows everything to everybody; this does not start without one.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from flower.options import options  # type: ignore[import-untyped]

from tracker.errors import ConfigError
from tracker.settings import read_secret
from workers.app import app

USER: Final = "tracker"
#: It shows and changes nothing, and what it remembers has a bound. `workers.flower --max_tasks=...` overrides.
ARGUMENTS: Final = ("--read_only", "--persistent=False", "--max_tasks=10000", "--purge_offline_workers=600")


def main() -> int:
    """Run Flower; return the exit status (2: what was given is wrong)."""
    try:
        secrets = flower_secrets(os.environ)
    except ConfigError as error:
        sys.stderr.write(f"flower: {error}\n")
        return 2
    # Neither arguments nor the environment, where other processes could read them.
    for name, value in secrets.items():
        setattr(options, name, value)
    if os.environ.get("FLOWER_TELL_PASSWORD"):
        password = secrets["basic_auth"][0].partition(":")[2]
        sys.stderr.write(f"flower: sign in as {USER} with the password {password}\n")
    return int(app.start(["-q", "flower", *ARGUMENTS, *sys.argv[1:]]) or 0)


def flower_secrets(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return Flower's options that are secret. Raises ConfigError."""
    password = read_secret(environ, "FLOWER_PASSWORD")
    if password is None:
        raise ConfigError(
            "there is no password; put one into FLOWER_PASSWORD, or name its file in FLOWER_PASSWORD_FILE"
        )
    secrets: dict[str, Any] = {"basic_auth": [f"{USER}:{password}"]}
    cookie_secret = read_secret(environ, "FLOWER_COOKIE_SECRET")
    if cookie_secret is not None:
        secrets["cookie_secret"] = cookie_secret
    return secrets


if __name__ == "__main__":
    sys.exit(main())
