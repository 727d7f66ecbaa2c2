"""The product's Celery application with a visibility timeout that a run of minutes can pass."""

from workers.app import app

app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 25}
app.conf.task_soft_time_limit = 20
app.conf.task_time_limit = 22
