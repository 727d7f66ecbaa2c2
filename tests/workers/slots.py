"""Tasks of coroutines on Celery's application, a worker for them, and what it reports of them."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from celery import Celery, Task
from celery.contrib.testing.worker import start_worker
from celery.events.state import State
from celery.worker import state

from tests.patience import PATIENCE_S

POOL = "workers.pool:CoroutinePool"


def in_thread(argument: object = None) -> str:
    """Be what a task with a coroutine does in a pool without a loop."""
    return f"in a thread: {argument}"


def task_of(app: Celery, coroutine: Callable[..., Awaitable[Any]], **options: Any) -> Task:
    """Return a task that takes the same ways as a fetch does; whoever made it unregisters it."""
    return app.task(
        name=f"slots.{coroutine.__name__}",
        Strategy="workers.lean:strategy",
        Request="workers.consumer:HintRequest",
        coroutine=staticmethod(coroutine),
        **options,
    )(in_thread)


@contextmanager
def worker(app: Celery, concurrency: int, pool: str = POOL) -> Iterator[Any]:
    """Have a worker on all queues until the end of the block."""
    state.reset_state()
    with start_worker(
        app, pool=pool, concurrency=concurrency, perform_ping_check=False, shutdown_timeout=PATIENCE_S
    ) as controller:
        yield controller
    state.reset_state()


class Watch:
    """What is reported of tasks, as Flower hears it."""

    def __init__(self, connection: Any) -> None:
        self.reported: Counter[str] = Counter()
        self.events: list[dict[str, Any]] = []
        self.state = State()
        self.hears = False
        self._connection = connection

    def take(self, event: dict[str, Any]) -> None:
        """Keep an event of a task."""
        self.hears = True
        if event["type"].startswith("task-"):
            self.reported[event["type"]] += 1
            self.events.append(dict(event))
            self.state.event(event)

    def until(self, **least: int) -> None:
        """Wait until so many events of these types came; raise when they do not."""
        wanted = {f"task-{name}": count for name, count in least.items()}
        while any(self.reported[name] < count for name, count in wanted.items()):
            try:
                self._connection.drain_events(timeout=PATIENCE_S)
            except TimeoutError:
                raise AssertionError(f"{self.reported}, not {wanted}") from None


@contextmanager
def watching(app: Celery) -> Iterator[Watch]:
    """Listen for events until the end of the block."""
    with app.connection_for_read() as connection:
        watch = Watch(None)
        receiver = app.events.Receiver(connection, handlers={"*": watch.take})
        with receiver.consumer_context() as (listening, _, _):
            watch._connection = listening
            while not watch.hears:
                app.events.Dispatcher(connection).send("watch-begins")
                with suppress(TimeoutError):
                    listening.drain_events(timeout=0.1)
            yield watch
