"""Who may read and who may act: decided without HTTP first, then asked of a real server."""

import base64
import socket
from datetime import timedelta
from ipaddress import ip_network

import pytest
import redis

from tests.history.record import NOON
from tests.web.running import RunningWeb, provider, utc, well
from tracker.environment.web import WebSettings, address_of
from tracker.errors import ConfigError
from tracker.store.board import RedisBoard
from tracker.store.connection import DUE
from tracker.web.access import (
    COOKIE,
    SESSION,
    Asking,
    Scope,
    Viewer,
    client_of,
    is_forgery,
    is_known_host,
    require_protection,
    session_of,
    viewer_of,
)
from tracker.web.attempts import OF_ALL, PER_CLIENT, WINDOW, Attempts
from tracker.web.routes.login import inside
from tracker.web.server import listen

READ, ACT = "reads-" + "r" * 20, "acts-" + "a" * 20
SETTINGS = WebSettings(
    token=READ,
    act_token=ACT,
    trusted_proxies=(ip_network("10.0.0.0/8"),),
    actors=frozenset({"olga"}),
    hosts=frozenset({"status.example"}),
)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def asking(method: str = "GET", peer: str = "192.0.2.7", cookie: str = "", **headers: str) -> Asking:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asking(method, peer, {"host": "status.example", **named}, {COOKIE: cookie} if cookie else {})


@pytest.mark.parametrize(
    ("asked", "scopes"),
    [
        (asking(), None),
        (asking(authorization=f"Bearer {READ}"), {"read"}),
        (asking(authorization=f"Bearer {ACT}"), {"read", "act"}),
        (asking(authorization=f"bearer {READ[:-1]}"), None),
        (asking(authorization="Bearer "), None),
        (asking(authorization="Bearer é"), None),
        (asking(authorization=basic(READ)), {"read"}),
        (asking(authorization=basic("x")), None),
        (asking(authorization="Basic %%%"), None),
        (asking(cookie=session_of(frozenset({Scope.READ}), SETTINGS, NOON)), {"read"}),
        (asking(cookie=session_of(frozenset({Scope.READ, Scope.ACT}), SETTINGS, NOON)), {"read", "act"}),
        (asking(cookie=session_of(frozenset({Scope.READ}), SETTINGS, NOON).replace("read", "act")), None),
        (asking(cookie=session_of(frozenset({Scope.READ}), SETTINGS, NOON - SESSION - timedelta(seconds=1))), None),
        (asking(cookie=".."), None),
        (asking(cookie="9" * 5000 + ".read.x"), None),
        (asking(peer="10.1.2.3", x_forwarded_user="anna"), {"read"}),
        (asking(peer="::ffff:10.1.2.3", x_forwarded_user="olga"), {"read", "act"}),
        (asking(peer="10.1.2.3"), None),
        (asking(peer="192.0.2.7", x_forwarded_user="olga"), None),
        (asking(peer="", x_forwarded_user="olga"), None),
        # Not from this machine, though it listens there: a proxy that nobody named has passed it on.
        (asking(peer="127.0.0.1", host="127.0.0.1:8000", x_forwarded_for="198.51.100.1"), None),
        (asking(peer="127.0.0.1", host="localhost:8000"), {"read"}),
        (asking(peer="127.0.0.1", host="status.example"), None),
    ],
)
def test_who_asks(asked: Asking, scopes: set[str] | None) -> None:
    viewer = viewer_of(asked, SETTINGS, bound="127.0.0.1", now=NOON)
    assert (None if viewer is None else {str(scope) for scope in viewer.scopes}) == scopes


def test_nobody_reads_for_being_near_where_others_can_connect() -> None:
    assert viewer_of(asking(peer="127.0.0.1", host="localhost"), SETTINGS, bound="0.0.0.0", now=NOON) is None


def test_a_session_ends_with_its_token() -> None:
    cookie = session_of(frozenset({Scope.READ, Scope.ACT}), SETTINGS, NOON)
    other = WebSettings(token=READ, act_token="another-" + ACT)
    assert viewer_of(asking(cookie=cookie), other, bound="0.0.0.0", now=NOON) is None
    assert viewer_of(asking(cookie=cookie), WebSettings(), bound="0.0.0.0", now=NOON) is None


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("status.example", True),
        ("STATUS.example.:443", True),
        ("localhost:8000", True),
        ("[::1]:8000", True),
        ("evil.example", False),
        ("status.example.evil.example", False),
        ("", False),
        ('localhost:80"><script>', False),
        ("localhost:80@evil.example", False),
        ("127.0.0.1.evil.example:8000", False),
    ],
)
def test_under_which_names_it_is_asked(host: str, is_known: bool) -> None:
    assert is_known_host(host, "127.0.0.1", SETTINGS) is is_known


@pytest.mark.parametrize(
    ("via", "headers", "is_forged"),
    [
        ("session", {"sec_fetch_site": "same-origin"}, False),
        ("session", {"sec_fetch_site": "cross-site"}, True),
        ("session", {"sec_fetch_site": "same-site"}, True),
        ("proxy", {"origin": "https://evil.example"}, True),
        ("proxy", {"origin": "https://status.example"}, False),
        ("basic", {"origin": "null"}, True),
        ("session", {}, False),
        ("token", {"sec_fetch_site": "cross-site"}, False),
    ],
)
def test_what_another_site_sent(via: str, headers: dict[str, str], is_forged: bool) -> None:
    viewer = Viewer("x", frozenset({Scope.READ, Scope.ACT}), via)
    assert is_forgery(asking("POST", **headers), viewer) is is_forged
    assert not is_forgery(asking("GET", **headers), viewer)


def test_it_does_not_start_open_where_others_can_connect() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::", "status.example"):
        with pytest.raises(ConfigError, match="TRACKER_WEB_TOKEN"):
            require_protection(host, WebSettings())
        require_protection(host, SETTINGS)
    for host in ("127.0.0.1", "::1", "localhost"):
        require_protection(host, WebSettings())


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"TRACKER_WEB_TOKEN": "short"}, "openssl rand"),
        ({"TRACKER_WEB_HOSTS": "https://x.example"}, "without a scheme"),
        ({"TRACKER_WEB_TRUSTED_PROXIES": "10.0.0.1/8"}, "10.0.0.0/24"),
        ({"TRACKER_WEB_USER_HEADER": "X User"}, "name of a header"),
        ({"TRACKER_WEB_URL": "x"}, "TRACKER_WEB_URL"),
    ],
)
def test_a_wrong_setting_is_named_with_a_remedy(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as raised:
        WebSettings.from_environment(variables)
    assert "short" not in str(raised.value).replace("shorter", "")


def test_addresses_to_listen_on() -> None:
    assert address_of("127.0.0.1:8000") == ("127.0.0.1", 8000)
    assert address_of("[::1]:80") == ("::1", 80)
    assert address_of(":81") == ("127.0.0.1", 81)
    assert address_of("82") == ("127.0.0.1", 82)
    for wrong in ("", "host", "host:port", "host:99999", "host:-1", "h:\uff11"):
        with pytest.raises(ConfigError, match=r"127\.0\.0\.1:8000"):
            address_of(wrong)


def test_a_port_that_is_taken_has_the_next_free_one_taken() -> None:
    with listen("127.0.0.1", 0, is_searching=False) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="is taken"):
            listen("127.0.0.1", port, is_searching=False)
        with listen("127.0.0.1", port, is_searching=True) as other:
            assert other.getsockname()[1] > port


def test_signing_in_leads_nowhere_else() -> None:
    assert inside("/providers/acme?x=1") == "/providers/acme?x=1"
    for elsewhere in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/\r\nx: y",
    ):
        assert inside(elsewhere) == "/"


def test_a_server_distinguishes_its_readers_from_others(valkey: "redis.Redis", tmp_path) -> None:
    with RunningWeb(valkey, tmp_path, SETTINGS, bound="0.0.0.0") as web:
        web.watch((provider(), well()))
        name = {"Host": "status.example"}
        assert web.get("/api/v1/providers", headers=name).status_code == 401
        assert web.get("/events", headers=name).status_code == 401
        assert web.get("/api/v1/providers", headers={**name, "Authorization": f"Bearer {READ}"}).status_code == 200
        assert web.get("/api/v1/providers", headers={"Host": "evil.example"}).status_code == 421
        assert web.get("/healthz", headers={"Host": "10.0.0.7:8000"}).status_code == 200
        asked = web.get("/", headers={**name, "Accept": "text/html"})
        assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/")

        form = {"token": READ, "next": "//evil.example"}
        refused = web.post("/login", data={**form, "token": "x" * 20}, headers=name)
        assert refused.status_code == 401
        signed_in = web.post("/login", data=form, headers=name)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
        cookie = signed_in.headers["set-cookie"].partition(";")[0]
        assert READ not in signed_in.headers["set-cookie"]
        assert "HttpOnly" in signed_in.headers["set-cookie"]
        assert web.get("/api/v1/providers", headers={**name, "Cookie": cookie}).status_code == 200
        assert web.post("/api/v1/providers/acme/check", headers={**name, "Cookie": cookie}).status_code == 403


def test_wrong_tokens_are_counted_for_each_client_and_for_all() -> None:
    attempts, now = Attempts(), NOON
    for _ in range(PER_CLIENT):
        assert not attempts.pause("198.51.100.1", now)
        attempts.failed("198.51.100.1", now)
    assert attempts.pause("198.51.100.1", now + timedelta(seconds=20)) == WINDOW - timedelta(seconds=20)
    assert not attempts.pause("198.51.100.2", now)
    assert not attempts.pause("198.51.100.1", now + WINDOW)
    for number in range(OF_ALL):
        attempts.failed(f"203.0.113.{number}", now)
    assert attempts.pause("198.51.100.2", now) == WINDOW
    assert not attempts.pause("198.51.100.2", now + WINDOW)


def test_whoever_gives_too_many_wrong_tokens_has_to_wait(valkey: "redis.Redis", tmp_path) -> None:
    with RunningWeb(valkey, tmp_path, SETTINGS, bound="0.0.0.0") as web:
        name = {"Host": "status.example"}
        statuses = [web.post("/login", data={"token": "x" * 20}, headers=name).status_code for _ in range(11)]
        assert statuses == [401] * 10 + [429]
        right = web.post("/login", data={"token": READ}, headers=name)
        assert right.status_code == 429
        assert 0 < int(right.headers["retry-after"]) <= 60
        assert "Try again in" in right.text
        # Who has the token already is not kept out.
        bearer = {**name, "Authorization": f"Bearer {READ}"}
        assert web.get("/api/v1/providers", headers=bearer).status_code == 200


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("10.1.2.3", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "", "10.1.2.3"),
    ],
)
def test_whose_attempts_are_counted(peer: str, forwarded_for: str, client: str) -> None:
    assert client_of(peer, forwarded_for, SETTINGS) == client


def test_acts_need_their_scope_and_are_written_down(valkey: "redis.Redis", tmp_path) -> None:
    with RunningWeb(valkey, tmp_path, SETTINGS) as web:
        web.watch((provider(), well()))
        check = "/api/v1/providers/acme/check"
        assert web.post(check).status_code == 403  # who is near may read
        assert web.post(check, headers={"Authorization": f"Bearer {READ}"}).status_code == 403
        actor = {"Authorization": f"Bearer {ACT}"}
        cookie = {"Cookie": f"{COOKIE}={session_of(frozenset(Scope), SETTINGS, utc())}"}
        assert web.post(check, headers={**cookie, "Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert web.post(check, headers={**cookie, "Origin": "http://evil.example"}).status_code == 403
        assert RedisBoard(valkey).acts(10) == ()
        valkey.zadd(DUE, {"acme": 9e9})
        assert web.post(check, headers={**cookie, "Sec-Fetch-Site": "same-origin"}).status_code == 200
        assert valkey.zscore(DUE, "acme") <= utc().timestamp()
        added = web.post("/api/v1/providers", json={"page": "https://status.zeta.example", "group": "z"}, headers=actor)
        assert added.json() == {"provider": "zeta", "done": "added"}
        assert (
            web.post("/api/v1/providers", json={"page": "https://status.zeta.example"}, headers=actor).status_code
            == 400
        )
        assert web.post("/api/v1/providers", data=b"{", headers=actor).status_code == 400
        assert web.post("/api/v1/providers", json={"page": "file:///etc/passwd"}, headers=actor).status_code == 400
        assert web.session.delete(f"{web.url}/api/v1/providers/zeta", headers=actor).status_code == 200
        assert web.session.delete(f"{web.url}/api/v1/providers/zeta", headers=actor).status_code == 404
        acts = web.get("/api/v1/audit", headers=actor).json()["items"]
        assert [(act["act"], act["subject"], act["via"]) for act in acts] == [
            ("remove", "zeta", "token"),
            ("add", "zeta", "token"),
            ("check", "acme", "session"),
        ]
        assert web.get("/api/v1/audit").status_code == 403


def test_a_host_that_is_given_twice_or_not_at_all_is_refused(web: RunningWeb) -> None:
    for request in (b"GET /api/v1/providers HTTP/1.1\r\n\r\n", b"GET /api/v1/providers HTTP/1.0\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", web.port), timeout=10) as connection:
            connection.sendall(request)
            assert connection.recv(100).split()[1] in (b"400", b"421")


def test_public_groups_are_open_and_nothing_else(valkey: "redis.Redis", tmp_path) -> None:
    settings = WebSettings(token=READ, hosts=frozenset({"status.example"}), public_groups=frozenset({"shop"}))
    with RunningWeb(valkey, tmp_path, settings, bound="0.0.0.0") as web:
        web.watch((provider(group="shop"), well()), (provider("zeta"), well()))
        name = {"Host": "status.example"}
        shown = web.get("/shop/api/v2/summary.json", headers=name)
        assert [component["id"] for component in shown.json()["components"]] == ["acme"]
        assert web.get("/zeta/api/v2/summary.json", headers=name).status_code == 401
        assert web.get("/api/v2/summary.json", headers=name).status_code == 401
        assert web.get("/shop/../api/v1/providers", headers=name).status_code in (401, 404)
