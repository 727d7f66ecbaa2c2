"""What is particular to the fetcher on requests: pools, what it starts and what it leaves."""

import threading

import pytest

from tests.contract.fetch_origin import Exchange, Origin
from tracker.fetch import RequestsFetcher
from tracker.fetch import connection as connections
from tracker.fetch.options import ClientOptions
from tracker.polling.fetcher import FetchRequest


@pytest.fixture
def fetcher():
    made = RequestsFetcher(ClientOptions(user_agent="tests"))
    yield made
    made.close()


def ask(origin: Origin) -> FetchRequest:
    return FetchRequest(url=origin.url(), allow_private=True)


def test_no_thread_is_started(fetcher):
    with Origin(Exchange.answer) as origin:
        before = set(threading.enumerate())
        fetcher.fetch(ask(origin))
        started = set(threading.enumerate()) - before

    # The origin's own thread for the connection is all there is.
    assert len(started) == 1


def test_a_connection_that_was_idle_for_too_long_is_not_used_again(fetcher, monkeypatch):
    monkeypatch.setattr(connections, "_LONGEST_IDLE_S", 0.0)
    with Origin(Exchange.answer) as origin:
        for _ in range(2):
            fetcher.fetch(ask(origin))

    assert origin.connections == 2


def test_redirect_bodies_and_cookies_never_reach_the_session(fetcher):
    def script(exchange):
        path = exchange.request.path
        exchange.answer("302 Found" if path == "/" else "200 OK", Location="/new", Set_Cookie="a=1")

    with Origin(script) as origin:
        fetcher.fetch(ask(origin))

    assert [len(session.cookies) for session in fetcher._sessions.values()] == [0, 0]
