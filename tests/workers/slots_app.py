"""An application for workers in processes of their own: its tasks say by files what they do, and wait for files.

celery -A tests.workers.slots_app worker
"""

import asyncio
import os
from pathlib import Path

from kombu.asynchronous import get_event_loop

from tests.workers.slots import task_of
from workers import watch
from workers.application import app

FOLDER = Path(os.environ["SLOTS_FOLDER"])
#: Workers look this often whether messages can reach them.
watch.HEARS_EVERY_S = 0.4


async def _appears(path: Path) -> None:
    while not path.exists():  # noqa: ASYNC110, ASYNC240  a file announces itself in no other way
        await asyncio.sleep(0.02)


async def waits(name: str) -> str:
    (FOLDER / f"{name}.begun").touch()
    try:
        await _appears(FOLDER / f"{name}.go")
    except asyncio.CancelledError:
        (FOLDER / f"{name}.cancelled").touch()
        raise
    (FOLDER / f"{name}.done").touch()
    return name


async def stops_the_loop() -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(3600)


async def deafens() -> None:
    """Have Celery's loop forget its connections, as it may when one breaks in the middle of being made."""
    hub = get_event_loop()

    def forget() -> None:
        hub.on_tick.clear()
        for descriptor in list(hub.readers):
            hub.remove(descriptor)

    hub.call_soon(forget)


task_of(app, waits)
task_of(app, deafens)
task_of(app, stops_the_loop)
