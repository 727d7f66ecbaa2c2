"""`python -m tracker`, the same as the command `tracker`."""

from tracker.cli import main

main()
