"""The application for Celery's own commands: `celery -A workers.app worker|beat|flower`."""

from workers import look_nowhere_else

look_nowhere_else()

import workers.flower_login  # noqa: F401  makes Flower ask for a password
from workers.application import app

__all__ = ["app"]
