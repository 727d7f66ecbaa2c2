"""The tasks. Each takes ids, calls one use case and returns nothing; names and arguments are stable."""

import logging
import time

from kombu.exceptions import OperationalError

from tracker.errors import Conflict, SinkError, StoreError
from tracker.failpoints import failpoint
from tracker.poll import Outcome, Poll
from workers.app import app
from workers.runtime import runtime

log = logging.getLogger(__name__)

#: A wake-up that waited longer has been overtaken by the periodic one.
WAKE_UP_EXPIRES_S = 10


@app.task(name="workers.tasks.fetch_provider")  # type: ignore[untyped-decorator]
def fetch_provider(provider_id: str) -> None:
    """Poll one page. Whatever fails, the provider's next due time is the retry."""
    started = time.monotonic()
    try:
        poll = runtime().poller.poll(provider_id)
    except Conflict as error:
        log.info("conflict %s", error)
        return
    except StoreError as error:
        log.warning("poll of %s not committed: %s", provider_id, error)
        return
    if poll is None:
        log.debug("no turn to poll %s", provider_id)
        return
    _log_poll(provider_id, poll, time.monotonic() - started)
    if poll.events:
        failpoint("committed")
        _wake_printer()


@app.task(name="workers.tasks.print_updates")  # type: ignore[untyped-decorator]
def print_updates() -> None:
    """Bring what is new in the stream to the record and the console."""
    try:
        delivered = runtime().print_updates()
    except (StoreError, SinkError) as error:
        log.warning("updates wait in the stream: %s", error)
        return
    if delivered:
        log.debug("printed %d updates", delivered)


def _wake_printer() -> None:
    try:
        print_updates.apply_async(expires=WAKE_UP_EXPIRES_S)
    except OperationalError as error:
        log.warning("the printer was not woken (it looks by itself every few seconds): %s", error)


def _log_poll(provider_id: str, poll: Poll, seconds: float) -> None:
    if poll.outcome is Outcome.FAILED and poll.failure is not None:
        log.warning("polled %s failed reason=%s: %s", provider_id, poll.failure.reason, poll.failure)
        return
    log.info(
        "polled %s %s layer=%s new=%d in %.0f ms", provider_id, poll.outcome, poll.layer, poll.events, seconds * 1e3
    )
