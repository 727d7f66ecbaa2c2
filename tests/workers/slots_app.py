"""An application for workers in processes of their own: its tasks say by files what they do, and wait for files.

celery -A tests.workers.slots_app worker
"""

import asyncio
import os
from pathlib import Path

from tests.workers.slots import task_of
from workers.app import app

FOLDER = Path(os.environ["SLOTS_FOLDER"])


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


task_of(app, waits)
task_of(app, stops_the_loop)
