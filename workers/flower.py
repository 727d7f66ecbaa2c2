"""Flower behind a password: `python -m workers.flower`, with the options of `celery flower`.

Unlike `celery flower`, it does not start without a password, even on loopback, and it shows tasks without changing
anything.
"""

import os
import sys
from typing import Final

from tracker.environment.secret import read_secret
from tracker.errors import ConfigError
from workers.application import app
from workers.flower_login import USER

#: Read-only, with a bound on the tasks that it remembers. Options on the command line, such as `--max_tasks=...`, come
#: after these and override them.
ARGUMENTS: Final = ("--read_only", "--persistent=False", "--max_tasks=10000", "--purge_offline_workers=600")


def main() -> int:
    """Run Flower; return the exit status (2: an option or variable is wrong)."""
    try:
        password = read_secret(os.environ, "FLOWER_PASSWORD")
    except ConfigError as error:
        sys.stderr.write(f"flower: {error}\n")
        return 2
    if password is None:
        sys.stderr.write(
            "flower: there is no password; put one into FLOWER_PASSWORD, or name its file in FLOWER_PASSWORD_FILE\n"
        )
        return 2
    if os.environ.get("FLOWER_TELL_PASSWORD"):
        sys.stderr.write(f"flower: sign in as {USER} with the password {password}\n")
    return int(app.start(["-q", "flower", *ARGUMENTS, *sys.argv[1:]]) or 0)


if __name__ == "__main__":
    sys.exit(main())
