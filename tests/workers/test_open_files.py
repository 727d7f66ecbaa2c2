"""How many files a worker may open."""

import subprocess
import sys

import pytest

#: Begins with few, as shells do, and prints how many there are once the worker's signal was sent.
PROGRAM = """
import resource
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard} or most))
from workers.signals import open_more_files
open_more_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard", "then"), [(256, 2048, "2048 2048"), (512, 512, "512 512")])
def test_a_worker_may_open_as_many_files_as_the_system_lets_it(soft: int, hard: int, then: str) -> None:
    program = PROGRAM.format(soft=soft, hard=hard)

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == then
