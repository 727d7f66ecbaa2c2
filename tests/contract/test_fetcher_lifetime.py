"""How fetchers begin and end: threads, forks, connections that are left."""

import gc
import socket
import subprocess
import sys
import weakref
from typing import Any

import pytest

from tests.contract.both_fetchers import KINDS, ask, end
from tests.contract.fetch_origin import Exchange, Origin
from tracker.errors import FetchTimeout
from tracker.fetch import RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.polling.fetcher import Fetched

FORKING = """
import os, sys
from tracker.fetch import ClientOptions, RequestsFetcher
from tracker.polling.fetcher import FetchRequest

request = FetchRequest(url=sys.argv[1], allow_private=True)
fetcher = RequestsFetcher(ClientOptions(user_agent="tests"))
fetcher.fetch(request)
child = os.fork()
fetcher.fetch(request)
if child:
    _, status = os.waitpid(child, 0)
    fetcher.fetch(request)
    fetcher.close()
    sys.exit(os.waitstatus_to_exitcode(status))
fetcher.close()
"""


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def fetcher(kind):
    made = kind(ClientOptions(user_agent="tests"))
    yield made
    end(made)


def test_a_child_never_talks_over_a_connection_of_its_parent():
    # Python 3.12 and later warn of a fork beside a thread; a worker of Celery forks before it has any.
    options = ["-W", "error", "-W", "ignore::DeprecationWarning"]
    with Origin(Exchange.answer) as origin:
        subprocess.run([sys.executable, *options, "-c", FORKING, origin.url()], check=True, timeout=60)

    assert len(origin.requests) == 4
    assert origin.connections == 2


def test_a_look_up_that_takes_all_the_time_ends_the_fetch(kind):
    now = [0.0]

    def slow(*where: Any, **how: Any):
        now[0] += 60
        return socket.getaddrinfo(*where, **how)

    slowed = kind(ClientOptions(user_agent="tests", resolve=slow, monotonic=lambda: now[0]))
    with Origin(Exchange.answer) as origin:
        with pytest.raises(FetchTimeout, match="no complete answer within 20 s"):
            slowed.fetch(ask(origin))
        end(slowed)

    assert origin.connections == 0


def test_closing_leaves_no_connection_and_the_next_request_makes_another(fetcher):
    with Origin(Exchange.answer) as origin:
        for _ in range(2):
            assert isinstance(fetcher.fetch(ask(origin)), Fetched)
            fetcher.close()
        # The origin reads the end of a connection; its thread would stay otherwise.
        for thread in origin._threads[1:]:
            thread.join(10)
            assert not thread.is_alive()

    assert origin.connections == 2


def test_a_fetcher_that_is_dropped_is_forgotten():
    fetcher = RequestsFetcher(ClientOptions(user_agent="tests"))
    watched = weakref.ref(fetcher)
    fetcher.close()
    del fetcher
    gc.collect()

    assert watched() is None
