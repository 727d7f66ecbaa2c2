"""A real web server in a thread, over a real data server and a real history."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import redis
import requests
import uvicorn

from tests.history.record import write
from tests.patience import PATIENCE_S, eventually
from tracker.alerting.desk import Desk
from tracker.alerting.links import Links
from tracker.environment.web import WebSettings
from tracker.history import History, open_history
from tracker.model.event import Event, encode_event
from tracker.model.page import Component, ComponentStatus, Impact, OpenIncident
from tracker.model.page_state import PageView
from tracker.model.provider import Provider
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.arrivals import RedisArrivals
from tracker.store.board import RedisBoard
from tracker.store.codec import encode_state, encode_view
from tracker.store.connection import UPDATES, connect_async, page_key
from tracker.store.drills import RedisDrills
from tracker.store.stored_state import StoredState, restored
from tracker.web.app import Addition, build_app
from tracker.web.background import Background
from tracker.web.drills import Drills
from tracker.web.now import NowBoard
from tracker.web.parts import Parts
from tracker.web.server import Server, config_of, listen


def utc() -> datetime:
    return datetime.now(UTC)


def provider(name: str = "acme", **more: Any) -> Provider:
    return Provider(**{"id": name, "name": name.title(), "url": f"https://{name}.example", **more})


def well(**more: Any) -> PageView:
    """Return a page on which all works."""
    parts = {"api": "API", "web": "Web"}
    components = {id_: Component(id=id_, name=name, status=ComponentStatus.OPERATIONAL) for id_, name in parts.items()}
    return PageView(**{"indicator": Impact.NONE, "components": components, "components_complete": True, **more})


def failing(**more: Any) -> PageView:
    """Return a page with an incident."""
    about = {"status": "investigating", "impact": Impact.MAJOR, "link": "https://acme.example/i1"}
    return well(open_incidents=(OpenIncident(id="i1", name="Requests fail", **{**about, **more}),))


class RunningWeb:
    """The app as `tracker web` serves it, on a free port of 127.0.0.1."""

    def __init__(
        self,
        client: "redis.Redis",
        directory: Path,
        settings: WebSettings | None = None,
        bound: str = "127.0.0.1",
        database: str | None = None,
        additions: Callable[[Parts], Sequence[Addition]] = lambda _parts: (),
    ) -> None:
        self.client = client
        self.record = directory / "updates.jsonl"
        self.history: History = open_history(directory, database)
        self.store = RedisBoard(client)
        self.parts = Parts(
            settings=settings or WebSettings(),
            bound=bound,
            clock=utc,
            board=NowBoard(self.store, utc),
            history=self.history,
            acts=self.store,
            desk=Desk(RedisAlerts(client), RedisRows(client), utc),
            drills=Drills(RedisDrills(client), self._drill, utc),
            links=Links(b"a secret of this test", "http://127.0.0.1"),
        )
        #: What drills are to do, and the drills that were asked for.
        self.drill_failure: Exception | None = None
        self.drilled: list[tuple[str, str | None]] = []
        self._socket: socket.socket = listen("127.0.0.1", 0, is_searching=False)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        added = additions(self.parts)
        self._reader = _Reader(self.parts)
        server = client.connection_pool.connection_kwargs
        arrivals = RedisArrivals(connect_async(f"redis://{server['host']}:{server['port']}/{server.get('db') or 0}"))
        background = Background(self.parts, arrivals, self.store, self.record, None)
        beside = [self._reader, background, *(b for each in added for b in each.beside)]
        app = build_app(self.parts, beside, [each.router for each in added])
        self.app = app
        self._server: uvicorn.Server = Server(config_of(app), self.parts.live)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, name="web")
        self._written = 0
        self.session = requests.Session()

    def __enter__(self) -> Self:
        self._thread.start()
        eventually(lambda: self._server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.session.close()
        self._socket.close()
        self.history.close()

    def stop(self) -> float:
        """End the server; return how many seconds that took."""
        began = time.monotonic()
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return time.monotonic() - began

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=PATIENCE_S, allow_redirects=False, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.session.post(self.url + path, timeout=PATIENCE_S, allow_redirects=False, **more)

    def watch(self, *pages: tuple[Provider, PageView], read_s_ago: float = 1.0, **state: Any) -> None:
        """Put providers into the catalogue with what is known of them, and wait until the board shows it."""
        now = utc()
        self.store._catalogue.put([known for known, _ in pages], now)
        for known, view in pages:
            written = restored(StoredState(url=known.url, seeded=True, **state))
            self.client.hset(
                page_key(known.id),
                mapping={
                    "state": encode_state(written),
                    "view": encode_view(view),
                    "revision": self.client.hincrby(page_key(known.id), "revision", 1),
                    "checked": (now - timedelta(seconds=read_s_ago)).timestamp(),
                },
            )
        eventually(lambda: all(self._shows(known) for known, _ in pages))

    def happen(self, *events: Event) -> None:
        """Have events happen as a tracker does: in the stream first, on record a moment later."""
        for event in events:
            self.client.xadd(UPDATES, {"event": encode_event(event)})
        write(self.record, events, self._written + 1)
        self._written += len(events)
        eventually(lambda: (self.history.bounds() or (0, 0))[1] >= self._written)

    @contextmanager
    def listening(self, path: str = "/events", **headers: str) -> Iterator["Listener"]:
        """Listen to server-sent events."""
        with requests.get(self.url + path, headers=headers, stream=True, timeout=PATIENCE_S) as response:
            yield Listener(response)

    def _drill(
        self, provider_id: str, channel: str | None, tell: Callable[[str], object], _stop: threading.Event
    ) -> None:
        self.drilled.append((provider_id, channel))
        tell("routed to chat")
        if self.drill_failure is not None:
            raise self.drill_failure

    def _shows(self, known: Provider) -> bool:
        self._reader.look()
        page = self.parts.board.now.pages.get(known.id)
        return page is not None and page.provider == known and page.revision == self._revision(known.id)

    def _revision(self, provider_id: str) -> bytes | None:
        return self.client.hget(page_key(provider_id), "revision")


class _Reader:
    """Somebody who looks at the pages, from any thread."""

    def __init__(self, parts: Parts) -> None:
        self._attention = parts.attention

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Do nothing."""

    def look(self) -> None:
        asyncio.run_coroutine_threadsafe(self._attention.look(), self._loop).result(PATIENCE_S)


class Listener:
    """What comes on a stream of server-sent events."""

    def __init__(self, response: requests.Response) -> None:
        self.response = response
        self._lines = response.iter_lines(chunk_size=1 << 16)

    def next(self, kind: str = "update") -> tuple[str, Any]:
        """Return id and data of the next event of a kind."""
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.decode().partition(": ")
            if name:
                fields[name] = value
            elif fields.get("event") == kind:
                return fields.get("id", ""), json.loads(fields["data"])
            else:
                fields = {}
        raise AssertionError("the stream ended")

    def updates(self, count: int) -> Sequence[str]:
        """Return the ids of the next updates."""
        return [self.next()[1]["update_id"] for _ in range(count)]
