"""`tracker up`."""

import logging
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from tracker.alerting.channels.apprise import require_library
from tracker.cli.inner import refused_addresses, require_reachable
from tracker.cli.options import data_dir_option, environment, format_option, providers_option, read_contents
from tracker.delivery.sinks.webhook import endpoint
from tracker.environment.credentials import require_secrets
from tracker.environment.settings import Settings
from tracker.environment.web import DEFAULT_ADDRESS
from tracker.model.channel import AppriseConfig
from tracker.model.provider import Provider, Webhook
from tracker.model.route import Alerting
from tracker.polling.page_request import missing_credentials
from tracker.supervise.commands import Size
from tracker.supervise.patience import Stopped
from tracker.supervise.stack import Stack, handle_signals

log = logging.getLogger("tracker")


@click.command()
@providers_option
@data_dir_option
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Worker processes.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=512,
    show_default=True,
    help="Pages that a worker polls at a time.",
)
@format_option
@click.option(
    "--web", default=DEFAULT_ADDRESS, show_default=True, metavar="HOST:PORT", help="The address of the web page."
)
@click.option("--no-web", is_flag=True, help="Serve no web page.")
@click.option("-v", "--verbose", is_flag=True, help="Show the logs of beat, workers and printer as well.")
def up(
    providers_file: Path,
    data_dir: Path,
    workers: int,
    concurrency: int,
    output_format: str,
    web: str,
    no_web: bool,
    verbose: bool,
) -> None:
    """Watch the pages: start everything on this machine, print new updates, and serve a web page.

    Updates go to standard output and to updates.jsonl in the data directory, logs to standard error. Ctrl-C stops
    everything; the next start continues where this one ended. REDIS_URL replaces the data server that is started here.

    \b
    Example:
      tracker up --providers providers.toml --format json
    """
    level = "INFO" if verbose else "ERROR"
    size = Size(workers=workers, concurrency=concurrency, log_level=level, web=None if no_web else web)
    contents = read_contents(providers_file)
    sinks, alerting = contents.sinks, contents.alerting
    for sink in sinks:
        endpoint(sink, os.environ)  # report a missing variable now, not with the first incident
    for channel in alerting.channels:
        require_secrets(channel, os.environ)
        if isinstance(channel, AppriseConfig):
            require_library(channel)
    require_reachable(sinks, alerting.channels, os.environ)
    run_stack(contents.providers, str(providers_file), data_dir, output_format, size, sinks=sinks, alerting=alerting)


def run_stack(
    providers: Sequence[Provider],
    origin: str,
    data_dir: Path,
    output_format: str,
    size: Size,
    sinks: Sequence[Webhook] = (),
    alerting: Alerting | None = None,
    on_watching: Callable[[], object] = lambda: None,
    last_words: str = "nothing is lost; the next start continues here",
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Run the stack until a signal; call `on_watching` once every page was polled. Raises ConfigError."""
    log_to_stderr()
    os.umask(0o077)  # for all children, too: files in the data directory are for this user alone
    variables = environment(data_dir, environ, TRACKER_FORMAT=output_format)
    stack = Stack(Settings.from_environment(variables), size, variables, str(Path(origin).resolve()))
    handle_signals(stack)
    try:
        log.info("starting: %s %s from %s", f"{len(providers):,}", "page" if len(providers) == 1 else "pages", origin)
        for sentence in (*missing_credentials(providers, variables), *refused_addresses(providers)):
            log.warning("%s", sentence)
        stack.start(providers, sinks, alerting)
        log.info(
            "started %s, each polls up to %d pages at a time; updates below and in %s; Ctrl-C stops",
            "1 worker" if size.workers == 1 else f"{size.workers} workers",
            size.concurrency,
            stack.record,
        )
        stack.run(on_watching)
        log.info("stopping")
    except Stopped:
        log.info("stopping before everything was started")
    finally:
        stack.close()
    log.info("stopped; %s", last_words)


def log_to_stderr() -> None:
    """Log to standard error in UTC; standard output is for updates."""
    formatter = logging.Formatter("%(asctime)sZ tracker: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
