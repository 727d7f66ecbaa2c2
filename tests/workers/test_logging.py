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
def test_an_error_of_ours_is_reported_in_full() -> None:
    configure_logging(loglevel="INFO")

    assert formatted(ValueError("surprise")).splitlines()[1:] == ["ValueError: surprise"]


@pytest.mark.usefixtures("logging_kept")
def test_a_data_server_that_refuses_a_command_is_reported_in_words_of_ours() -> None:
    configure_logging(loglevel="INFO")
    error = redis.ResponseError("MISCONF No space left on device")

    record = logging.LogRecord("celery.worker", logging.CRITICAL, "file", 1, "Unrecoverable error: %r", (error,), None)
    record.exc_info = (type(error), error, None)
    (line,) = logging.root.handlers[0].format(record).splitlines()
    assert "the data server refused a command (MISCONF No space left on device); this worker ends" in line


@pytest.mark.usefixtures("logging_kept")
def test_a_message_of_celery_is_one_line_and_none_of_its_essays_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(loglevel="INFO")

    record = logging.LogRecord("celery.worker", logging.ERROR, "file", 1, "away.\nTrying again in %s s\n", (2,), None)
    (line,) = logging.root.handlers[0].format(record).splitlines()
    assert line.endswith("celery.worker: away. Trying again in 2 s")
    logging.getLogger("py.warnings").warning("%s", "file:1: CPendingDeprecationWarning: In Celery 5.1 we introduced")
    logging.getLogger("py.warnings").warning("%s", "file:1: ResourceWarning: unclosed")
    (kept,) = capsys.readouterr().err.splitlines()
    assert "unclosed" in kept
