"""What goes along through redirects and what stays behind: cookies, credentials; and pages where people sign in."""

import socket

import pytest

from tests.contract.both_fetchers import KINDS, end
from tests.contract.fetch_origin import Exchange, Origin
from tracker.errors import Blocked, FetchError, HttpStatusError, SignInNeeded, TooManyRedirects
from tracker.fetch import RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.polling.fetcher import Fetched, FetchRequest

SECRET = "Basic b3BzOnMzY3JldA=="
LOGIN = b"<html><head><title>Sign in - Acme</title></head><input type='password' name=p></html>"


def resolve(_host, port, *, type):
    """Lead every name to loopback."""
    return socket.getaddrinfo("127.0.0.1", port, type=type)


@pytest.fixture(scope="module")
def fetcher():
    """What follows redirects; the lane leaves all of them to it."""
    made = RequestsFetcher(ClientOptions(user_agent="tests", resolve=resolve))
    yield made
    made.close()


@pytest.fixture(scope="module", params=KINDS)
def either(request):
    made = request.param(ClientOptions(user_agent="tests", resolve=resolve))
    yield made
    end(made)


def ask(origin: Origin, path: str = "/", host: str = "one.example", **headers: str) -> FetchRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return FetchRequest(url=origin.url(path, host), allow_private=True, headers=named)


def redirect(exchange: Exchange, location: str, *cookies: str, status: str = "302 Found") -> None:
    fields = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    exchange.send(f"HTTP/1.1 {status}\r\nLocation: {location}\r\n{fields}Content-Length: 0\r\n\r\n".encode("latin-1"))


def cookies_sent(cookies: list[str], start: str = "/a/b?c", then: str = "/a/b?c") -> list[str | None]:
    """Return the Cookie fields of both requests of a redirect that sets these cookies."""

    def script(exchange):
        if len(origin.requests) == 1:
            redirect(exchange, then, *cookies)
        else:
            exchange.answer(body=b"news")

    fetcher = RequestsFetcher(ClientOptions(user_agent="tests", resolve=resolve))
    with Origin(script) as origin:
        assert isinstance(fetcher.fetch(ask(origin, start)), Fetched)
    fetcher.close()
    return [request.headers.get("cookie") for request in origin.requests]


# -- cookies


def test_a_page_that_is_given_to_whoever_brings_its_cookie_is_read(fetcher):
    def script(exchange):
        if exchange.request.headers.get("cookie") == "pass=1":
            exchange.answer(body=b"news")
        else:
            redirect(exchange, "/", "pass=1; Path=/; HttpOnly; SameSite=Lax")

    with Origin(script) as origin:
        assert fetcher.fetch(ask(origin)).body == b"news"
        assert fetcher.fetch(ask(origin)).body == b"news"

    # Nothing is kept for the next request.
    assert [request.headers.get("cookie") for request in origin.requests] == [None, "pass=1", None, "pass=1"]


@pytest.mark.parametrize(
    ("cookies", "sent"),
    [
        (["a=1", "b=2"], "a=1; b=2"),
        (["a=1", "a=2"], "a=2"),
        (["a=1", "a=; Max-Age=0"], None),
        (["a=1", "a=1; Max-Age=-5"], None),
        (["a=1", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], None),
        (["a=1; Expires=Thu, 01-Jan-2099 00:00:00 GMT"], "a=1"),
        (["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "a=1"),
        (['a="x y"'], 'a="x y"'),
        (["a=b=c=="], "a=b=c=="),
        (["a="], "a="),
        (["a=1; Path=/a"], "a=1"),
        (["a=1; Path=/a/"], "a=1"),
        (["a=1; Path=/a/b"], "a=1"),
        (["a=1; Path=/other"], None),
        (["a=1; Path=/a/bc"], None),
        (["a=1; Path=/", "b=2; Path=/a/b"], "b=2; a=1"),
        (["a=1; Domain=one.example"], "a=1"),
        (["a=1; Domain=.example"], "a=1"),
        (["a=1; Domain=two.example"], None),
        (["a=1; Domain=ne.example"], None),
        (["a=1; Secure"], None),
        (["=1", "a", "a b=1", "a\x01=1", "a=\x01", "ü=1", ""], None),
        ([f"{number}={'x' * 4000}" for number in range(5)], f"0={'x' * 4000}; 1={'x' * 4000}"),
        (["a=" + "x" * 5000, "b=1"], "b=1"),
    ],
)
def test_cookies_are_sent_back_where_they_belong(cookies, sent):
    assert cookies_sent(cookies) == [None, sent]


def test_no_more_than_fifty_cookies_are_kept():
    assert cookies_sent([f"c{number}=1" for number in range(60)])[1].count("=") == 50


@pytest.mark.parametrize(
    "location", ["http://two.example:{port}/", "http://sub.one.example:{port}/", "http://127.0.0.1:{port}/"]
)
@pytest.mark.parametrize("cookie", ["a=1", "a=1; Domain=.example; Path=/"])
def test_another_host_never_gets_them_and_its_own_are_its_own(fetcher, location, cookie):
    def script(exchange):
        if exchange.request.path == "/back":
            exchange.answer(body=b"news")
        elif exchange.request.headers["host"].startswith("one.example"):
            redirect(exchange, location.format(port=origin.port), cookie)
        else:
            redirect(exchange, f"http://one.example:{origin.port}/back", "b=2; Path=/")

    with Origin(script) as origin:
        fetcher.fetch(ask(origin))

    assert [request.headers.get("cookie") for request in origin.requests] == [None, None, "a=1"]


def test_another_port_of_the_host_does_not_get_them(fetcher):
    with (
        Origin(lambda exchange: exchange.answer(body=b"news")) as other,
        Origin(lambda exchange: redirect(exchange, other.url("/", "one.example"), "a=1; Path=/")) as origin,
    ):
        fetcher.fetch(ask(origin))

    assert "cookie" not in other.requests[0].headers


def test_a_circle_that_sets_cookies_is_called_one(fetcher):
    with (
        Origin(lambda exchange: redirect(exchange, "/", f"n={len(origin.requests)}")) as origin,
        pytest.raises(TooManyRedirects) as caught,
    ):
        fetcher.fetch(ask(origin))

    assert str(caught.value) == "redirected more than 10 times, in a circle that sets cookies, as for browsers"
    assert origin.requests[-1].headers["cookie"] == "n=10"


def test_cookies_without_end_are_named_where_every_address_is_new(fetcher):
    with (
        Origin(lambda exchange: redirect(exchange, f"/{len(origin.requests)}", "n=1; Path=/")) as origin,
        pytest.raises(TooManyRedirects) as caught,
    ):
        fetcher.fetch(ask(origin))

    assert str(caught.value) == "redirected more than 10 times, setting cookies, as for browsers"


def test_cookies_of_a_final_answer_are_nobody_s(either):
    with Origin(lambda exchange: exchange.answer(Set_Cookie="a=1")) as origin:
        for _ in range(2):
            either.fetch(ask(origin))

    assert ["cookie" in request.headers for request in origin.requests] == [False, False]


# -- credentials


def test_credentials_go_to_the_page_s_own_host_alone(fetcher):
    def script(exchange):
        path, host = exchange.request.path, exchange.request.headers["host"]
        if path == "/news":
            exchange.answer(body=b"news")
        elif path == "/start":
            redirect(exchange, "/away", "c=1; Path=/")
        elif host.startswith("one.example"):
            redirect(exchange, f"http://two.example:{origin.port}/back")
        else:
            redirect(exchange, f"http://one.example:{origin.port}/news")

    with Origin(script) as origin:
        request = ask(origin, "/start", Authorization=SECRET, Cookie="session=7")
        assert fetcher.fetch(request).body == b"news"

    sent = [(request.headers.get("authorization"), request.headers.get("cookie")) for request in origin.requests]
    assert sent == [(SECRET, "session=7"), (SECRET, "session=7; c=1"), (None, None), (SECRET, "session=7; c=1")]


@pytest.mark.parametrize(
    "location", ["http://two.example:{port}/", "http://one.example.:{other}/", "http://one.example:{other}/"]
)
def test_neither_another_name_nor_another_port_gets_them(fetcher, location):
    with Origin(lambda exchange: exchange.answer(body=b"news")) as other:

        def script(exchange):
            if exchange.request.path == "/start":
                redirect(exchange, location.format(port=origin.port, other=other.port))
            else:
                exchange.answer(body=b"news")

        with Origin(script) as origin:
            fetcher.fetch(ask(origin, "/start", Authorization=SECRET, X_Key="k"))

    asked = [*origin.requests, *other.requests]
    assert [("authorization" in request.headers, "x-key" in request.headers) for request in asked] == [
        (True, True),
        (False, False),
    ]


def test_two_requests_for_one_url_share_nothing_of_their_answers(either):
    with Origin(
        lambda exchange: exchange.answer(body=exchange.request.headers.get("x-key", "nobody").encode())
    ) as origin:
        bodies = [either.fetch(ask(origin, X_Key=key)).body for key in ("one", "two", "one")]
        bodies.append(either.fetch(ask(origin)).body)

    assert bodies == [b"one", b"two", b"one", b"nobody"]
    assert origin.connections == 1


def test_a_header_of_the_page_takes_the_place_of_ours(either):
    with Origin(Exchange.answer) as origin:
        either.fetch(ask(origin, accept="text/plain", USER_AGENT="known"))

    assert origin.requests[0].headers["accept"] == "text/plain"
    assert origin.requests[0].headers["user-agent"] == "known"


def test_a_request_does_not_show_what_its_headers_hold():
    request = FetchRequest(url="https://a.example", headers={"Authorization": SECRET})

    assert SECRET not in repr(request)
    assert "Authorization" in repr(request)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, 'answered 401: give its credentials by headers_env, as in headers_env = { Authorization = "VARIABLE" }'),
        ({"Authorization": SECRET}, "answered 401: it does not accept what headers_env gives (Authorization)"),
    ],
)
def test_a_401_names_the_way_to_give_credentials(either, headers, said):
    with (
        Origin(lambda exchange: exchange.answer("401 Unauthorized")) as origin,
        pytest.raises(HttpStatusError) as caught,
    ):
        either.fetch(ask(origin, **headers))

    assert str(caught.value) == said


def test_a_401_of_another_host_says_that_it_did_not_get_them(either):
    def script(exchange):
        if exchange.request.path == "/start":
            redirect(exchange, f"http://two.example:{origin.port}/")
        else:
            exchange.answer("401 Unauthorized")

    with Origin(script) as origin, pytest.raises(HttpStatusError) as caught:
        either.fetch(ask(origin, "/start", Authorization=SECRET))

    assert str(caught.value) == (
        f"answered 401: what headers_env gives goes to http://one.example:{origin.port} alone, "
        f"and not to http://two.example:{origin.port}"
    )


TOKEN = "zq9-Secret-token-of-ours"
REPEATING = {
    "a body": lambda exchange, given: exchange.answer(body=f'{{"error": "no {given}"}}'.encode()),
    "a type": lambda exchange, given: exchange.answer(Content_Type=given),
    "a coding": lambda exchange, given: exchange.answer(body=b"\1" * 9, Content_Encoding=given),
    "a redirect": lambda exchange, given: redirect(exchange, f"ftp://a/?t={given}"),
    "a redirect that is cut": lambda exchange, given: redirect(exchange, f"ftp://{'a' * 70}/?t={given}"),
    "a sign-in page": lambda exchange, given: (
        redirect(exchange, f"/login/{given}")
        if "login" not in exchange.request.path
        else exchange.answer(body=LOGIN, Content_Type="text/html")
    ),
}


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"session={TOKEN}; x=1", TOKEN, f'Token token="{TOKEN}"'])
@pytest.mark.parametrize("script", REPEATING.values(), ids=REPEATING)
def test_a_secret_that_a_page_repeats_is_not_shown(either, script, value):
    with Origin(lambda exchange: script(exchange, value)) as origin:
        try:
            answer = either.fetch(ask(origin, Authorization=value))
            said = f"{answer.body!r} {answer.content_type}"
        except FetchError as error:
            said = f"{error} {error.args[0]}"
        sent = origin.requests[0].headers["authorization"]

    assert sent == value
    assert "zq9-secr" not in said.lower()
    assert "[secret]" in said


def test_what_is_no_secret_stays_in_an_answer(either):
    body = b"a page of Mozilla/5.0 and application/json for the bearer of a Basic plan"
    given = {"Accept": "application/json", "User-Agent": "Mozilla/5.0", "Authorization": "Basic plan"}
    with Origin(lambda exchange: exchange.answer(body=body, Content_Type="application/json")) as origin:
        answer = either.fetch(ask(origin, **given))

    assert (answer.body, answer.content_type) == (body, "application/json")


# -- signing in


@pytest.mark.parametrize(
    "location",
    [
        "/login?next=%2Fhistory.rss",
        "/users/sign_in",
        "/en/SignIn/",
        "/sso/saml",
        "/oauth2/authorize?client_id=1",
        "/wp-login.php",
        "http://login.example:{port}/x",
        "http://acme.okta.com:{port}/home",
        "/portal",
    ],
)
@pytest.mark.parametrize("final", ["200 OK", "403 Forbidden", "404 Not Found", "503 Busy"])
def test_a_redirect_to_where_people_sign_in_is_called_one(either, location, final):
    def script(exchange):
        if exchange.request.path == "/history.rss":
            redirect(exchange, location.format(port=origin.port))
        else:
            exchange.answer(final, LOGIN, Content_Type="text/html; charset=utf-8")

    with Origin(script) as origin, pytest.raises(FetchError) as caught:
        either.fetch(ask(origin, "/history.rss"))

    if location == "/portal" and final != "200 OK":
        assert type(caught.value) is HttpStatusError
        return
    assert type(caught.value) is SignInNeeded
    assert caught.value.status == 302
    assert str(caught.value).startswith("leads to a sign-in page at ")
    assert "give its credentials by headers_env" in str(caught.value)
    assert "next=" not in str(caught.value)


def test_a_sign_in_page_in_the_place_of_the_page_is_called_one(either):
    with (
        Origin(lambda exchange: exchange.answer(body=LOGIN, Content_Type="text/html")) as origin,
        pytest.raises(SignInNeeded, match=r"^is a sign-in page; give its credentials by headers_env"),
    ):
        either.fetch(ask(origin))


def test_a_sign_in_host_that_cannot_be_reached_is_still_reported_as_one(either):
    with (
        Origin(lambda exchange: redirect(exchange, "http://login.example:1/sso")) as origin,
        pytest.raises(SignInNeeded, match=r"leads to a sign-in page at login\.example/sso"),
    ):
        either.fetch(ask(origin))


def test_a_circle_through_a_sign_in_page_says_so(either):
    def script(exchange):
        redirect(exchange, "/login" if exchange.request.path == "/" else "/")

    with Origin(script) as origin, pytest.raises(TooManyRedirects, match=r"by way of a sign-in page.*headers_env"):
        either.fetch(ask(origin))


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/auth/", b'{"page": {}}', "application/json"),
        ("/login.rss", b"<?xml version='1.0'?><rss/>", "application/rss+xml"),
        ("/author/", b"<html><title>Login is slow</title></html>", "text/html"),
        ("/blog/login-issues", b"<html><title>Status</title><input type=password></html>", "text/html"),
    ],
)
def test_announcements_are_not_taken_for_a_sign_in_page(either, path, body, kind):
    def script(exchange):
        if exchange.request.path == "/":
            redirect(exchange, path)
        else:
            exchange.answer(body=body, Content_Type=kind)

    with Origin(script) as origin:
        assert either.fetch(ask(origin)).body == body


def test_a_sign_in_that_lets_us_through_is_followed(fetcher):
    def script(exchange):
        if exchange.request.path == "/login":
            redirect(exchange, "/", "session=1; Path=/")
        elif "cookie" in exchange.request.headers:
            exchange.answer(body=b"news")
        else:
            redirect(exchange, "/login")

    with Origin(script) as origin:
        assert fetcher.fetch(ask(origin)).body == b"news"


def test_a_challenge_at_a_sign_in_page_is_a_challenge(either):
    def script(exchange):
        if exchange.request.path == "/":
            redirect(exchange, "/login")
        else:
            exchange.answer("403 Forbidden", **{"cf-mitigated": "challenge"})

    with Origin(script) as origin, pytest.raises(Blocked):
        either.fetch(ask(origin))
