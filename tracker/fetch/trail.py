"""The way of one request through its redirects: credentials and cookies that go along, or stay behind."""

from collections.abc import Callable, Iterable
from datetime import datetime

from tracker.environment.proxies import Proxy
from tracker.fetch.cookies import Cookies
from tracker.fetch.outcome import Way
from tracker.fetch.signin import is_sign_in_address
from tracker.fetch.urls import Target, origin, target
from tracker.polling.fetcher import FetchRequest


class Trail:
    """The way of one request through its redirects."""

    def __init__(self, request: FetchRequest, way_to: Callable[[Target], Proxy | None]) -> None:
        """Begin with the target of a request; `way_to` returns the proxy for a target. Raises BadUrl."""
        self.request = request
        self.asked = self._first = target(request.url)
        self._way_to = way_to
        #: The same as the catalogue or the redirect spells it.
        self.url = request.url
        self.way = self._way(None)
        self._cookies = Cookies()
        self._visited = {self.asked.url}
        self._is_circle = False
        self._redirect: int | None = None
        self._passed_sign_in = False

    @property
    def is_at_sign_in(self) -> bool:
        """Return whether a redirect has led to a page where people sign in, by its address."""
        return self.way.redirect is not None and is_sign_in_address(self.asked)

    @property
    def place(self) -> str:
        """Return the name of the current target in messages."""
        return self.asked.host if self.way.proxy is None else f"{self.asked.host} through the proxy {self.way.proxy}"

    def fields(self) -> dict[str, str]:
        """Return the header fields for the current target alone."""
        fields = dict(self.request.headers) if origin(self.asked) == origin(self._first) else {}
        if cookies := self._cookies.field(self.asked):
            name = next((name for name in fields if name.lower() == "cookie"), "Cookie")
            fields[name] = f"{fields[name]}; {cookies}" if name in fields else cookies
        return fields

    def note(self, status: int, set_cookies: Iterable[str], now: datetime) -> None:
        """Keep the cookies of a redirect."""
        self._redirect = status
        self._cookies.take(self.asked, set_cookies, now)

    def go_on(self, asked: Target) -> None:
        """Follow a redirect."""
        self.asked, self.url = asked, asked.url
        self._is_circle = self._is_circle or asked.url in self._visited
        self._visited.add(asked.url)
        self.way = self._way(self._redirect)
        self._passed_sign_in = self._passed_sign_in or self.is_at_sign_in

    def in_words(self) -> str:
        """Return a hint about a trail without an end."""
        if self._passed_sign_in:
            return ", by way of a sign-in page; if it is for signed-in readers, give its credentials by headers_env"
        if self._cookies:
            return f", {'in a circle that sets' if self._is_circle else 'setting'} cookies, as for browsers"
        return ", in a circle" if self._is_circle else ""

    def _way(self, redirect: int | None) -> Way:
        proxy = self._way_to(self.asked)
        names = tuple(self.request.headers)
        is_home = origin(self.asked) == origin(self._first)
        return Way(
            redirect=redirect,
            given=names if is_home else (),
            withheld_for=None if is_home or not names else origin(self._first),
            proxy=proxy.name if proxy is not None and self.asked.scheme == "http" else None,
        )
