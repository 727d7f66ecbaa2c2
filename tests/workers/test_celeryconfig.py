"""Celery's settings that the product's promises rest on, each with what breaks without it."""

from typing import Any

import pytest
from celery.bin.base import CLIContext
from celery.bin.worker import worker as worker_command
from celery.concurrency import solo, thread

import celeryconfig
from workers.application import app
from workers.pool import MOST_THREADS, CoroutinePool
from workers.scheduler import ProviderScheduler

#: (setting, value, what it is for)
SETTINGS = [
    ("accept_content", ["json"], "whoever can write to the broker runs no code by a pickle"),
    ("task_serializer", "json", "the same, outwards"),
    ("result_serializer", "json", "the same"),
    ("event_serializer", "json", "the same"),
    ("result_backend", None, "results would be keys that nobody reads"),
    ("task_ignore_result", True, "the same"),
    ("enable_utc", True, "an expiry means the same on every machine"),
    ("timezone", "UTC", "the same"),
    ("task_create_missing_queues", False, "a typo in a queue's name fails at once"),
    ("task_default_queue", "fetch", "a fetch that nobody routes is fetched"),
    ("task_acks_late", True, "with a prefetch of 1, nothing waits hidden in a worker"),
    ("worker_prefetch_multiplier", 1, "the same"),
    ("worker_disable_prefetch", True, "the same for hints, which nobody counts as unacknowledged"),
    ("worker_send_task_events", True, "Flower shows throughput without further flags"),
    ("task_reject_on_worker_lost", False, "a page that kills its worker does not come back at once"),
    ("worker_cancel_long_running_tasks_on_connection_loss", False, "a commit is safe whatever the broker does"),
    ("broker_connection_retry_on_startup", True, "a worker may start before the data server"),
    ("broker_connection_max_retries", None, "a data server that is away for an hour comes back"),
    ("worker_hijack_root_logger", False, "logs go where we send them"),
    ("worker_redirect_stdouts", False, "standard output is for updates"),
    ("beat_scheduler", "workers.scheduler:ProviderScheduler", "the schedule is a query"),
    ("beat_max_loop_interval", 1, "a new provider is noticed within a second"),
]
TRANSPORT = [
    ("retry_on_timeout", False, "True would repeat a publish whose answer was lost, and turn batches off"),
    ("priority_steps", [0], "one list per queue, so that its length is the backlog"),
    ("health_check_interval", 10, "a half-open connection is noticed"),
    ("socket_keepalive", True, "the same"),
    ("unacked_mutex_expire", 30, "a worker that is killed while it restores blocks the others for no longer"),
]


@pytest.mark.parametrize(("name", "value", "reason"), SETTINGS, ids=[name for name, _, _ in SETTINGS])
def test_a_setting_is_what_it_has_to_be(name: str, value: Any, reason: str) -> None:
    assert getattr(celeryconfig, name) == value, reason
    assert app.conf[name] == value, reason


@pytest.mark.parametrize(("name", "value", "reason"), TRANSPORT, ids=[name for name, _, _ in TRANSPORT])
def test_an_option_of_the_transport_is_what_it_has_to_be(name: str, value: Any, reason: str) -> None:
    assert app.conf.broker_transport_options[name] == value, reason


def test_no_task_outlives_its_visibility() -> None:
    visible_s = app.conf.broker_transport_options["visibility_timeout"]

    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < visible_s, "it would run twice"


def test_whoever_publishes_to_a_silent_server_gives_up_before_the_next_look() -> None:
    options = app.conf.broker_transport_options

    assert options["socket_connect_timeout"] < options["socket_timeout"] < options["visibility_timeout"]


def test_every_route_leads_to_a_queue_that_exists() -> None:
    queues = {queue.name for queue in app.conf.task_queues}

    assert queues == {"fetch", "print", "deliver"}
    assert {route["queue"] for route in app.conf.task_routes.values()} <= queues
    assert set(app.conf.task_routes) <= set(app.tasks)


def test_there_are_connections_enough_for_every_thread() -> None:
    assert app.conf.broker_transport_options["max_connections"] > MOST_THREADS


@pytest.mark.parametrize(
    ("option", "pool"), [(None, CoroutinePool), ("threads", thread.TaskPool), ("solo", solo.TaskPool)]
)
def test_a_worker_has_coroutines_unless_another_pool_is_named(option: str | None, pool: type) -> None:
    options = [] if option is None else ["--pool", option]
    with worker_command.make_context("worker", options, obj=CLIContext(app, no_color=True, workdir=".")) as context:
        assert context.params["pool"] is pool


def test_beat_uses_our_scheduler() -> None:
    from celery.utils.imports import symbol_by_name  # noqa: PLC0415  Celery's own way to it

    assert symbol_by_name(app.conf.beat_scheduler) is ProviderScheduler
