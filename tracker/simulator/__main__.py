"""`python -m tracker.simulator`: a simulated vendor that plays its story until it receives a signal."""

import argparse
import math
import signal
import sys
import threading
from collections.abc import Sequence

from tracker.simulator.server import SimulatedVendor
from tracker.simulator.story import demo_page, play

_LAST_PORT = 65_535
_STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    # Blocked in all threads and waited for in this one: no handler can interrupt a change that is half made.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    pages = [demo_page(number) for number in range(1, options.pages + 1)]
    vendor = SimulatedVendor(pages, options.host, options.port)
    try:
        vendor.start()
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error.strerror}\n")
        return 1
    if not options.quiet:
        what = "simulated status page" if len(pages) == 1 else f"{len(pages)} simulated status pages, listed"
        sys.stdout.write(f"{what} at {vendor.url()}\n")
        sys.stdout.flush()
    over = threading.Event()
    story = threading.Thread(target=play, args=(pages, over.wait), kwargs={"speed": options.speed}, name="story")
    story.start()
    signal.sigwait(_STOP_SIGNALS)
    over.set()
    story.join()
    vendor.stop()
    return 0


def _port(text: str) -> int:
    """Return the number that `--port` gives. Raises ValueError."""
    if not 0 <= (number := int(text)) <= _LAST_PORT:
        raise ValueError(text)
    return number


def _page_count(text: str) -> int:
    """Return the number that `--pages` gives. Raises ValueError."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _speed(text: str) -> float:
    """Return the number that `--speed` gives. Raises ValueError."""
    if not 0 < (number := float(text)) < math.inf:
        raise ValueError(text)
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tracker.simulator", description="Serve simulated status pages that play incidents through."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="port, 0 for a free one (default: %(default)s)")
    parser.add_argument("--pages", type=_page_count, default=1, help="number of pages (default: %(default)s)")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="speed of the story; 2 is twice as fast (default: %(default)s)"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
