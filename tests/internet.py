"""Hosts of the internet that are simulators: pages can be asked under the addresses that their vendors have."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from msgspec.structs import replace

from tracker.errors import HttpStatusError
from tracker.fetch import RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.polling.fetcher import Fetched, Fetcher, FetchRequest, NotModified


class Internet:
    """A `Fetcher` over another one that finds `https://host` where a simulator is, and answers under that name.

    The host `*` stands for every other one. A redirect from one simulator to another one leads to the other's host.
    """

    def __init__(self, fetcher: Fetcher, hosts: Mapping[str, str]) -> None:
        """Map hosts to base addresses of simulators."""
        self._fetcher = fetcher
        self._hosts = dict(hosts)
        #: The addresses that were asked, oldest first.
        self.asked: list[str] = []

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Ask the simulator behind a host."""
        self.asked.append(request.url)
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        base = self._hosts.get(parts.netloc) or self._hosts.get("*") or origin
        # Some platforms have the page's host in a path; a simulator knows itself by the address that it is asked at.
        url = base + request.url.removeprefix(origin).replace(parts.netloc, urlsplit(base).netloc)
        try:
            answer = self._fetcher.fetch(replace(request, url=url, allow_private=True))
        except HttpStatusError as error:
            named = self._name(error.url, origin, base) if error.url else None
            raise type(error)(error.message, error.retry_after_s, error.status, named) from error
        return replace(answer, url=self._name(answer.url, origin, base))

    def _name(self, url: str, origin: str, base: str) -> str:
        """Return an address of a simulator as one of the internet."""
        for named, behind in ((origin, base), *((f"https://{host}", base) for host, base in self._hosts.items())):
            rest = url.removeprefix(behind)
            if rest != url and rest[:1] in ("", "/", "?"):
                return named + rest.replace(urlsplit(behind).netloc, urlsplit(named).netloc)
        return url


@contextmanager
def internet(hosts: Mapping[str, str]) -> Iterator[Internet]:
    """Open a real fetcher in which these hosts are simulators."""
    fetcher = RequestsFetcher(ClientOptions(user_agent="test"))
    try:
        yield Internet(fetcher, hosts)
    finally:
        fetcher.close()
