"""What goes along through redirects and what stays behind: cookies, credentials; and pages where people sign in."""

import pytest

from tests.contract.both_fetchers import KINDS, Loopback, end
from tests.contract.fetch_origin import Exchange, Origin, first, redirects, routed, serves
from tracker.errors import Blocked, FetchError, HttpStatusError, SignInNeeded, TooManyRedirects
from tracker.fetch import RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.polling.fetcher import Fetched, FetchRequest

SECRET = "Basic b3BzOnMzY3JldA=="
LOGIN = b"<html><head><title>Sign in - Acme</title></head><input type='password' name=p></html>"


@pytest.fixture(scope="module")
def fetcher():
    """What follows redirects; the lane leaves all of them to it."""
    made = RequestsFetcher(ClientOptions(user_agent="tests", resolve=Loopback()))
    yield made
    made.close()


@pytest.fixture(scope="module", params=KINDS)
def either(request):
    made = request.param(ClientOptions(user_agent="tests", resolve=Loopback()))
    yield made
    end(made)


def ask(origin: Origin, path: str = "/", host: str = "one.example", **headers: str) -> FetchRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return FetchRequest(url=origin.url(path, host), allow_private=True, headers=named)


def refused(fetcher, script, *, kind: type[FetchError] = FetchError, path: str = "/", **headers: str) -> FetchError:
    """Ask an origin that is at `one.example`, and return the error."""
    with Origin(script) as origin, pytest.raises(kind) as caught:
        fetcher.fetch(ask(origin, path, **headers))
    return caught.value


def cookies_sent(fetcher, cookies: list[str]) -> str | None:
    """Return the Cookie field of the request that a redirect to the same path leads to."""
    with Origin(first(redirects("/a/b?c", *cookies), then=serves)) as origin:
        assert isinstance(fetcher.fetch(ask(origin, "/a/b?c")), Fetched)
    assert "cookie" not in origin.requests[0].headers
    return origin.requests[1].headers.get("cookie")


# -- cookies


def test_a_page_that_is_given_to_whoever_brings_its_cookie_is_read(fetcher):
    def script(exchange):
        has_cookie = exchange.request.headers.get("cookie") == "pass=1"
        (serves if has_cookie else redirects("/", "pass=1; Path=/; HttpOnly; SameSite=Lax"))(exchange)

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
def test_cookies_are_sent_back_where_they_belong(fetcher, cookies, sent):
    assert cookies_sent(fetcher, cookies) == sent


def test_no_more_than_fifty_cookies_are_kept(fetcher):
    assert cookies_sent(fetcher, [f"c{number}=1" for number in range(60)]).count("=") == 50


@pytest.mark.parametrize(
    "location", ["http://two.example:{port}/", "http://sub.one.example:{port}/", "http://127.0.0.1:{port}/"]
)
@pytest.mark.parametrize("cookie", ["a=1", "a=1; Domain=.example; Path=/"])
def test_another_host_never_gets_them_and_its_own_are_its_own(fetcher, location, cookie):
    def start(exchange):
        is_own = exchange.request.headers["host"].startswith("one.example")
        leads_back = redirects("http://one.example:{port}/back", "b=2; Path=/")
        (redirects(location, cookie) if is_own else leads_back)(exchange)

    with Origin(routed({"/back": serves}, start)) as origin:
        fetcher.fetch(ask(origin))

    assert [request.headers.get("cookie") for request in origin.requests] == [None, None, "a=1"]


def test_another_port_of_the_host_does_not_get_them(fetcher):
    with Origin(serves) as other, Origin(redirects(other.url("/", "one.example"), "a=1; Path=/")) as origin:
        fetcher.fetch(ask(origin))

    assert "cookie" not in other.requests[0].headers


def counts_up(exchange: Exchange) -> None:
    redirects(f"/{int(exchange.request.path[1:] or 0) + 1}", "n=1; Path=/")(exchange)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (redirects("/", "n=1"), "in a circle that sets cookies, as for browsers"),
        (counts_up, "setting cookies, as for browsers"),
        (routed({"/": redirects("/login")}, redirects("/")), "by way of a sign-in page"),
    ],
    ids=["cookies", "cookies at new addresses", "a sign-in page"],
)
def test_what_leads_on_without_end_is_named(either, script, said):
    error = str(refused(either, script, kind=TooManyRedirects))

    assert error.startswith("redirected more than 10 times, ")
    assert said in error
    assert ("headers_env" in error) is ("sign-in" in said)


# -- credentials


def test_credentials_go_to_the_page_s_own_host_alone(fetcher):
    def away(exchange):
        is_own = exchange.request.headers["host"].startswith("one.example")
        redirects("http://two.example:{port}/back" if is_own else "http://one.example:{port}/news")(exchange)

    with Origin(routed({"/news": serves, "/start": redirects("/away", "c=1; Path=/")}, away)) as origin:
        request = ask(origin, "/start", Authorization=SECRET, Cookie="session=7")
        assert fetcher.fetch(request).body == b"news"

    sent = [(request.headers.get("authorization"), request.headers.get("cookie")) for request in origin.requests]
    assert sent == [(SECRET, "session=7"), (SECRET, "session=7; c=1"), (None, None), (SECRET, "session=7; c=1")]


@pytest.mark.parametrize(
    "location", ["http://two.example:{port}/", "http://one.example.:OTHER/", "http://one.example:OTHER/"]
)
def test_neither_another_name_nor_another_port_gets_them(fetcher, location):
    with (
        Origin(serves) as other,
        Origin(routed({"/start": redirects(location.replace("OTHER", str(other.port)))}, serves)) as origin,
    ):
        fetcher.fetch(ask(origin, "/start", Authorization=SECRET, X_Key="k"))

    given = [{"authorization", "x-key"} & request.headers.keys() for request in (*origin.requests, *other.requests)]
    assert given == [{"authorization", "x-key"}, set()]


def test_two_requests_for_one_url_share_nothing_of_their_answers(either):
    def greets(exchange):
        exchange.answer(body=exchange.request.headers.get("x-key", "nobody").encode())

    with Origin(greets) as origin:
        bodies = [either.fetch(ask(origin, X_Key=key)).body for key in ("one", "two", "one")]
        bodies.append(either.fetch(ask(origin)).body)

    assert bodies == [b"one", b"two", b"one", b"nobody"]
    assert origin.connections == 1


def test_a_header_of_the_page_takes_the_place_of_ours(either):
    with Origin(Exchange.answer) as origin:
        either.fetch(ask(origin, accept="text/plain", USER_AGENT="known"))

    assert origin.requests[0].headers["accept"] == "text/plain"
    assert origin.requests[0].headers["user-agent"] == "known"


def unauthorized(exchange: Exchange) -> None:
    exchange.answer("401 Unauthorized")


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
    assert str(refused(either, unauthorized, **headers)) == said


def test_a_401_of_another_host_says_that_it_did_not_get_them(either):
    script = routed({"/start": redirects("http://two.example:{port}/")}, unauthorized)
    with Origin(script) as origin, pytest.raises(HttpStatusError) as caught:
        either.fetch(ask(origin, "/start", Authorization=SECRET))

    assert str(caught.value) == (
        f"answered 401: what headers_env gives goes to http://one.example:{origin.port} alone, "
        f"and not to http://two.example:{origin.port}"
    )


def sign_in(exchange: Exchange) -> None:
    exchange.answer(body=LOGIN, Content_Type="text/html")


TOKEN = "zq9-Secret-token-of-ours"
REPEATING = {
    "a body": lambda exchange, given: exchange.answer(body=f'{{"error": "no {given}"}}'.encode()),
    "a type": lambda exchange, given: exchange.answer(Content_Type=given),
    "a coding": lambda exchange, given: exchange.answer(body=b"\1" * 9, Content_Encoding=given),
    "a redirect": lambda exchange, given: redirects(f"ftp://a/?t={given}")(exchange),
    "a redirect that is cut": lambda exchange, given: redirects(f"ftp://{'a' * 70}/?t={given}")(exchange),
    "a sign-in page": lambda exchange, given: (
        sign_in(exchange) if "login" in exchange.request.path else redirects(f"/login/{given}")(exchange)
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
    def there(exchange):
        exchange.answer(final, LOGIN, Content_Type="text/html; charset=utf-8")

    error = refused(either, routed({"/history.rss": redirects(location)}, there), path="/history.rss")

    if location == "/portal" and final != "200 OK":
        assert type(error) is HttpStatusError
        return
    assert type(error) is SignInNeeded
    assert error.status == 302
    assert str(error).startswith("leads to a sign-in page at ")
    assert "give its credentials by headers_env" in str(error)
    assert "next=" not in str(error)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (sign_in, "is a sign-in page; give its credentials by headers_env"),
        (redirects("http://login.example:1/sso"), "leads to a sign-in page at login.example/sso"),
    ],
    ids=["in the place of the page", "at a host that cannot be reached"],
)
def test_a_sign_in_page_is_called_one(either, script, said):
    assert str(refused(either, script, kind=SignInNeeded)).startswith(said)


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
    announcement = {path: lambda exchange: exchange.answer(body=body, Content_Type=kind)}
    with Origin(routed(announcement, redirects(path))) as origin:
        assert either.fetch(ask(origin)).body == body


def test_a_sign_in_that_lets_us_through_is_followed(fetcher):
    def page(exchange):
        (serves if "cookie" in exchange.request.headers else redirects("/login"))(exchange)

    with Origin(routed({"/login": redirects("/", "session=1; Path=/")}, page)) as origin:
        assert fetcher.fetch(ask(origin)).body == b"news"


def test_a_challenge_at_a_sign_in_page_is_a_challenge(either):
    def challenge(exchange):
        exchange.answer("403 Forbidden", **{"cf-mitigated": "challenge"})

    refused(either, routed({"/": redirects("/login")}, challenge), kind=Blocked)
