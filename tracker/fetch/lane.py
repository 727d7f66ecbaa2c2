"""The quick lane: plain requests and answers on an event loop, without threads. `requests` does the rest."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache, partial
from typing import Final

from tracker.errors import ConnectError, FetchError, TooLarge
from tracker.fetch.asking import request_bytes
from tracker.fetch.budget import Budget
from tracker.fetch.coding import accept_encoding
from tracker.fetch.conditional import conditions
from tracker.fetch.connector import Connector
from tracker.fetch.echoes import conceal, concealed, secrets_of
from tracker.fetch.elsewhere import Elsewhere
from tracker.fetch.failures import CLIENT_ERRORS, reported, translated
from tracker.fetch.fields import joined
from tracker.fetch.kept import Kept
from tracker.fetch.limits import PAGE_LIMITS, FetchLimits, most_kept
from tracker.fetch.link import BUFFER_BYTES, Key, Link
from tracker.fetch.options import ClientOptions
from tracker.fetch.outcome import DIRECT, Way, meaning
from tracker.fetch.reader import Held, Reader, Reply, Unclear
from tracker.fetch.urls import Target, target
from tracker.model.provider import Validators
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified

#: How often deadlines are checked: one timer serves all requests.
_SWEEP_S: Final = 0.5
_EXPIRY_S: Final = 5.0
#: A larger body, as it was received or decoded, is decoded and judged in a thread.
_SMALL_BYTES: Final = 32 * 1024
_SMALL_DECODED_BYTES: Final = 512 * 1024
#: Pages whose request bytes are kept ready.
_MOST_PAGES: Final = 20_000

_Outcome = Fetched | NotModified | Target


class _Page:
    """The target of one page, and the bytes of its last request."""

    __slots__ = ("asked", "is_conditional", "key", "request", "validators")

    def __init__(self, asked: Target, key: Key) -> None:
        self.asked = asked
        self.key = key
        self.validators: Validators | None = None
        self.request = b""
        self.is_conditional = False


class QuickLane:
    """A `QuickFetcher` for plain answers over HTTP/1.1, on one event loop.

    Returns None for what takes more than one request, goes through a proxy, or is not plainly an answer of HTTP/1.1;
    such a page is not asked again for an hour. Names are looked up in threads of the `executor`, large bodies decoded
    in one of its own. Keeps as many idle connections as `hosts` (default: a quarter of the files that the process may
    open, at most 2048). The rest is as in `RequestsFetcher`.
    """

    def __init__(
        self,
        options: ClientOptions,
        *,
        executor: Executor,
        limits: FetchLimits = PAGE_LIMITS,
        hosts: int | None = None,
    ) -> None:
        self._limits = limits
        self._headers = options.headers(accept_encoding())
        self._proxies = options.proxies
        self._monotonic = options.monotonic
        self._now = options.now
        context = options.page_tls()
        # As urllib3 does: without it some servers choose HTTP/2, and others take the client for a robot.
        context.set_alpn_protocols(["http/1.1"])
        self._connectors = {
            allow: Connector(options.dialer(allow_private=allow), context, limits, executor) for allow in (False, True)
        }
        self._decoders = _decoders()
        self._pages = lru_cache(maxsize=_MOST_PAGES)(self._page)
        self._kept = Kept(hosts or most_kept())
        self._elsewhere = Elsewhere(options.monotonic)
        self._asking: set[Link] = set()
        self._held = Held()
        self._buffer = bytearray(BUFFER_BYTES)
        self._sweeping: asyncio.TimerHandle | None = None
        self._expired_s = 0.0
        self._closings = 0

    async def fetch(self, request: FetchRequest) -> Fetched | NotModified | None:
        """Return the answer to one conditional GET, None where a `Fetcher` has to ask. Raises FetchError."""
        if not request.headers:
            return await self._fetch(request, DIRECT)
        secrets = secrets_of(request.headers)
        try:
            outcome = await self._fetch(request, Way(given=tuple(request.headers)))
        except FetchError as error:
            conceal(secrets, error)
            raise
        return concealed(secrets, outcome) if secrets and isinstance(outcome, Fetched) else outcome

    def close(self) -> None:
        """Close all connections; running fetches end. Call it in the thread of the loop."""
        self._closings += 1
        self._kept.close()
        for link in tuple(self._asking):
            link.close()
        self._decoders.shutdown(wait=False)
        self._decoders = _decoders()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    def _page(self, url: str, allow_private: bool) -> _Page | None:
        """Return the target, None if a proxy makes the request. Raises BadUrl."""
        asked = target(url)
        if self._proxies.way_to(asked.scheme, asked.host, asked.port) is not None or "%" in asked.host:
            return None
        return _Page(asked, Key(asked.scheme, asked.host, asked.port, allow_private))

    def _made(self, page: _Page, request: FetchRequest) -> bytes | None:
        """Return the bytes of the request, None if it is not a plain one."""
        # The same validators come with nearly every poll.
        if not request.headers and page.validators == request.validators:
            return page.request
        conditional = conditions(request.validators, redirected=False)
        page.is_conditional = bool(conditional)
        made = request_bytes(page.asked, joined(self._headers, request.headers) | conditional)
        if made is not None and not request.headers:
            page.validators, page.request = request.validators, made
        else:
            page.validators = None
        return made

    async def _fetch(self, request: FetchRequest, way: Way) -> Fetched | NotModified | None:
        page = self._pages(request.url, request.allow_private)
        if page is None or request.url in self._elsewhere or (made := self._made(page, request)) is None:
            return None
        is_conditional = page.is_conditional
        try:
            reply = await self._ask(page, made)
            judge = partial(
                meaning, reply, page.asked, request.url, request.validators, is_conditional=is_conditional, way=way
            )
            if not reply.received_bytes:
                return _final(judge(self._now()))
            try:
                return _final(await self._judged(reply, judge))
            finally:
                self._held.size -= reply.received_bytes
        except Unclear as unclear:
            if unclear.is_lasting:
                self._elsewhere.add(request.url)
            return None
        except CLIENT_ERRORS as error:
            raise translated(error, page.asked.host) from error

    async def _ask(self, page: _Page, made: bytes) -> Reply:
        """Return the answer. Raises FetchError, Unclear, OSError."""
        began_s = now_s = self._monotonic()
        ends_at = began_s + self._limits.total_s
        link = self._kept.take(page.key, now_s)
        is_kept = link is not None
        while True:
            if link is None:
                budget = Budget(self._limits, self._monotonic, began_at=began_s)
                link = await self._connected(page, budget)
                now_s, ends_at = self._monotonic(), budget.ends_at
            self._asking.add(link)
            if self._sweeping is None:
                self._sweep_later()
            try:
                ending = await link.ask(made, now_s, ends_at)
            except BaseException:
                link.close()
                self._held.size -= link.reader.reply.received_bytes
                raise
            finally:
                self._asking.discard(link)
            reply = link.reader.reply
            if ending is None:
                if not link.is_closed:
                    if reply.received_bytes:
                        # A kept connection holds no body.
                        link.reader.begin()
                    self._kept.put(link, now_s)
                return reply
            if reply.is_refusal:
                return reply
            self._held.size -= reply.received_bytes
            reply.forget()
            has_begun = link.reader.has_begun
            if not (is_kept and isinstance(ending, OSError) and not has_begun):
                try:
                    # The general fetcher repeats a request whose answer broke off.
                    raise Unclear(is_lasting=False) if has_begun and isinstance(ending, OSError) else ending
                finally:
                    del ending  # or the error would hold this frame, and the frame the error
            # A server may close an idle connection at any moment; a GET is repeated then (RFC 9112, section 9.3.1).
            link, is_kept = None, False

    async def _connected(self, page: _Page, budget: Budget) -> Link:
        closings = self._closings
        sock = await self._connectors[page.key.allow_private].connected(page.asked, budget)
        if closings != self._closings:
            sock.close()
            raise reported(ConnectError, page.asked.host)
        reader = Reader(self._limits.max_body_bytes, self._held)
        return Link(asyncio.get_running_loop(), sock, page.key, reader, self._buffer, self._limits)

    async def _judged(self, reply: Reply, judge: Callable[[datetime], _Outcome]) -> _Outcome:
        """Return the meaning of an answer with a body; a large one is decoded in a thread."""
        if reply.received_bytes <= _SMALL_BYTES:
            reply.most_bytes = min(_SMALL_DECODED_BYTES, self._limits.max_body_bytes)
            try:
                return judge(self._now())
            except TooLarge:
                reply.most_bytes = self._limits.max_body_bytes
        return await asyncio.get_running_loop().run_in_executor(self._decoders, judge, self._now())

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """End requests whose time is over."""
        now_s = self._monotonic()
        for link in tuple(self._asking):
            link.look(now_s)
        if now_s - self._expired_s >= _EXPIRY_S:
            self._expired_s = now_s
            self._kept.expire(now_s)
        self._sweeping = None
        if self._asking or self._kept:
            self._sweep_later()


def _final(outcome: _Outcome) -> Fetched | NotModified:
    """Return an outcome that is no redirect: the reader gives those up."""
    if isinstance(outcome, Target):  # pragma: no cover
        raise TypeError(outcome)
    return outcome


def _decoders() -> ThreadPoolExecutor:
    """Return one thread, which begins with its first body."""
    return ThreadPoolExecutor(1, thread_name_prefix="decode")
