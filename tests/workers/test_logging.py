"""How a process of Celery's logs."""

import logging

import pytest
import redis
from kombu.exceptions import OperationalError

from workers.signals import configure_logging


def formatted(error: Exception) -> str:
    """Return what a log line with that error looks like."""
    raised = (type(error), error, None)
    record = logging.LogRecord("celery.worker", logging.ERROR, "file", 1, "it ended: %s", (error,), raised)
    (handler,) = logging.root.handlers
    return handler.format(record)


@pytest.mark.usefixtures("logging_kept")
@pytest.mark.parametrize(
    "error",
    [
        redis.ResponseError("MISCONF No space left on device"),
        redis.ConnectionError("away"),
        OperationalError("away"),
        ConnectionResetError("away"),
        TimeoutError("away"),
    ],
)
def test_a_data_server_that_is_away_is_reported_in_one_line(error: Exception) -> None:
    configure_logging(loglevel="INFO")

    (line,) = formatted(error).splitlines()
    assert line.endswith(f"Z ERROR celery.worker: it ended: {error}")


@pytest.mark.usefixtures("logging_kept")
def test_a_mistake_of_ours_is_reported_in_full() -> None:
    configure_logging(loglevel="INFO")

    assert formatted(ValueError("surprise")).splitlines()[1:] == ["ValueError: surprise"]
