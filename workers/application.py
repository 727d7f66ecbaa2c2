"""The Celery application: its settings, the tasks and the intake of a worker."""

from celery import Celery

from workers import transport
from workers.consumer import LeanConsumer

transport.install()

app = Celery("tracker", include=["workers.tasks"], loader="workers.loader:Loader")
app.config_from_object("celeryconfig")
app.steps["consumer"].add(LeanConsumer)

import workers.signals
import workers.watch  # noqa: F401  both connect to signals, and watch needs the tasks
