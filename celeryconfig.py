"""Celery's settings: plain assignments, each with its reason. REDIS_URL names the data server.

`celery -A workers.app worker|beat|flower` read this file. Celery knows no providers and no due times: the schedule is
in the data server (`workers.scheduler`), and a message is only a hint that may be lost.
"""

import os

from kombu.entity import Queue

from tracker.environment.settings import Settings
from tracker.store.connection import NAMESPACE, SENTINEL_OPTIONS

_settings = Settings.from_environment(os.environ)

broker_url = _settings.broker_url
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # for ever: a data server that is away for an hour comes back
broker_transport_options = {
    "visibility_timeout": 120,  # above the longest task, the same on every process: shorter would run tasks twice
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,  # a worker killed while it restores blocks the others for no longer
    "socket_timeout": 15,  # a publish to a silent server fails instead of hanging beat
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "retry_on_timeout": False,  # True would repeat a publish whose answer was lost, and turns batches off
    "max_connections": 200,
    "priority_steps": [0],  # one list per queue, so that its length is the backlog
    "client_name": "status-page-tracker",
}
if NAMESPACE:
    broker_transport_options["global_keyprefix"] = NAMESPACE  # of queues, events and remote commands
if _settings.sentinel_master:
    broker_transport_options |= {"master_name": _settings.sentinel_master, "sentinel_kwargs": SENTINEL_OPTIONS}

# Results would be keys nobody reads.
result_backend = None
task_ignore_result = True

# JSON and nothing else, in both directions: whoever can write to the broker must not run code by a pickle.
task_serializer = "json"
result_serializer = "json"
event_serializer = "json"
accept_content = ["json"]

enable_utc = True
timezone = "UTC"

task_default_queue = "fetch"
task_queues = [
    Queue("fetch", no_ack=True),  # hints: writing down that one was taken costs more than losing it
    Queue("print"),
    Queue("deliver"),
]
task_create_missing_queues = False  # a typo in a queue's name fails at once
task_routes = {
    "workers.tasks.print_updates": {"queue": "print"},
    "workers.tasks.wake_sinks": {"queue": "print"},  # one call to the data server; the printer is always there
    "workers.tasks.decide_alerts": {"queue": "deliver"},
    "workers.tasks.send_alerts": {"queue": "deliver"},
    "workers.tasks.deliver_updates": {"queue": "deliver"},  # of its own: receivers may stall, and fetches must not
}

task_acks_late = True
worker_prefetch_multiplier = 1
worker_disable_prefetch = True  # a worker takes what it has a free slot for: nothing waits hidden in one
task_reject_on_worker_lost = False  # beat is the retry; a task that kills its worker must not come back at once
task_soft_time_limit = 60  # prefork and coroutines; in every pool the fetcher's own deadline ends a request
task_time_limit = 75
task_publish_retry_policy = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 1}

# Fetching is waiting: a slot is a coroutine, which costs nothing while it waits (measured in docs/performance.md).
worker_pool = "workers.pool:CoroutinePool"
worker_concurrency = 512
worker_cancel_long_running_tasks_on_connection_loss = False  # a commit is safe whatever the broker does
worker_soft_shutdown_timeout = 5
# With `-P processes` alone (docs/operations.md): a process is replaced after so many tasks, or once it is so large.
worker_max_tasks_per_child = 5000
worker_max_memory_per_child = 300_000  # KiB
worker_send_task_events = True  # Flower shows throughput without further flags
task_send_sent_event = False  # one event less a task; Flower does not need it
worker_hijack_root_logger = False
worker_redirect_stdouts = False  # stdout belongs to the updates

beat_scheduler = "workers.scheduler:ProviderScheduler"
beat_max_loop_interval = 1  # providers that come or change are noticed within a second
beat_schedule = {
    # Fetches wake the printer at once, and it looks by itself every two seconds (workers/watch.py). These two are for
    # one that cannot, in a pool of processes: they drain what a lost wake-up left in the stream, try again to deliver
    # what failed, and let alerts follow the time.
    "print-updates": {
        "task": "workers.tasks.print_updates",
        "schedule": 10.0,
    },
    "wake-sinks": {
        "task": "workers.tasks.wake_sinks",
        "schedule": 10.0,
    },
}
