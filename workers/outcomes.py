"""The results of tasks, in the few words that Flower shows. Nothing else reads them."""

from typing import Final

from tracker.errors import Conflict, TrackerError
from tracker.model.plain import one_line
from tracker.polling.poller import Outcome, Poll

#: The beginning of a result that Flower is to show as failed. For Celery the task succeeds, since unreadable pages are
#: part of daily work: Celery would log a failure with a traceback, and keep its result.
FAILED: Final = "failed "
_LONGEST: Final = 200


class Summary:
    """A text whose `repr` is the text itself, because Celery shows results by their `repr`."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def failed(error: TrackerError) -> Summary:
    """Return the result of a task whose data server failed."""
    return Summary(FAILED + one_line(f"store: {error}", _LONGEST))


def of_poll(outcome: Poll | TrackerError | None) -> Summary:
    """Return the result of a poll."""
    if outcome is None:
        return Summary("no lease")
    if isinstance(outcome, Conflict):
        return Summary(one_line(f"not committed: {outcome}", _LONGEST))
    if isinstance(outcome, TrackerError):
        return failed(outcome)
    if outcome.outcome is Outcome.FAILED and outcome.failure is not None:
        return Summary(FAILED + one_line(f"{outcome.failure.reason}: {outcome.failure}", _LONGEST))
    if outcome.busy is not None:
        return Summary(f"waits for host {outcome.busy.slot.host}")
    response_class = f" {outcome.response_class}" if outcome.outcome is Outcome.QUIET else ""
    return Summary(
        f"{outcome.outcome}{response_class}, {outcome.events} new"
        if outcome.events
        else f"{outcome.outcome}{response_class}"
    )
