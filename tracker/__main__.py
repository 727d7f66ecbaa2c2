"""`python -m tracker`, the same as the command `tracker`."""

import os
import sys

# Python puts the working directory first, where another project's json.py would be found before the real one.
# This package is loaded already, so the directory goes, unless it is the checkout itself.
if not sys.flags.safe_path and not os.path.samefile(sys.path[0], os.path.join(os.path.dirname(__file__), os.pardir)):
    del sys.path[0]

from tracker.cli import main

main()
