"""`tracker demo`."""

import logging
import os
import shutil
import sys
import tempfile
import threading
from contextlib import nullcontext
from pathlib import Path

import click

from tracker.catalogue import new_provider
from tracker.cli.demo_receiver import AlertView
from tracker.cli.options import format_option
from tracker.cli.up import run_stack
from tracker.environment.web import DEFAULT_ADDRESS
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.story import demo_page, play
from tracker.simulator.vendor import Page
from tracker.supervise.commands import Size

log = logging.getLogger("tracker")

_INTERVAL_S = 2
_LAST_WORDS = "nothing of the demo is kept. To watch real pages: `tracker init github openai`, then `tracker up`"


@click.command()
@format_option
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 100),
    default=1.0,
    show_default=True,
    help="The speed of the incident; 2 is twice as fast.",
)
@click.option("--alerts", "shows_alerts", is_flag=True, help="Show the alerts as well, as a channel receives them.")
def demo(output_format: str, speed: float, shows_alerts: bool) -> None:
    """Watch a simulated vendor go through an incident in about a minute; needs no network.

    It is `tracker up` with one page of a simulated vendor. Nothing is kept, and no other data server is touched.

    \b
    Example:
      tracker demo --alerts
    """
    page = demo_page()
    over = threading.Event()
    with (
        SimulatedVendor([page]) as vendor,
        tempfile.TemporaryDirectory(prefix="tracker-demo-") as directory,
        AlertView() if shows_alerts else nullcontext() as view,
    ):
        provider = _provider_of(page, vendor)

        def begin() -> None:
            _announce(directory)
            story.start()

        story = threading.Thread(target=play, args=([page], over.wait), kwargs={"speed": speed}, name="story")
        try:
            run_stack(
                [provider],
                f"the simulated vendor at {provider.url}",
                Path(directory),
                output_format,
                Size(workers=1, concurrency=4, web=DEFAULT_ADDRESS),
                alerting=view.alerting if view is not None else None,
                on_watching=begin,
                last_words=_LAST_WORDS,
                environ={name: value for name, value in os.environ.items() if not name.startswith("REDIS_")},
            )
        finally:
            over.set()
            if story.is_alive():
                story.join()


def _announce(directory: str) -> None:
    """Log the commands that show the demo in another terminal."""
    # `make demo` is run before anybody has put the command on a PATH.
    command = "tracker" if shutil.which("tracker") else f"{sys.executable} -m tracker"
    log.info("to see it from another terminal: %s status --data-dir %s", command, directory)
    log.info("or, update by update: %s tail -f --data-dir %s", command, directory)


def _provider_of(page: Page, vendor: SimulatedVendor) -> Provider:
    return new_provider(
        vendor.url(page.id),
        formats=FORMAT_NAMES,
        name=page.revision.name,
        interval_s=_INTERVAL_S,
        allow_private=True,
        origin="file",
    )
