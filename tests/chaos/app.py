"""The product's Celery application with a visibility timeout that a run of minutes can pass."""

from workers.application import app

app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 50}
app.conf.task_soft_time_limit = 40
app.conf.task_time_limit = 45
