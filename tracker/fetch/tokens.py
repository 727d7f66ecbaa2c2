"""Requests that want a token of an authority: the token is fetched when it is first needed, and kept while it lasts."""

import json
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from tracker.alerting.caller import Call, Caller, CallReply
from tracker.environment.clients import OAuthClient
from tracker.errors import HttpStatusError
from tracker.polling.fetcher import Fetched, Fetcher, FetchRequest, NotModified

#: A token is renewed this many seconds before it expires; one without a lifetime counts as lasting `_USUAL_S`.
_MARGIN_S: Final = 60.0
_USUAL_S: Final = 300.0
_REFUSED: Final = 401
_OK: Final = 200


class _KeptFetcher(Fetcher, Protocol):
    def close(self) -> None: ...


class _KeptCaller(Caller, Protocol):
    def close(self) -> None: ...


class TokenFetcher:
    """A `Fetcher` that gives requests of a client their bearer token. Its caller is made when first needed."""

    def __init__(
        self,
        fetcher: _KeptFetcher,
        new_caller: Callable[[], _KeptCaller],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetcher = fetcher
        self._new_caller = new_caller
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._caller: _KeptCaller | None = None
        self._tokens: dict[OAuthClient, tuple[str, float]] = {}

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer; a token that is refused is fetched again, once. Raises FetchError."""
        client = request.client
        if client is None:
            return self._fetcher.fetch(request)
        try:
            return self._fetcher.fetch(self._signed(request, client))
        except HttpStatusError as error:
            if error.status != _REFUSED:
                raise
            with self._lock:
                self._tokens.pop(client, None)
            return self._fetcher.fetch(self._signed(request, client))

    def close(self) -> None:
        """Close the connections that are kept."""
        self._fetcher.close()
        if self._caller is not None:
            self._caller.close()

    def _signed(self, request: FetchRequest, client: OAuthClient) -> FetchRequest:
        headers = {**request.headers, "Authorization": f"Bearer {self._token(client, allow=request.allow_private)}"}
        return msgspec.structs.replace(request, headers=headers, client=None)

    def _token(self, client: OAuthClient, *, allow: bool) -> str:
        with self._lock:
            token, ends_at = self._tokens.get(client, ("", 0.0))
            if not token or self._monotonic() >= ends_at:
                self._caller = self._caller or self._new_caller()
                token, lasts_s = _token_in(self._caller.call(_call(client, allow=allow)), client)
                self._tokens[client] = (token, self._monotonic() + max(lasts_s - _MARGIN_S, 0.0))
            return token


def _call(client: OAuthClient, *, allow: bool) -> Call:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        **({"scope": client.scope} if client.scope else {}),
    }
    return Call(
        url=client.token_url,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        body=urlencode(form).encode(),
        allow_private=allow,
        secrets=(client.client_secret,),
    )


def _token_in(reply: CallReply, client: OAuthClient) -> tuple[str, float]:
    """Return the token of an answer, and its lifetime in seconds. Raises HttpStatusError for any other answer."""
    host = urlsplit(client.token_url).hostname or "the authority"
    if reply.status != _OK:
        status = reply.status if reply.status >= 500 else _REFUSED  # noqa: PLR2004  the classes of RFC 9110
        raise HttpStatusError(f"{host} gives no token: status {reply.status}", reply.retry_after_s, status)
    try:
        answer = json.loads(reply.body)
        token, lasts_s = answer["access_token"], answer.get("expires_in", _USUAL_S)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise HttpStatusError(f"{host} gives no token: its answer holds none", None, _REFUSED) from None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise HttpStatusError(f"{host} gives no token: its answer holds none", None, _REFUSED)
    return token, float(lasts_s) if isinstance(lasts_s, int | float) else _USUAL_S
