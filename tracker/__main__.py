"""`python -m tracker`, the same as the command `tracker`."""

import os
import sys

# Python has put the working directory first, where another project's json.py would be taken for the one that is meant.
# This package has been found by now; only a checkout that is run as it is stays.
if not sys.flags.safe_path and not os.path.samefile(sys.path[0], os.path.join(os.path.dirname(__file__), os.pardir)):
    del sys.path[0]

from tracker.cli import main

main()
