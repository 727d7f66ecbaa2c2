"""On which core a worker runs."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers import signals

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no processes")


@pytest.fixture
def cores_of_a_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], list[int]]:
    """Return the cores of a thread that is kept where a worker with this setting is."""

    def kept(core: str | None) -> list[int]:
        monkeypatch.delenv("TRACKER_CORE", raising=False)
        if core is not None:
            monkeypatch.setenv("TRACKER_CORE", core)

        def look() -> list[int]:
            signals.keep_to_one_core()
            return sorted(os.sched_getaffinity(0))

        with ThreadPoolExecutor(1) as pool:  # a new thread: the others keep all their cores
            return pool.submit(look).result()

    return kept


@pytest.mark.parametrize("unset", [None, "", "all"])
def test_a_worker_runs_anywhere_unless_a_core_is_named(cores_of_a_worker, unset: str | None) -> None:
    assert cores_of_a_worker(unset) == sorted(os.sched_getaffinity(0))


def test_workers_take_the_cores_alternately(cores_of_a_worker) -> None:
    """The one after the last core begins again with the first."""
    cores = sorted(os.sched_getaffinity(0))

    found = [cores_of_a_worker(str(number)) for number in (0, len(cores) - 1, len(cores))]

    assert found == [[cores[0]], [cores[-1]], [cores[0]]]
