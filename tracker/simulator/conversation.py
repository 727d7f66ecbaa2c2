"""One client's connection: takes requests, follows the page's misbehaviour, and answers."""

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import assert_never

from tracker.simulator.document import Document
from tracker.simulator.misbehaviour import Drop, Hang, Misbehaviour, Raw, Redirect, Slow, Stale, Status, Trickle
from tracker.simulator.routes import Routes, SitePath
from tracker.simulator.wire import BadRequestError, Request, Response, read_request

_AUTHORITY = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")
_CHUNK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """The settings of a server, for all pages."""

    #: The delay before every answer of a page.
    latency_s: float
    #: None sends no such header.
    cache_control: str | None


class Conversation:
    """Talks with one client until either side ends."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, routes: Routes, manners: Manners
    ) -> None:
        """Take over a connection."""
        self._reader = reader
        self._writer = writer
        self._routes = routes
        self._manners = manners

    async def run(self) -> None:
        """Answer all requests, then close the connection; the client may be gone at any moment."""
        with contextlib.suppress(OSError):
            await self._answer_all()
            self._writer.close()
            await self._writer.wait_closed()

    async def _answer_all(self) -> None:
        goes_on = True
        while goes_on:
            try:
                request = await read_request(self._reader)
            except BadRequestError as exc:
                self._writer.write(Response(status=400, body=f"{exc}\n".encode()).encode(keep_alive=False))
                return
            goes_on = request is not None and await self._reply(request)

    async def _reply(self, request: Request) -> bool:
        """Answer one request; return whether the connection stays open."""
        route = self._routes.find(request.path)
        if route is None:
            return await self._send(request, self._unrouted(request))
        route.stand.requests.asked(route.path)
        if self._manners.latency_s:
            await asyncio.sleep(self._manners.latency_s)
        misbehaviour = route.stand.script.take(route.path)
        match misbehaviour:
            case Hang():
                while await self._reader.read(_CHUNK):
                    pass  # until the client gives up
                return False
            case Drop():
                self._writer.transport.abort()
                return False
            case Raw(data):
                self._writer.write(data)
                return False
            case Slow(seconds):
                await asyncio.sleep(seconds)
            case None | Trickle() | Status() | Redirect() | Stale():
                pass
            case _:
                assert_never(misbehaviour)
        answer = self._answer(request, route, misbehaviour)
        route.stand.requests.answered(answer.status, 0 if request.method == "HEAD" else len(answer.body))
        return await self._send(request, answer, misbehaviour.pause_s if isinstance(misbehaviour, Trickle) else None)

    async def _send(self, request: Request, answer: Response, pause_s: float | None = None) -> bool:
        """Write an answer; return whether the connection stays open."""
        data = answer.encode(with_body=request.method != "HEAD", keep_alive=request.keeps_alive)
        if pause_s is None:
            self._writer.write(data)
            await self._writer.drain()
            return request.keeps_alive
        for byte in data:
            self._writer.write(bytes([byte]))
            await self._writer.drain()
            await asyncio.sleep(pause_s)
        return request.keeps_alive

    def _unrouted(self, request: Request) -> Response:
        """Answer for a path that belongs to no page."""
        if request.path != "/":
            return Response(status=404)
        return Response(
            status=200, headers=(("Content-Type", "text/html; charset=utf-8"),), body=self._routes.listing()
        )

    def _answer(self, request: Request, route: SitePath, misbehaviour: Misbehaviour | None) -> Response:
        match misbehaviour:
            case Status(code, body, content_type, retry_after):
                headers = [("Content-Type", content_type)]
                if retry_after is not None:
                    headers.append(("Retry-After", str(retry_after)))
                return Response(status=code, headers=tuple(headers), body=body)
            case Redirect(location, code):
                return Response(status=code, headers=(("Location", location),))
        if request.method not in {"GET", "HEAD"}:
            return Response(status=405, headers=(("Allow", "GET, HEAD"),))
        back = misbehaviour.back if isinstance(misbehaviour, Stale) else 0
        document = route.stand.site.document(route.path, self._base(request) + route.prefix, back)
        return Response(status=404) if document is None else self._serve(request, document)

    def _serve(self, request: Request, document: Document) -> Response:
        """Answer with a document, or with 304 if the client has it."""
        validators = {
            "ETag": document.etag,
            "Last-Modified": document.last_modified,
            "Cache-Control": self._manners.cache_control,
            "Vary": "Accept-Encoding",
        }
        headers = tuple((name, value) for name, value in validators.items() if value is not None)
        if request.is_current(document.etag, document.last_modified):
            return Response(status=304, headers=headers)
        headers = (("Content-Type", document.content_type), *headers)
        if request.accepts_gzip and document.body:
            return Response(status=200, headers=(*headers, ("Content-Encoding", "gzip")), body=document.gzipped)
        return Response(status=200, headers=headers, body=document.body)

    def _base(self, request: Request) -> str:
        """Return the server's address as this client knows it, so that links work through containers and proxies."""
        authority = request.headers.get("host", "")
        if not _AUTHORITY.fullmatch(authority):
            host, port, *_ = self._writer.get_extra_info("sockname")
            authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"http://{authority}"
