"""Requests of a client: the token is fetched once, renewed before it runs out, and never shown."""

import json
from urllib.parse import parse_qs

import pytest

from tests.fakes import FakeClock, FakeFetcher, provider
from tracker.alerting.caller import Call, CallReply
from tracker.errors import CredentialsMissing, HttpStatusError
from tracker.fetch.tokens import TokenFetcher
from tracker.polling.fetcher import Fetched
from tracker.polling.observer import Observer
from tracker.polling.page_request import page_request
from tracker.polling.poller import Poller
from tracker.store.memory import MemoryPages

GRAPH = "https://graph.microsoft.com/v1.0/admin/serviceAnnouncement/healthOverviews?$expand=issues"
AUTHORITY = "https://login.microsoftonline.com/acme/oauth2/v2.0/token"
ENVIRON = {
    "GRAPH_TOKEN_URL": AUTHORITY,
    "GRAPH_CLIENT_ID": "c1",
    "GRAPH_CLIENT_SECRET": "hush",
    "GRAPH_SCOPE": "https://graph.microsoft.com/.default",
}
TENANT = provider(url=GRAPH, format="microsoft-graph", headers_env=(("Authorization", "GRAPH"),))


class Authority:
    """Hands out tokens, as the documentation of Microsoft's identity platform has it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.refuses = False

    def call(self, call: Call) -> CallReply:
        self.calls.append(call)
        if self.refuses:
            return CallReply(status=400, body=b'{"error":"invalid_client"}')
        answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{len(self.calls)}"}
        return CallReply(status=200, body=json.dumps(answer).encode())

    def close(self) -> None:
        pass


class Graph:
    """Answers whoever shows a token that it knows."""

    def __init__(self, valid: set[str]) -> None:
        self.valid = valid
        self.shown: list[str] = []

    def fetch(self, request):
        self.shown.append(request.headers["Authorization"])
        if self.shown[-1].removeprefix("Bearer ") not in self.valid:
            raise HttpStatusError("the page answers with status 401", None, 401)
        service = {"id": "Mail", "service": "Mail", "status": "serviceOperational", "issues": []}
        return Fetched(body=json.dumps({"value": [service]}).encode(), url=request.url)

    def close(self) -> None:
        pass


class Monotonic:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_tenant_is_read_with_a_token_that_is_fetched_once_an_hour():
    authority, graph, monotonic = Authority(), Graph({"token-1", "token-2"}), Monotonic()
    store, clock = MemoryPages([TENANT]), FakeClock()
    poller = Poller(store, Observer(TokenFetcher(graph, lambda: authority, monotonic), ENVIRON), clock)

    for later in (0, 1800, 3600):
        monotonic.now = later
        clock.passes(minutes=30)
        poll = poller.poll(TENANT.id)
        assert poll is not None
        assert poll.failure is None

    assert graph.shown == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert [component.name for component in store.view(TENANT.id).components.values()] == ["Mail"]
    assert parse_qs(authority.calls[0].body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["c1"],
        "client_secret": ["hush"],
        "scope": ["https://graph.microsoft.com/.default"],
    }


def test_a_token_that_is_refused_is_fetched_anew_once():
    authority, graph = Authority(), Graph({"token-2"})
    fetcher = TokenFetcher(graph, lambda: authority, Monotonic())

    fetcher.fetch(page_request(TENANT, GRAPH, ENVIRON))
    graph.valid = set()
    with pytest.raises(HttpStatusError):
        fetcher.fetch(page_request(TENANT, GRAPH, ENVIRON))

    assert len(authority.calls) == 3


def test_an_authority_that_refuses_the_client_is_named_without_its_secret():
    authority = Authority()
    authority.refuses = True
    fetcher = TokenFetcher(Graph(set()), lambda: authority, Monotonic())

    with pytest.raises(HttpStatusError) as refused:
        fetcher.fetch(page_request(TENANT, GRAPH, ENVIRON))

    assert str(refused.value) == "login.microsoftonline.com gives no token: status 400"
    assert "hush" not in repr(page_request(TENANT, GRAPH, ENVIRON).client)


def test_a_part_that_is_missing_is_named():
    with pytest.raises(CredentialsMissing, match="GRAPH_CLIENT_SECRET"):
        page_request(TENANT, GRAPH, {key: value for key, value in ENVIRON.items() if "SECRET" not in key})


def test_a_request_elsewhere_takes_no_client_along():
    assert page_request(TENANT, "https://elsewhere.example/", ENVIRON).client is None


def test_a_request_without_a_client_goes_out_as_it_is():
    network = FakeFetcher()
    network.answers("https://status.acme.example", b"{}")
    network.close = lambda: None

    TokenFetcher(network, Authority).fetch(
        page_request(provider(url="https://status.acme.example"), "https://status.acme.example", {})
    )

    assert network.requests[0].headers == {}
