"""Every error pickles, says one sentence, and is in the tree that its module draws."""

import pickle
from collections.abc import Iterator

import pytest

import tracker.errors
from tracker.errors import HttpStatusError, PollError, TrackerError


def descendants(error: type[TrackerError]) -> Iterator[type[TrackerError]]:
    for child in error.__subclasses__():
        yield child
        yield from descendants(child)


EVERY_ERROR = sorted({TrackerError, *descendants(TrackerError)}, key=lambda error: error.__name__)
POLL_ERRORS = [error for error in EVERY_ERROR if issubclass(error, PollError)]


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_an_error_survives_pickling(error: type[TrackerError]) -> None:
    sent = error("what happened")

    received = pickle.loads(pickle.dumps(sent))

    assert type(received) is error
    assert str(received) == str(sent) == "what happened"
    assert vars(received) == vars(sent)


@pytest.mark.parametrize("error", POLL_ERRORS)
def test_a_poll_error_carries_how_long_to_wait(error: type[PollError]) -> None:
    received = pickle.loads(pickle.dumps(error("wait", 30.0)))

    assert received.retry_after_s == 30.0
    assert error("do not wait").retry_after_s is None


def test_a_status_error_carries_its_status() -> None:
    received = pickle.loads(pickle.dumps(HttpStatusError("busy", 30.0, 503)))

    assert (received.status, received.retry_after_s, str(received)) == (503, 30.0, "busy")


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_the_tree_in_the_docstring_is_complete(error: type[TrackerError]) -> None:
    assert error.__name__ in (tracker.errors.__doc__ or "").split()


def test_reasons_are_distinct_words() -> None:
    reasons = [error.reason for error in POLL_ERRORS]

    assert len(set(reasons)) == len(reasons)
    assert all(reason.replace("_", "").isalpha() for reason in reasons)
