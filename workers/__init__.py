"""The Celery driver of the tracker: tasks, the scheduler, and what a worker process holds. Decides nothing itself."""

import os
import sys

# `celery -A` and `python -m` put the working directory first, where another project's json.py or requests.py would be
# taken for the one that is meant. This package has been found by now; only a checkout that is run as it is stays.
try:
    _here = os.path.abspath("")
except OSError:
    _here = ""  # a folder that was removed holds no modules
if sys.path[:1] == [_here] and not os.path.samefile(_here, os.path.join(os.path.dirname(__file__), os.pardir)):
    del sys.path[0]
