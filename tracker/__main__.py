"""`python -m tracker`, the same as the command `tracker`."""

import os
import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback, while modules are imported too."""
    try:
        from tracker.cli import main as run  # noqa: PLC0415  whatever is imported may be interrupted

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    # Python puts the working directory first, where another project's json.py would be found before the real one. This
    # package is loaded already, so the directory goes, unless it is the checkout itself.
    if not sys.flags.safe_path and not os.path.samefile(
        sys.path[0], os.path.join(os.path.dirname(__file__), os.pardir)
    ):
        del sys.path[0]
    main()
