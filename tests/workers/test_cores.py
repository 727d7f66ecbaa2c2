"""On which core a worker runs."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os
from workers import signals
signals.keep_to_one_core()
print(*sorted(os.sched_getaffinity(0)))
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no processes")


def cores_of_a_worker(core: str | None) -> list[int]:
    environ = {name: value for name, value in os.environ.items() if name != "TRACKER_CORE"}
    if core is not None:
        environ["TRACKER_CORE"] = core
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


def test_a_worker_runs_where_it_may_unless_it_is_reported() -> None:
    assert cores_of_a_worker(None) == cores_of_a_worker("") == sorted(os.sched_getaffinity(0))


def test_workers_take_the_cores_alternately() -> None:
    """The one after the last core begins again with the first."""
    cores = sorted(os.sched_getaffinity(0))

    found = [cores_of_a_worker(str(number)) for number in (0, len(cores) - 1, len(cores))]

    assert found == [[cores[0]], [cores[-1]], [cores[0]]]


def test_what_is_no_number_counts_as_none() -> None:
    assert cores_of_a_worker("all") == sorted(os.sched_getaffinity(0))
