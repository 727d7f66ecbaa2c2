"""The fetcher over HTTP: one conditional GET, its redirects, its outcome."""

import os
import weakref
from http.cookiejar import DefaultCookiePolicy

import requests
from urllib3 import BaseHTTPResponse

from tracker.errors import Blocked, FetchError, SignInNeeded, TooManyRedirects
from tracker.fetch.adapter import GuardedAdapter
from tracker.fetch.body import decoded_start, read_body
from tracker.fetch.budget import CURRENT, Budget
from tracker.fetch.challenge import LOOKED_AT
from tracker.fetch.coding import accept_encoding
from tracker.fetch.conditional import conditions
from tracker.fetch.connection import StaleConnection
from tracker.fetch.echoes import conceal, concealed, secrets_of
from tracker.fetch.failures import CLIENT_ERRORS, translated
from tracker.fetch.fields import joined
from tracker.fetch.limits import PAGE_LIMITS, FetchLimits, most_kept
from tracker.fetch.options import ClientOptions
from tracker.fetch.outcome import DRAINED, meaning, sign_in_needed
from tracker.fetch.trail import Trail
from tracker.fetch.urls import Target
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified


class _Session(requests.Session):
    """A session that takes nothing from the environment and keeps nothing of an answer."""

    def __init__(self, adapter: GuardedAdapter) -> None:
        super().__init__()
        self.adapter = adapter
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self.mount("http://", adapter)
        self.mount("https://", adapter)


class RequestsFetcher:
    """A `Fetcher` on pooled `requests` sessions, for any number of threads.

    Two sessions, one for requests with `allow_private` and one for those without. Each keeps idle connections to
    `hosts` hosts at most (default: a quarter of the files that the process may open, at most 4096), and drops the least
    recently used ones first; and `connections_per_host` to one host, which should be the number of threads.
    """

    def __init__(
        self,
        options: ClientOptions,
        *,
        limits: FetchLimits = PAGE_LIMITS,
        hosts: int | None = None,
        connections_per_host: int = 100,
    ) -> None:
        self._options = options
        self._limits = limits
        self._headers = options.headers(accept_encoding())
        self._hosts = hosts or most_kept()
        self._connections_per_host = connections_per_host
        self._context = options.page_tls()
        self._open()
        # A child must not talk over its parent's connections. The reference is weak: a registration stays forever.
        renew = weakref.WeakMethod(self._open)
        os.register_at_fork(after_in_child=lambda: (method := renew()) and method())

    def _open(self) -> None:
        adapters = self._options.adapters(
            self._context, hosts=self._hosts, connections_per_host=self._connections_per_host
        )
        self._sessions = {allow_private: _Session(adapter) for allow_private, adapter in adapters.items()}

    def close(self) -> None:
        """Close the connections that are kept."""
        for session in self._sessions.values():
            session.close()

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Return the answer to one conditional GET. Raises FetchError."""
        secrets = secrets_of(request.headers) if request.headers else ()
        budget = CURRENT.set(Budget(self._limits, self._options.monotonic))
        try:
            outcome = self._follow(request)
        except FetchError as error:
            conceal(secrets, error)
            raise
        else:
            return concealed(secrets, outcome) if secrets and isinstance(outcome, Fetched) else outcome
        finally:
            CURRENT.reset(budget)

    def _follow(self, request: FetchRequest) -> Fetched | NotModified:
        """Make the request and follow redirects; each hop is checked like the first (RFC 9110, section 15.4)."""
        session = self._sessions[request.allow_private]
        trail = Trail(request, session.adapter.way_to)
        for _ in range(self._limits.max_redirects + 1):
            try:
                outcome = self._hop(session, trail)
            except FetchError as error:
                if trail.is_at_sign_in and not isinstance(error, SignInNeeded | Blocked):
                    # Whatever the answer is, it is not that of the requested page.
                    raise sign_in_needed(trail.asked, trail.url, trail.way) from error
                raise
            if not isinstance(outcome, Target):
                return outcome
            trail.go_on(outcome)
        raise TooManyRedirects(f"redirected more than {self._limits.max_redirects} times{trail.in_words()}")

    def _hop(self, session: _Session, trail: Trail) -> Fetched | NotModified | Target:
        """Send one request and return the meaning of its answer; a redirect's cookies stay on the trail."""
        conditional = conditions(trail.request.validators, redirected=trail.way.redirect is not None)
        now = self._options.now()
        try:
            with self._ask(session, trail.asked, joined(self._headers, trail.fields()) | conditional) as response:
                answer = _Answer(response.raw, self._limits.max_body_bytes)
                outcome = meaning(
                    answer,
                    trail.asked,
                    trail.url,
                    trail.request.validators,
                    self._options.now(),
                    is_conditional=bool(conditional),
                    way=trail.way,
                )
                if isinstance(outcome, Target):
                    trail.note(answer.status, response.raw.headers.getlist("Set-Cookie"), now)
        except CLIENT_ERRORS as error:
            raise translated(error, trail.place) from error
        return outcome

    def _ask(self, session: _Session, asked: Target, headers: dict[str, str]) -> requests.Response:
        """Send the request, and again for each connection that its server had closed while it was kept."""
        prepared = requests.PreparedRequest()
        prepared.method = "GET"
        prepared.url = asked.url
        prepared.headers = headers  # type: ignore[assignment]  # urllib3 copies and iterates; a dict does that faster
        timeouts = (self._limits.connect_s, self._limits.read_s)
        while True:
            try:
                return session.send(prepared, stream=True, timeout=timeouts, allow_redirects=False, proxies={})
            except StaleConnection:
                continue


class _Answer:
    """An answer of urllib3, whose body is read when it is wanted."""

    def __init__(self, raw: BaseHTTPResponse, max_body_bytes: int) -> None:
        self._raw = raw
        self._max_body_bytes = max_body_bytes
        self.status = raw.status
        self.headers = raw.headers

    @property
    def received_bytes(self) -> int:
        return self._raw.tell()

    def body(self) -> bytes:
        return read_body(self._raw, self._max_body_bytes)

    def start(self) -> bytes:
        try:
            return decoded_start(self._raw.read(LOOKED_AT, decode_content=False), self.headers)
        except (FetchError, *CLIENT_ERRORS):
            # The status alone is reported; a broken body adds nothing to it.
            return b""

    def drain(self) -> None:
        if (self._raw.length_remaining or 0) > DRAINED:
            return
        try:
            self._raw.read(DRAINED, decode_content=False)
        except (FetchError, *CLIENT_ERRORS):
            # The outcome is known without the body; its connection is closed with the answer.
            return
