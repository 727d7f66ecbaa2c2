"""Places where a test may have a process die. Off unless TRACKER_FAILPOINTS names them.

`TRACKER_FAILPOINTS=committed:0.01,recorded:0.05` kills the process (SIGKILL, nothing is cleaned up) at these places
with these probabilities. Production never sets it; a process that has it set says so at every death.
"""

import os
import random
import signal
import sys
from typing import Final

#: The variable that arms failpoints.
VARIABLE: Final = "TRACKER_FAILPOINTS"

_armed: Final = {
    name: float(probability)
    for name, _, probability in (entry.partition(":") for entry in os.environ.get(VARIABLE, "").split(",") if entry)
}


def failpoint(name: str) -> None:
    """Die here if a test has armed this place; do nothing otherwise."""
    if _armed and random.random() < _armed.get(name, 0.0):
        sys.stderr.write(f"failpoint {name}\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
