"""The tasks. Each takes ids, calls one use case and returns how it ended; names and arguments are stable."""

import asyncio
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded
from celery.signals import worker_shutdown
from kombu.exceptions import OperationalError

from tracker.errors import ConfigError, Conflict, SinkError, StoreError, TrackerError
from tracker.failpoints import failpoint
from tracker.polling.poller import Outcome, Poll
from workers.application import app
from workers.loop import closers
from workers.outcomes import Summary, failed, of_poll
from workers.poll_summary import PollSummary
from workers.runtime import close_in_loop, runtime

log = logging.getLogger(__name__)

closers.append(close_in_loop)

_summary = PollSummary(time.monotonic())
_summary_lock = threading.Lock()

#: The most wake-ups that may be pending: one does the work of all, and with a distant data server the queue would grow
#: faster than it is read. They do not expire, since a late one still gets the work done.
MOST_WAKE_UPS: Final = 4
#: The same for sinks, each of which has its own wake-up.
MOST_DELIVERIES: Final = 100


async def _poll_in_loop(provider_id: str) -> Summary:
    """Poll one page as a coroutine of the worker's loop (`workers.loop`)."""
    started = time.monotonic()
    outcome: Poll | TrackerError | None
    try:
        outcome = await runtime().quick_poller().poll(provider_id)
    except (Conflict, StoreError) as error:
        outcome = error
    _log_outcome(provider_id, outcome, time.monotonic() - started)
    if isinstance(outcome, Poll) and outcome.events:
        failpoint("committed")
        await asyncio.to_thread(_wake_readers)  # publishing blocks
    return of_poll(outcome)


@app.task(  # type: ignore[untyped-decorator]
    name="workers.tasks.fetch_provider",
    Strategy="workers.lean:strategy",
    Request="workers.consumer:HintRequest",
    coroutine=staticmethod(_poll_in_loop),
    # The pool logs one line for each anyway; after the machine was suspended, many come at once.
    throws=(SoftTimeLimitExceeded, TimeLimitExceeded),
)
def fetch_provider(provider_id: str) -> Summary:
    """Poll one page. Whatever fails, the provider's next due time is the retry."""
    started = time.monotonic()
    outcome: Poll | TrackerError | None
    try:
        outcome = runtime().poller.poll(provider_id)
    except (Conflict, StoreError) as error:
        outcome = error
    _log_outcome(provider_id, outcome, time.monotonic() - started)
    if isinstance(outcome, Poll) and outcome.events:
        failpoint("committed")
        _wake_readers()
    return of_poll(outcome)


# Wake-ups come every few seconds and mostly find nothing to do; in Flower they would crowd out other tasks.
@app.task(name="workers.tasks.print_updates", send_events=False)  # type: ignore[untyped-decorator]
def print_updates() -> None:
    """Write new events of the stream to the record and the console."""
    try:
        delivered = runtime().print_updates()
    except Conflict as error:
        log.info("conflict %s", error)
        return
    except (StoreError, SinkError) as error:
        log.warning("updates wait in the stream: %s", error)
        return
    if delivered:
        log.debug("printed %d updates", delivered)


@app.task(name="workers.tasks.deliver_updates", Request="workers.consumer:ReportingRequest")  # type: ignore[untyped-decorator]
def deliver_updates(sink_id: str) -> Summary:
    """Deliver the events that wait for one sink. Whatever fails, the next wake-up is the retry."""
    try:
        acknowledged = runtime().deliver_updates(sink_id)
    except Conflict as error:
        log.info("conflict %s", error)
        return Summary("taken by another worker")
    except StoreError as error:
        log.warning("updates wait for sink %s: %s", sink_id, error)
        return failed(error)
    if acknowledged:
        log.info("acknowledged %d updates of sink %s", acknowledged, sink_id)
        # More events may have arrived meanwhile, and the task that they woke found the sink taken.
        _wake_sinks()
    return Summary(f"{acknowledged} acknowledged")


@app.task(name="workers.tasks.wake_sinks", send_events=False)  # type: ignore[untyped-decorator]
def wake_sinks() -> None:
    """Start deliveries to all sinks with pending events, and to the channels of alerts."""
    _wake_sinks()
    _wake_alerts()


@app.task(name="workers.tasks.decide_alerts", send_events=False)  # type: ignore[untyped-decorator]
def decide_alerts() -> None:
    """Decide about alerts by new events and by the time, and wake the senders of messages."""
    try:
        decided = runtime().decide_alerts()
    except Conflict as error:
        log.info("conflict %s", error)
        decided = 0
    except StoreError as error:
        log.warning("alerts wait: %s", error)
        return
    _wake_channels()
    if decided:
        _wake_printer()  # the printer writes the journal of alerts, too


@app.task(name="workers.tasks.send_alerts", Request="workers.consumer:ReportingRequest")  # type: ignore[untyped-decorator]
def send_alerts(channel: str) -> Summary:
    """Send pending messages to one channel. Whatever fails, the next wake-up is the retry."""
    try:
        sent = runtime().send_alerts(channel)
    except Conflict as error:
        log.info("conflict %s", error)
        return Summary("taken by another worker")
    except (StoreError, ConfigError) as error:
        log.warning("alerts wait for channel %s: %s", channel, error)
        return failed(error)
    if sent:
        log.info("sent %d messages to channel %s", sent, channel)
        # More messages may have come meanwhile, and the task that they woke found the channel taken.
        _wake_channels()
        _wake_printer()  # the printer writes the rows of sent messages
    return Summary(f"{sent} sent")


def look_after_alerts(*, has_watchdog: bool) -> bool:
    """Decide about alerts and have them sent, without beat; return whether all of the tracker works."""
    try:
        if has_watchdog or runtime().alerts.has_channels():
            runtime().decide_alerts()
            _wake_channels()
    except Conflict as error:
        log.info("conflict %s", error)
    except StoreError as error:
        log.info("alerts wait: %s", error)  # the tasks log it, too
        return False
    return runtime().is_well()


def _wake_readers() -> None:
    _wake_printer()
    _wake_sinks()
    _wake_alerts()


def _wake_alerts() -> None:
    try:
        if runtime().alerts.has_channels() and runtime().waiting("deliver") < MOST_DELIVERIES:
            decide_alerts.apply_async()
    except (StoreError, OperationalError) as error:
        log.warning("cannot decide about alerts (the next try is in a few seconds): %s", error)


def _wake_channels() -> None:
    try:
        alerts = runtime().alerts
        names = [channel.name for channel in alerts.config().channels]
        if (ready := alerts.channels_ready(names, datetime.now(UTC))) and runtime().waiting(
            "deliver"
        ) < MOST_DELIVERIES:
            for name in ready:
                send_alerts.apply_async((name,))
    except (StoreError, OperationalError) as error:
        log.warning("cannot wake channels (the next try is in a few seconds): %s", error)


def _wake_printer() -> None:
    try:
        if runtime().waiting("print") < MOST_WAKE_UPS:
            print_updates.apply_async()
    except (StoreError, OperationalError) as error:
        log.warning("cannot wake the printer (it also looks by itself every few seconds): %s", error)


def _wake_sinks() -> None:
    try:
        if (ready := runtime().sinks.ready(datetime.now(UTC))) and runtime().waiting("deliver") < MOST_DELIVERIES:
            for name in ready:
                deliver_updates.apply_async((name,))
    except (StoreError, OperationalError) as error:
        log.warning("cannot wake sinks (the next try is in a few seconds): %s", error)


def _log_outcome(provider_id: str, outcome: Poll | TrackerError | None, seconds: float) -> None:
    _count(outcome, seconds)
    if isinstance(outcome, Conflict):
        log.info("conflict %s", outcome)
    elif isinstance(outcome, TrackerError):
        log.warning("poll of %s not committed: %s", provider_id, outcome)
    elif outcome is None:
        log.debug("no lease to poll %s", provider_id)
    else:
        _log_poll(provider_id, outcome, seconds)


def _log_poll(provider_id: str, poll: Poll, seconds: float) -> None:
    if poll.outcome is Outcome.FAILED and poll.failure is not None:
        log.warning("polled %s failed reason=%s: %s", provider_id, poll.failure.reason, poll.failure)
        return
    if poll.busy is not None:
        log.debug("host %s is busy, %s waits with %d others", poll.busy.slot.host, provider_id, poll.busy.waiting - 1)
        return
    log.log(
        logging.DEBUG if poll.outcome is Outcome.QUIET and not poll.events else logging.INFO,
        "polled %s %s class=%s new=%d in %.0f ms",
        provider_id,
        poll.outcome,
        poll.response_class,
        poll.events,
        seconds * 1e3,
    )


def _count(outcome: Poll | TrackerError | None, seconds: float) -> None:
    """Count a poll, and log the summary of each minute."""
    if isinstance(outcome, Poll):
        kind = str(outcome.outcome)
    else:
        kind = "without a lease" if outcome is None else "not committed"
    now_s = time.monotonic()
    with _summary_lock:
        _summary.add(kind, seconds)
        line = _summary.due(now_s)
    if line is not None:
        log.info(line)


@worker_shutdown.connect  # type: ignore[untyped-decorator]
def _log_the_rest(**_: object) -> None:
    """Log the summary of the polls since the last line."""
    with _summary_lock:
        line = _summary.line(time.monotonic())
    if line is not None:
        log.info(line)
