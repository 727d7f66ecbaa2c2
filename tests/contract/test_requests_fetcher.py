"""What is particular to the fetcher on requests: pools, what it starts and leaves, and how settings reach it."""

import threading

import pytest

from tests.contract.both_fetchers import ask
from tests.contract.fetch_origin import Exchange, Origin, serves
from tracker.bootstrap import build_fetcher, client_options
from tracker.environment.settings import Settings
from tracker.errors import TlsError
from tracker.fetch import RequestsFetcher
from tracker.fetch import connection as connections
from tracker.fetch.options import ClientOptions


@pytest.fixture
def fetcher():
    made = RequestsFetcher(ClientOptions(user_agent="tests"))
    yield made
    made.close()


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


def test_a_page_of_a_private_authority_is_read_with_its_file_alone(authority, tls):
    settings = [Settings.from_environment(environ) for environ in ({"TRACKER_CA_FILE": f"{authority / 'ca.pem'}"}, {})]
    trusting, other = (build_fetcher(client_options(each)) for each in settings)
    with Origin(serves, tls=tls()) as origin:
        request = ask(origin, host="localhost")

        assert trusting.fetch(request).body == b"news"
        with pytest.raises(TlsError, match="certificate of localhost is not valid"):
            other.fetch(request)
