"""The Celery application: `celery -A workers.app worker|beat|flower`."""

from workers import look_nowhere_else

look_nowhere_else()

from celery import Celery

from workers import transport
from workers.consumer import LeanConsumer

transport.install()

app = Celery("tracker", include=["workers.tasks"], loader="workers.loader:Loader")
app.config_from_object("celeryconfig")
app.steps["consumer"].add(LeanConsumer)

import workers.flower_login  # makes Flower ask for a password
import workers.signals
import workers.watch  # noqa: F401  both connect to the application's signals
