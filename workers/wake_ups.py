"""Publishes tasks that wake somebody up: small messages, for which a broker that is away is no surprise."""

from celery import Task
from kombu.exceptions import OperationalError


def publish(task: Task, *arguments: str) -> None:
    """Publish a task. Raises OperationalError, also where the connection was closed by another thread meanwhile."""
    try:
        task.apply_async(arguments)
    except AttributeError as error:
        # A channel of kombu that is closed has no connection left to take its settings from.
        if error.obj is not None:
            raise
        raise OperationalError("the connection was closed meanwhile") from error
