"""Pages and receivers behind a proxy: the way of a request, what the proxy learns, how its refusals are reported."""

import socket
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.contract.fetch_origin import Exchange, Origin, echoes, redirects, sends, serves
from tests.forward_proxy import ForwardProxy
from tests.receiver import accept
from tracker.delivery.poster import PostRequest
from tracker.environment.settings import Settings
from tracker.errors import (
    AddressRefused,
    FetchError,
    FetchTimeout,
    HttpStatusError,
    NameNotResolved,
    ProxyFailed,
    TlsError,
)
from tracker.fetch import FetchLimits, RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.fetch.post import RequestsPoster
from tracker.polling.fetcher import FetchRequest

PATIENT = FetchLimits()
#: The wait for a tunnel is bounded like that for a connection.
FAST = FetchLimits(connect_s=0.5)
CREDENTIALS = "Basic dXNlcjpwOnNAcw=="


def resolve(host, port, *, type):
    """Know no name but those of the proxy."""
    if host in ("proxy.example", "status.example") and port not in (80, 443):
        host = "127.0.0.1"
    return socket.getaddrinfo(host, port, type=type, flags=socket.AI_NUMERICHOST)


def behind(**variables: str) -> ClientOptions:
    """Return the options of a client with these variables in its environment."""
    proxies = Settings.from_environment(variables).proxies
    return ClientOptions(user_agent="tests", resolve=resolve, proxies=proxies)


def address(relay: Origin) -> str:
    """Return a proxy's address with credentials."""
    return f"http://user:p%3As%40s@127.0.0.1:{relay.port}"


@contextmanager
def fetching(ca_file=None, limits=PATIENT, **variables: str):
    made = RequestsFetcher(replace(behind(**variables), ca_file=ca_file), limits=limits)
    try:
        yield made
    finally:
        made.close()


def read(fetcher: RequestsFetcher, url: str, **headers: str) -> bytes:
    return fetcher.fetch(FetchRequest(url=url, headers=headers)).body


def failing(kind: type[FetchError], fetcher: RequestsFetcher, url: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher.fetch(FetchRequest(url=url))

    assert type(caught.value) is kind, repr(caught.value)
    assert "p:s" not in str(caught.value)
    assert "p%3As" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "Http_Proxy"])
def test_a_page_is_asked_through_the_proxy_which_looks_up_its_name(variable):
    with (
        Origin(serves) as page,
        Origin(proxy := ForwardProxy({"status.example": page})) as relay,
        fetching(**{variable: f"proxy.example:{relay.port}"}) as fetcher,
    ):
        answer = fetcher.fetch(FetchRequest(url="http://status.example/history.rss?a=1"))

    assert (answer.body, answer.url) == (b"news", "http://status.example/history.rss?a=1")
    assert proxy.asked == ["GET http://status.example/history.rss?a=1"]
    assert page.requests[0].headers["host"] == "status.example"


def test_tls_is_held_with_the_page_and_the_proxy_sees_none_of_it(authority, tls):
    with (
        Origin(serves, tls=tls()) as page,
        Origin(proxy := ForwardProxy({"status.example": page})) as relay,
        fetching(str(authority / "ca.pem"), HTTPS_PROXY=address(relay)) as fetcher,
    ):
        for _ in range(3):
            assert read(fetcher, "https://status.example/", Authorization="secret") == b"news"

    assert proxy.asked == ["CONNECT status.example:443"]
    assert relay.requests[0].headers["proxy-authorization"] == CREDENTIALS
    assert "authorization" not in relay.requests[0].headers
    assert page.connections == 1
    assert "proxy-authorization" not in page.requests[0].headers
    assert page.requests[0].headers["authorization"] == "secret"


@pytest.mark.parametrize(("certificate", "host"), [("own", "status.example"), ("site", "wrong.example")])
def test_a_certificate_is_refused_through_the_proxy_as_without(authority, tls, certificate, host):
    with (
        Origin(serves, tls=tls(certificate)) as page,
        Origin(ForwardProxy({host: page})) as relay,
        fetching(str(authority / "ca.pem"), HTTPS_PROXY=f"http://127.0.0.1:{relay.port}") as fetcher,
    ):
        said = failing(TlsError, fetcher, f"https://{host}/")

    assert said.startswith(f"the certificate of {host} is not valid: ")
    assert page.requests == []


def test_a_proxy_that_speaks_tls_itself_is_held_to_its_certificate(authority, tls):
    with (
        Origin(serves, tls=tls()) as page,
        Origin(serves) as plain,
        Origin(proxy := ForwardProxy({"status.example": page, "plain.example": plain}), tls=tls()) as relay,
    ):
        # The certificate is for status.example, which is the proxy's own name here as well.
        with fetching(str(authority / "ca.pem"), ALL_PROXY=f"https://127.0.0.1:{relay.port}") as fetcher:
            for scheme in ("http", "https"):
                said = failing(ProxyFailed, fetcher, f"{scheme}://status.example/")
                assert said.startswith("the proxy cannot be reached: the certificate of 127.0.0.1 is not valid: ")
        assert proxy.asked == []
        with fetching(str(authority / "ca.pem"), ALL_PROXY=f"https://status.example:{relay.port}") as fetcher:
            for url in ("http://plain.example/", "https://status.example/"):
                assert read(fetcher, url) == b"news"

    assert proxy.asked == ["GET http://plain.example/", "CONNECT status.example:443"]


def test_a_plain_page_s_request_carries_the_proxy_s_credentials_and_answers_keep_their_connection():
    urls = [f"http://{host}.example/" for host in ("a", "b", "a")]
    with Origin(echoes) as relay, fetching(HTTP_PROXY=address(relay)) as fetcher:
        assert [read(fetcher, url).decode() for url in urls] == urls

    assert {request.headers["proxy-authorization"] for request in relay.requests} == {CREDENTIALS}
    assert relay.connections == 1


def test_a_tunnel_that_was_closed_while_it_was_kept_is_made_again(authority, tls):
    def script(exchange):
        # The page closes when the next request is already on its way.
        closes = exchange.connection == 1 and len(page.requests) > 1
        (Exchange.hang_up if closes else serves)(exchange)

    with (
        Origin(script, tls=tls()) as page,
        Origin(proxy := ForwardProxy({"status.example": page})) as relay,
        fetching(str(authority / "ca.pem"), HTTPS_PROXY=address(relay)) as fetcher,
    ):
        assert [read(fetcher, "https://status.example/") for _ in range(3)] == [b"news"] * 3

    assert proxy.asked == ["CONNECT status.example:443"] * 2


def test_without_variables_nothing_goes_through_a_proxy():
    with Origin(serves) as page, fetching() as fetcher:
        assert fetcher.fetch(FetchRequest(url=page.url(), allow_private=True)).body == b"news"
        assert "has no address (DNS)" in failing(NameNotResolved, fetcher, "http://status.example/")

    assert page.requests[0].line == "GET / HTTP/1.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_asked_directly(host):
    with Origin(serves) as page, Origin(ForwardProxy({})) as relay:
        made = RequestsFetcher(replace(behind(ALL_PROXY=address(relay)), resolve=socket.getaddrinfo))
        assert made.fetch(FetchRequest(url=page.url(host=host), allow_private=True)).body == b"news"
        made.close()

    assert relay.connections == 0


# -- addresses


@pytest.mark.parametrize(
    "host",
    [
        *("10.1.2.3", "169.254.169.254", "0xa000001", "167772161", "10.1", "012.0.0.1"),
        *("[fd00::1]", "[::ffff:10.0.0.1]", "intranet", "wiki.corp", "printer.local"),
        *("metadata.google.internal", "router.lan", "x.home.arpa", "wiki.corp."),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_is_not_public_by_its_name_is_refused_behind_a_proxy_too(scheme, host):
    with Origin(ForwardProxy({})) as relay, fetching(ALL_PROXY=address(relay)) as fetcher:
        said = failing(AddressRefused, fetcher, f"{scheme}://{host}/")
        with pytest.raises(ProxyFailed if scheme == "https" else HttpStatusError, match="502"):
            fetcher.fetch(FetchRequest(url=f"{scheme}://{host}/", allow_private=True))

    assert said.endswith("is not a public address or name, and allow_private is off")
    assert relay.connections == 1


def test_a_redirect_is_judged_at_every_hop():
    with (
        Origin(redirects("http://10.0.0.1/")) as page,
        Origin(ForwardProxy({"status.example": page, "10.0.0.1": page})) as relay,
        fetching(HTTP_PROXY=address(relay)) as fetcher,
    ):
        failing(AddressRefused, fetcher, "http://status.example/")

    assert len(page.requests) == 1


def test_where_no_proxy_leads_the_addresses_of_names_are_judged_again():
    with Origin(ForwardProxy({})) as relay, fetching(HTTP_PROXY=address(relay), NO_PROXY="proxy.example") as fetcher:
        assert "127.0.0.1" in failing(AddressRefused, fetcher, "http://proxy.example:81/")

    assert relay.connections == 0


# -- refusals


def answering(status: str, **headers: str):
    return lambda exchange: exchange.answer(status, b"<html>", **headers)


PIECES = b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 60_000
NO_TUNNEL = {
    "407": (answering("407 Proxy Authentication Required"), "it wants other credentials (407)"),
    "403": (answering("403 Forbidden"), "it answered 403"),
    "502": (answering("502 Bad Gateway"), "it answered 502"),
    "503": (answering("503 Busy"), "it answered 503"),
    "no HTTP": (sends(b"SSH-2.0-OpenSSH_9\r\n\r\n", then=lambda _: None), "its answer breaks HTTP"),
    "hangs up": (Exchange.hang_up, "closed without an answer"),
    "silent": (Exchange.dawdle, "no byte came for 0.5 s"),
    "endless": (sends(PIECES, then=lambda _: None), "the answer is cut into too many pieces"),
}


@pytest.mark.parametrize(("script", "said"), NO_TUNNEL.values(), ids=NO_TUNNEL)
def test_a_proxy_that_makes_no_tunnel_is_named(script, said):
    with Origin(script) as relay, fetching(limits=FAST, HTTPS_PROXY=address(relay)) as fetcher:
        sentence = failing(ProxyFailed, fetcher, "https://status.example/")

    assert sentence.startswith(f"the proxy 127.0.0.1:{relay.port} made no connection to status.example: {said}")


def established(then: bytes = b"", end=Exchange.hang_up):
    """Say that there is a connection, and then something that is no TLS."""

    def script(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        exchange.sock.recv(9999)
        exchange.send(then)
        end(exchange)

    return script


WITHOUT_TLS = {
    "closed": (established(), ProxyFailed, ": no TLS came through it: "),
    "reset": (established(end=Exchange.reset), ProxyFailed, ": no TLS came through it: connection reset by peer"),
    "a page": (established(b"<html>blocked</html>"), ProxyFailed, ": no TLS came through it: wrong version number"),
    "silent": (established(end=Exchange.dawdle), FetchTimeout, " within 0.5 s"),
    "an alert of the page's": (established(b"\x15\x03\x03\x00\x02\x02\x46"), TlsError, "alert protocol version"),
}


@pytest.mark.parametrize(("script", "kind", "said"), WITHOUT_TLS.values(), ids=WITHOUT_TLS)
def test_a_tunnel_without_tls_in_it_is_the_proxy_s_failure(script, kind, said):
    with Origin(script) as relay, fetching(limits=FAST, HTTPS_PROXY=address(relay)) as fetcher:
        sentence = failing(kind, fetcher, "https://status.example/")

    assert said in sentence
    assert (f"the proxy 127.0.0.1:{relay.port}" in sentence) == (kind is not TlsError)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnews"])
def test_a_proxy_that_breaks_off_is_named(head):
    with (
        Origin(sends(head)) as relay,
        fetching(HTTP_PROXY=address(relay)) as fetcher,
        pytest.raises(FetchError) as caught,
    ):
        read(fetcher, "http://status.example/")

    assert f"status.example through the proxy 127.0.0.1:{relay.port} br" in str(caught.value)


WANTS_OTHERS = "the proxy {} refuses: it wants other credentials"


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        (answering("407 Proxy Authentication Required"), ProxyFailed, WANTS_OTHERS),
        (answering("502 No", X_Squid_Error="ERR_DNS_FAIL"), ProxyFailed, "the proxy {} refuses: it answered 502"),
        (answering("403 No", Proxy_Status="p; error=x"), ProxyFailed, "the proxy {} refuses: it answered 403"),
        (answering("502 Bad Gateway"), HttpStatusError, "answered 502 through the proxy {}"),
        (answering("403 Forbidden"), HttpStatusError, "answered 403 through the proxy {}; if it is for signed-in"),
    ],
)
def test_an_answer_of_the_proxy_s_own_is_named(script, kind, said):
    with Origin(script) as relay, fetching(HTTP_PROXY=address(relay)) as fetcher:
        sentence = failing(kind, fetcher, "http://status.example/")

    assert sentence.startswith(said.format(f"127.0.0.1:{relay.port}"))


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://127.0.0.1:1", "no connection to 127.0.0.1:1: connection refused"),
        ("http://nowhere.example:3128", "nowhere.example has no address (DNS)"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named(proxy, said, scheme):
    with fetching(ALL_PROXY=proxy) as fetcher:
        sentence = failing(ProxyFailed, fetcher, f"{scheme}://status.example/")

    assert sentence == f"the proxy cannot be reached: {said}"


# -- receivers


def test_a_webhook_is_posted_through_the_proxy():
    with Origin(accept) as receiver, Origin(proxy := ForwardProxy({"hooks.example": receiver})) as relay:
        poster = RequestsPoster(behind(HTTP_PROXY=address(relay)))
        answer = poster.post(PostRequest(url="http://hooks.example/x", headers={"webhook-id": "1"}, body=b"{}"))
        poster.close()

    assert answer.status == 204
    assert proxy.asked == ["POST http://hooks.example/x"]
    assert (receiver.requests[0].body, receiver.requests[0].headers["webhook-id"]) == (b"{}", "1")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_s_refusal_is_no_answer_of_the_receiver(scheme):
    with Origin(answering("407 Proxy Authentication Required")) as relay:
        poster = RequestsPoster(behind(ALL_PROXY=address(relay)))
        with pytest.raises(ProxyFailed, match="407"):
            poster.post(PostRequest(url=f"{scheme}://hooks.example/x", headers={}, body=b"{}"))
        poster.close()
