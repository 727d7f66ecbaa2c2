"""The quick lane: plain requests and answers on an event loop, without threads. `requests` does the rest."""

import asyncio
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from typing import Final, NamedTuple

from tracker.errors import BadUrl, ConnectError, FetchError, TooLarge
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
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified, ReadyRequest

#: How often deadlines are checked: one timer serves all requests.
_SWEEP_S: Final = 0.5
_EXPIRY_S: Final = 5.0
#: A larger body, as it was received or decoded, is decoded and judged in a thread.
_SMALL_BYTES: Final = 32 * 1024
_SMALL_DECODED_BYTES: Final = 512 * 1024


class Ready(NamedTuple):
    """A request of the lane, with its bytes."""

    request: FetchRequest
    asked: Target
    key: Key
    made: bytes
    is_conditional: bool
    way: Way
    #: The secrets among its header fields.
    secrets: tuple[str, ...]


class Unsupported(NamedTuple):
    """A request that is left to the general fetcher."""

    request: FetchRequest


class QuickLane:
    """A `QuickFetcher` for plain answers over HTTP/1.1, on one event loop.

    Returns None for a page that takes more than one request, goes through a proxy, or does not plainly answer in
    HTTP/1.1, and does not try such a page again for an hour. Names are looked up in threads of the `executor`, large
    bodies decoded in a thread of the lane. Keeps `hosts` idle connections at most (default: a quarter of the files that
    the process may open, at most 4096). The rest is as in `RequestsFetcher`.
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
        self._kept = Kept(hosts or most_kept())
        self._elsewhere = Elsewhere(options.monotonic)
        self._asking: set[Link] = set()
        self._held = Held()
        self._buffer = bytearray(BUFFER_BYTES)
        self._sweeping: asyncio.TimerHandle | None = None
        self._expired_s = 0.0
        self._closings = 0

    def ready(self, request: FetchRequest) -> Ready | Unsupported:
        """Return a request that may be fetched any number of times."""
        try:
            asked = target(request.url)
        except BadUrl:
            return Unsupported(request)
        conditional = conditions(request.validators, redirected=False)
        made = request_bytes(asked, joined(self._headers, request.headers) | conditional)
        has_proxy = self._proxies.way_to(asked.scheme, asked.host, asked.port) is not None
        if made is None or has_proxy or "%" in asked.host:
            return Unsupported(request)
        key = Key(asked.scheme, asked.host, asked.port, request.allow_private)
        way = Way(given=tuple(request.headers)) if request.headers else DIRECT
        secrets = secrets_of(request.headers) if request.headers else ()
        return Ready(request, asked, key, made, bool(conditional), way, secrets)

    async def fetch(self, ready: ReadyRequest) -> Fetched | NotModified | None:
        """Return the answer to one conditional GET, None where a `Fetcher` has to make it. Raises FetchError."""
        if not isinstance(ready, Ready) or ready.request.url in self._elsewhere:
            return None
        try:
            reply = await self._ask(ready)
            if reply.received_bytes:
                return await self._read(reply, ready)
            return _meaning(reply, ready, self._now())
        except Unclear as unclear:
            if unclear.is_lasting:
                self._elsewhere.add(ready.request.url)
            return None
        except FetchError as error:
            conceal(ready.secrets, error)
            raise
        except CLIENT_ERRORS as error:
            failure = translated(error, ready.asked.host)
            conceal(ready.secrets, failure)
            raise failure from error

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

    async def _ask(self, ready: Ready) -> Reply:
        """Return the answer. Raises FetchError, Unclear, OSError."""
        began_s = now_s = self._monotonic()
        ends_at = began_s + self._limits.total_s
        link = self._kept.take(ready.key, now_s)
        is_kept = link is not None
        while True:
            if link is None:
                budget = Budget(self._limits, self._monotonic, began_at=began_s)
                link = await self._connected(ready.asked, ready.key, budget)
                now_s, ends_at = self._monotonic(), budget.ends_at
            ending = await self._sent(link, ready.made, now_s, ends_at)
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

    async def _sent(self, link: Link, made: bytes, now_s: float, ends_at: float) -> Exception | None:
        """Send a request on a connection; return the error that ended it, None for a whole answer."""
        self._asking.add(link)
        if self._sweeping is None:
            self._sweep_later()
        try:
            return await link.ask(made, now_s, ends_at)
        except BaseException:
            link.close()
            self._held.size -= link.reader.reply.received_bytes
            raise
        finally:
            self._asking.discard(link)

    async def _connected(self, asked: Target, key: Key, budget: Budget) -> Link:
        closings = self._closings
        sock = await self._connectors[key.allow_private].connected(asked, budget)
        if closings != self._closings:
            sock.close()
            raise reported(ConnectError, asked.host)
        reader = Reader(self._limits.max_body_bytes, self._held)
        return Link(asyncio.get_running_loop(), sock, key, reader, self._buffer, self._limits)

    async def _read(self, reply: Reply, ready: Ready) -> Fetched | NotModified:
        """Return the meaning of an answer with a body; a large one is decoded in a thread."""
        try:
            if reply.received_bytes <= _SMALL_BYTES:
                reply.most_bytes = min(_SMALL_DECODED_BYTES, self._limits.max_body_bytes)
                try:
                    return _meaning(reply, ready, self._now())
                except TooLarge:
                    reply.most_bytes = self._limits.max_body_bytes
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._decoders, _meaning, reply, ready, self._now())
        finally:
            self._held.size -= reply.received_bytes

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


def _meaning(reply: Reply, ready: Ready, now: datetime) -> Fetched | NotModified:
    """Return the meaning of a reply. Raises FetchError."""
    request, sent = ready.request, ready.request.validators
    outcome = meaning(reply, ready.asked, request.url, sent, now, is_conditional=ready.is_conditional, way=ready.way)
    if isinstance(outcome, Target):  # pragma: no cover
        raise TypeError(outcome)  # The reader gives redirects up.
    return concealed(ready.secrets, outcome) if ready.secrets and isinstance(outcome, Fetched) else outcome


def _decoders() -> ThreadPoolExecutor:
    """Return one thread, which begins with its first body."""
    return ThreadPoolExecutor(1, thread_name_prefix="decode")
