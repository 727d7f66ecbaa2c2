"""A simulated vendor with one page, over real sockets on loopback."""

import http.client
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from tracker.simulator import Page, SimulatedVendor


@pytest.fixture
def page() -> Page:
    return Page("Acme", id="acme")


@pytest.fixture
def vendor(page: Page) -> Iterator[SimulatedVendor]:
    with SimulatedVendor([page]) as running:
        yield running


@pytest.fixture
def connection(vendor: SimulatedVendor) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection(urlsplit(vendor.url()).netloc, timeout=10)
    yield opened
    opened.close()


@pytest.fixture
def raw(vendor: SimulatedVendor) -> Callable[..., bytes]:
    """Send bytes and return all bytes until the server closes."""

    def send(request: bytes = b"GET /api/v2/summary.json HTTP/1.1\r\n\r\n") -> bytes:
        address = urlsplit(vendor.url())
        with socket.create_connection((address.hostname, address.port), timeout=10) as client:
            client.sendall(request)
            with client.makefile("rb") as answer:
                return answer.read()

    return send


def ask(
    connection: http.client.HTTPConnection, path: str, headers: object = (), method: str = "GET"
) -> SimpleNamespace:
    """Return status, headers and body of one answer."""
    connection.request(method, path, headers=dict(headers))  # type: ignore[call-overload]
    answer = connection.getresponse()
    return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())


def asked_once(vendor: SimulatedVendor, path: str = "/api/v2/summary.json", timeout: float = 10.0) -> SimpleNamespace:
    """Ask over a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(vendor.url()).netloc, timeout=timeout)
    try:
        return ask(connection, path)
    finally:
        connection.close()
