"""Requests to receivers and APIs on the fetcher's connections, under its address policy and its total deadline."""

from typing import Final

import requests
from urllib3 import BaseHTTPResponse

from tracker.alerting.caller import Call, CallReply
from tracker.delivery.poster import PostRequest
from tracker.delivery.retry_policy import ReceiverResponse
from tracker.errors import BadUrl, ConnectError, ProxyFailed
from tracker.fetch.budget import CURRENT, Budget
from tracker.fetch.connection import StaleConnection
from tracker.fetch.echoes import secrets_of, without
from tracker.fetch.failures import CLIENT_ERRORS, plain, translated
from tracker.fetch.freshness import retry_after_s
from tracker.fetch.limits import FetchLimits
from tracker.fetch.options import ClientOptions
from tracker.fetch.outcome import proxy_refusal
from tracker.fetch.urls import Target, target

#: How much of an answer's body is shown.
_SHOWN: Final = 4096
_PIECE: Final = 4096
#: The time that a receiver gets before it counts as failing. Of its answer, an id or a few words matter.
POST_LIMITS: Final = FetchLimits(connect_s=5.0, read_s=15.0, total_s=15.0, max_body_bytes=64 * 1024)


class RequestsPoster:
    """A `Poster` and `Caller` on pooled connections, for any number of threads. Made after any fork."""

    def __init__(
        self,
        options: ClientOptions,
        *,
        limits: FetchLimits = POST_LIMITS,
        hosts: int = 64,
        connections_per_host: int = 8,
    ) -> None:
        self._options = options
        self._limits = limits
        # Not compressed, so that the beginning of an answer can be read.
        self._headers = options.headers("identity")
        self._adapters = options.adapters(
            options.receiver_tls(), hosts=hosts, connections_per_host=connections_per_host
        )

    def close(self) -> None:
        """Close the connections that are kept."""
        for adapter in self._adapters.values():
            adapter.close()

    def post(self, request: PostRequest) -> ReceiverResponse:
        """Return the answer to one POST, whatever its status. Raises FetchError when none came."""
        reply = self.call(
            Call(url=request.url, headers=request.headers, body=request.body, allow_private=request.allow_private)
        )
        return ReceiverResponse(status=reply.status, retry_after_s=reply.retry_after_s, text=reply.text)

    def call(self, call: Call) -> CallReply:
        """Return the answer to one request, whatever its status. Raises FetchError when none came."""
        asked = _target(call.url)
        budget = CURRENT.set(Budget(self._limits, self._options.monotonic))
        try:
            with self._send(call, asked) as response:
                self._refuse_proxy(asked, response.raw)
                return self._reply(response.raw, (*call.secrets, *secrets_of(call.headers, call.url)))
        except CLIENT_ERRORS as error:
            raise translated(error, asked.host) from error
        finally:
            CURRENT.reset(budget)

    def _send(self, call: Call, asked: Target) -> requests.Response:
        """Send the request, and again for each connection that its server had closed while it was kept.

        The server may have read the request; an idempotency key makes the repetition harmless. A call without one is
        not repeated here: its caller can check whether it arrived.
        """
        prepared = requests.PreparedRequest()
        prepared.method = call.method
        prepared.url = asked.url
        length = {"Content-Length": str(len(call.body))} if call.body or call.method != "GET" else {}
        prepared.headers = {**self._headers, **call.headers, **length}  # type: ignore[assignment]  # as in http.py
        # None, since an empty body would be sent in chunks.
        prepared.body = call.body if length else None
        timeouts = (self._limits.connect_s, self._limits.read_s)
        while True:
            try:
                return self._adapters[call.allow_private].send(prepared, stream=True, timeout=timeouts, proxies={})
            except StaleConnection as error:
                if not call.is_repeatable:
                    raise ConnectError(f"the connection to {asked.host} broke: closed without an answer") from error

    def _refuse_proxy(self, asked: Target, raw: BaseHTTPResponse) -> None:
        """Raise ProxyFailed for a proxy's own answer: the receiver never got the request."""
        proxy = self._options.proxies.way_to(asked.scheme, asked.host, asked.port)
        refused = proxy_refusal(raw.status, raw.headers, proxy.name) if proxy and asked.scheme == "http" else None
        if refused is not None:
            raise ProxyFailed(refused)

    def _reply(self, raw: BaseHTTPResponse, secrets: tuple[str, ...]) -> CallReply:
        wait_s = retry_after_s(raw.headers.get("Retry-After"), self._options.now())
        body = self._body(raw)
        beginning = body[:_SHOWN].decode("utf-8", "replace")
        return CallReply(status=raw.status, retry_after_s=wait_s, text=plain(without(secrets, beginning)), body=body)

    def _body(self, raw: BaseHTTPResponse) -> bytes:
        """Return the body, once it has come whole.

        A head alone proves nothing: a proxy sends it before the receiver behind it has done anything, and breaks off
        when the receiver fails. A body that reaches the limit counts as whole.
        """
        pieces, length = [], 0
        while length < self._limits.max_body_bytes and (piece := raw.read(_PIECE, decode_content=False)):
            pieces.append(piece)
            length += len(piece)
        return b"".join(pieces)


def _target(url: str) -> Target:
    """Return the address to post to. Raises BadUrl, which does not repeat the URL: it may be a secret."""
    try:
        return target(url)
    except BadUrl:
        raise BadUrl("the URL is not one that can be requested") from None
