"""The Celery driver of the tracker: tasks, the scheduler, and the state of a worker process. Decides nothing itself."""

import os
import sys


def look_nowhere_else() -> None:
    """Take the working directory off the path for modules, unless it is a checkout from which this package was loaded.

    `celery -A` (once for each part of a module's name) and `python -m` put it first, where another project's json.py
    or requests.py would be found before the real one. This package is loaded already.
    """
    try:
        here = os.path.abspath("")
    except OSError:
        return  # a folder that was removed holds no modules
    if sys.path[:1] == [here] and not os.path.samefile(here, os.path.join(os.path.dirname(__file__), os.pardir)):
        del sys.path[0]


look_nowhere_else()
