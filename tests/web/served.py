"""The real app over a world that is made up, served on a port of this machine."""

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import fakeredis
import msgspec
import uvicorn
from fastapi.testclient import TestClient

from tests.web import world
from tests.web.invented_alerts import MadeUpAlerts
from tracker.alerting.desk import Desk
from tracker.alerting.links import Links
from tracker.delivery.latency import Timing
from tracker.environment.web import WebSettings
from tracker.errors import ConfigError
from tracker.history import History
from tracker.model.event import Event
from tracker.model.provider import Provider
from tracker.polling.poll_cost import Savings
from tracker.store.board import RedisBoard
from tracker.store.codec import encode_state, encode_view
from tracker.store.connection import DUE, page_key
from tracker.web.answers import provider_state
from tracker.web.app import build_app
from tracker.web.drills import Drills
from tracker.web.now import NowBoard, PageNow
from tracker.web.pages.health import Checked, checked
from tracker.web.parts import Parts
from tracker.web.server import listen
from tracker.web.site import Site
from tracker.web.with_pages import with_pages

LINKS = Links(b"a secret of this test")
#: When nothing is due.
_LATER = 9e9
TOKEN = "a-token-that-lets-one-act"
CHECKS = (
    checked("data_server", "ok", "valkey 8.1 answers in 0.4 ms", None),
    checked("clock", "warning", "1.8 s ahead of the data server", "Start time synchronisation on this host."),
)


class MadeUp(RedisBoard):
    """What the data server would hold of a world, without a server."""

    def __init__(self, pages: Sequence[PageNow]) -> None:
        super().__init__(fakeredis.FakeRedis())
        self._catalogue.put([page.provider for page in pages], world.NOW)
        for page in pages:
            self.change(page)
            self._client.zadd(DUE, {page.provider.id: _LATER})

    def change(self, page: PageNow) -> None:
        """Let a page be known otherwise."""
        key = page_key(page.provider.id)
        known = {"state": encode_state(page.state), "view": encode_view(page.view)}
        checked = {} if page.checked_at is None else {"checked": page.checked_at.timestamp()}
        self._client.hset(key, mapping={**known, **checked, "revision": self._client.hincrby(key, "revision", 1)})

    @property
    def pushed(self) -> list[str]:
        """Return the ids of the pages that are to be asked now."""
        due: Any = self._client.zrangebyscore(DUE, "-inf", world.NOW.timestamp())
        return [each.decode() for each in due]

    def timings(self, provider_ids: Sequence[str]) -> tuple[tuple[Timing, ...], ...]:
        each = tuple(Timing(stream_id=f"{n}-0", published_s=8 + n, unseen_s=30, logged_s=0.2) for n in range(20))
        return tuple(each for _ in provider_ids)

    def savings(self, provider_ids: Sequence[str]) -> tuple[Savings, ...]:
        endings: Mapping[str, int] = {"not_modified": 2611, "same_body": 214, "changed": 19, "failed": 3}
        return tuple(Savings(endings=endings, since=world.NOW - timedelta(days=1)) for _ in provider_ids)


class Loop:
    """Knows the loop that the app runs on."""

    def __init__(self) -> None:
        self.running: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self.running = asyncio.get_running_loop()

    async def stop(self) -> None:
        pass


class Served:
    """A running app."""

    def __init__(self, made_up: MadeUp, parts: Parts, url: str, loop: Loop) -> None:
        self.made_up = made_up
        self.parts = parts
        self.url = url
        self._loop = loop

    def change(self, page: PageNow) -> None:
        """Let a page be known otherwise, and tell whoever listens, as the app does every second."""
        self.made_up.change(page)
        self.parts.board.refresh()
        known = self.parts.board.now.pages[page.provider.id]
        state = msgspec.json.encode(provider_state(known, world.NOW))
        assert self._loop.running is not None
        self._loop.running.call_soon_threadsafe(self.parts.live.publish_states, [state])


def parts_over(
    made_up: MadeUp, history: History, settings: WebSettings, events: Sequence[Event] | None = None
) -> Parts:
    """Return the app's parts, at the moment at which the world is made up."""
    board = NowBoard(made_up, lambda: world.NOW)
    board.refresh()
    alerts = MadeUpAlerts(made_up.providers(), events)
    return Parts(
        settings=settings,
        bound="127.0.0.1",
        clock=lambda: world.NOW,
        board=board,
        history=history,
        acts=made_up,
        desk=Desk(alerts, alerts, lambda: world.NOW),
        drills=Drills(alerts, alerts.drill, lambda: world.NOW),
        links=LINKS,
    )


def site_over(made_up: MadeUp, parts: Parts, look: str = "") -> Site:
    """Return the pages; every page that is looked at has this name of its own, and "nowhere" cannot be read."""

    def looked(provider: Provider) -> str:
        if "nowhere" in provider.url:
            raise ConfigError(f"{provider.url}: nothing was found there")
        return look

    checks: tuple[Checked, ...] = CHECKS
    return Site(parts, made_up, lambda: checks, looked)


@contextlib.contextmanager
def serving(
    pages: Sequence[PageNow],
    directory: Path,
    settings: WebSettings | None = None,
    history: History | None = None,
    events: Sequence[Event] | None = None,
) -> Iterator[Served]:
    """Serve the pages of a world until the end of the block."""
    made_up = MadeUp(pages)
    recorded = history or world.history(directory)
    parts = parts_over(made_up, recorded, settings or WebSettings(act_token=TOKEN), events)
    loop = Loop()
    app = with_pages(build_app(parts, [loop]), site_over(made_up, parts, "Looked at"))
    listening = listen("127.0.0.1", 0, is_searching=False)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Served(made_up, parts, f"http://127.0.0.1:{listening.getsockname()[1]}", loop)
    finally:
        if loop.running is not None:
            asyncio.run_coroutine_threadsafe(parts.live.close(), loop.running).result(10)
        server.should_exit = True
        thread.join(10)
        recorded.close()


@contextlib.contextmanager
def asking(
    directory: Path,
    settings: WebSettings | None = None,
    pages: Sequence[PageNow] | None = None,
    url: str = "http://127.0.0.1",
) -> Iterator[tuple[TestClient, Parts]]:
    """Ask the app of a world without a server between."""
    made_up = MadeUp(world.pages() if pages is None else pages)
    parts = parts_over(made_up, world.history(directory), settings or WebSettings(act_token=TOKEN))
    app = with_pages(build_app(parts), site_over(made_up, parts, "Looked at"))
    with TestClient(app, base_url=url, headers={"accept": "text/html"}) as client:
        yield client, parts
    parts.history.close()


def form_token(client: TestClient, path: str = "/") -> str:
    """Return the token of the forms of a page."""
    found = re.search(r'name="form_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]
