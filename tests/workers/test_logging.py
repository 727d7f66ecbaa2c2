"""How a process of Celery's logs."""

import logging

import pytest
import redis
from kombu.exceptions import OperationalError

from workers.signals import configure_logging


def formatted(message: str, *values: object, error: Exception | None = None) -> list[str]:
    """Return the lines that become of a message of Celery's."""
    configure_logging(loglevel="INFO")
    raised = (type(error), error, None) if error else None
    record = logging.LogRecord("celery.worker", logging.ERROR, "file", 1, message, values, raised)
    (handler,) = logging.root.handlers
    return handler.format(record).splitlines()


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
    (line,) = formatted("it ended: %s", error, error=error)

    assert line.endswith(f"Z ERROR celery.worker: it ended: {error}")


def test_an_error_of_ours_is_reported_in_full() -> None:
    error = ValueError("surprise")

    assert formatted("it ended: %s", error, error=error)[1:] == ["ValueError: surprise"]


def test_a_data_server_that_refuses_a_command_is_reported_in_words_of_ours() -> None:
    error = redis.ResponseError("MISCONF No space left on device")

    (line,) = formatted("Unrecoverable error: %r", error, error=error)
    assert "the data server refused a command (MISCONF No space left on device); this worker ends" in line


def test_a_message_of_celery_is_one_line_and_none_of_its_essays_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = formatted("away.\nTrying again in %s s\n", 2)
    assert line.endswith("celery.worker: away. Trying again in 2 s")

    for warning in ("CPendingDeprecationWarning: In Celery 5.1 we introduced", "ResourceWarning: unclosed"):
        logging.getLogger("py.warnings").warning("%s", f"file:1: {warning}")
    (kept,) = capsys.readouterr().err.splitlines()
    assert "unclosed" in kept
