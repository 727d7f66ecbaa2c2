"""Which way a request takes, by the variables that other programs know."""

from pathlib import Path

import pytest

from tracker.environment.proxies import Proxy, literal
from tracker.environment.settings import Settings
from tracker.errors import ConfigError

PROXY = "http://proxy.example:3128"


def settings(**variables: str) -> Settings:
    return Settings.from_environment(variables)


def way(url: str, **variables: str) -> str | None:
    """Return what is asked in order to reach a host and port, None for the host itself."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":") if rest.rpartition(":")[2].isdigit() else (rest, "", "")
    proxy = settings(**variables).proxies.way_to(
        scheme, host.strip("[]"), int(port or {"http": 80, "https": 443}[scheme])
    )
    return None if proxy is None else proxy.url


def test_without_variables_there_is_no_proxy() -> None:
    assert way("https://status.example") is None
    assert way("https://status.example", HTTPS_PROXY="", https_proxy=" ", NO_PROXY="") is None


@pytest.mark.parametrize(
    ("variables", "http", "https"),
    [
        ({"HTTP_PROXY": "http://a:1"}, "http://a:1", None),
        ({"https_proxy": "http://a:1"}, None, "http://a:1"),
        ({"ALL_PROXY": "a:1"}, "http://a:1", "http://a:1"),
        ({"ALL_PROXY": "a:1", "Https_Proxy": "https://b"}, "http://a:1", "https://b:443"),
        ({"http_proxy": "http://small", "HTTP_PROXY": "http://large"}, "http://small:80", None),
        ({"http_proxy": "", "HTTP_PROXY": "http://large"}, "http://large:80", None),
        # What a CGI script finds there is whatever its client sent (a field called Proxy).
        ({"HTTP_PROXY": "http://a:1", "REQUEST_METHOD": "GET"}, None, None),
        ({"http_proxy": "http://a:1", "REQUEST_METHOD": "GET"}, "http://a:1", None),
        ({"HTTPS_PROXY": "http://a:1", "REQUEST_METHOD": "GET"}, None, "http://a:1"),
        ({"ALL_PROXY": "http://[::1]:3128"}, "http://[::1]:3128", "http://[::1]:3128"),
        ({"ALL_PROXY": "socks5://s:1", "HTTP_PROXY": "a:1", "HTTPS_PROXY": "b:1"}, "http://a:1", "http://b:1"),
    ],
)
def test_variables_in_any_case_of_letters(variables: dict[str, str], http: str | None, https: str | None) -> None:
    assert (way("http://status.example", **variables), way("https://status.example", **variables)) == (http, https)


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        ("status.example", "https://status.example", True),
        ("status.example", "https://STATUS.example.", True),
        ("status.example", "https://a.status.example", True),
        ("status.example", "https://mystatus.example", False),
        (".example", "https://status.example", True),
        (".status.example", "https://status.example", True),
        ("*.example", "https://status.example", True),
        ("example", "https://status.example.com", False),
        ("a.example,status.example", "https://status.example", True),
        ("a.example  status.example", "https://status.example", True),
        (" , ,", "https://status.example", False),
        ("*", "https://status.example", True),
        ("a, *", "http://93.184.215.14", True),
        ("status.example:443", "https://status.example", True),
        ("status.example:8443", "https://status.example", False),
        ("status.example:8443", "https://status.example:8443", True),
        ("status.example:80", "http://status.example", True),
        ("müller.example", "https://xn--mller-kva.example", True),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.0.0.0/8", "http://0xa010203", True),
        ("10.1.2.3/8", "http://10.9.9.9", True),
        ("10.0.0.0/8", "http://10.example", False),
        ("10.1.2.3", "http://10.1.2.3", True),
        ("10.1.2.3", "http://10.1.2.30", False),
        ("10.1.2.3:81", "http://10.1.2.3", False),
        ("0.0.0.0/0", "http://status.example", False),
        ("fd00::/8", "http://[fd12::1]", True),
        ("fd12::1", "http://[fd12:0::1]", True),
        ("[fd12::1]", "http://[fd12::1]", True),
        ("[fd12::1]:81", "http://[fd12::1]", False),
        ("[fd12::1]:81", "http://[fd12::1]:81", True),
        ("2.3", "http://10.1.2.3", False),
        ("/8, [, :, ::, .., *., a:b:c", "https://status.example", False),
        # This machine never needs to be listed.
        ("", "http://localhost:8080", True),
        ("", "http://demo.localhost", True),
        ("", "http://127.0.0.1:8080", True),
        ("", "http://127.9.9.9", True),
        ("", "http://127.1", True),
        ("", "http://[::1]", True),
        ("", "http://[::ffff:127.0.0.1]", True),
        ("", "http://0.0.0.0", True),
        ("", "http://localhost.example", False),
    ],
)
def test_what_no_proxy_lists_is_asked_directly(no_proxy: str, url: str, is_direct: bool) -> None:
    assert (way(url, ALL_PROXY=PROXY, no_proxy=no_proxy) is None) is is_direct


def test_credentials_are_in_no_text_of_a_proxy() -> None:
    made = settings(HTTPS_PROXY="http://us%40er:hun%3Ater2@proxy.example:3128")

    assert made.proxies.https == Proxy("http", "proxy.example", 3128, "Basic dXNAZXI6aHVuOnRlcjI=")
    for text in (
        repr(made),
        repr(made.proxies),
        str(made.proxies.https),
        made.proxies.https.name,
        made.proxies.https.url,
    ):
        assert "hun" not in text
        assert "us@er" not in text
        assert "dXNA" not in text


@pytest.mark.parametrize(
    "address",
    [
        *("socks5://hunter2@a:1", "socks5h://hunter2", "ftp://hunter2", "http://", "http://hunter2:99999", "http://:1"),
        *("http://user:hunter#2@proxy.example:1", "http://user:hunt/er2@proxy.example", "http://hunter2@a b:1"),
        *("http://[::1", "http://hunter2.example/path", "http://ü:1", "http://a:0x1"),
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy"])
def test_what_is_no_proxy_is_reported_by_its_variable_and_never_repeated(name: str, address: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(**{name: address})

    assert str(refused.value).startswith(f"{name} ")
    assert "hunt" not in str(refused.value)


def test_a_file_may_hold_the_address(tmp_path: Path) -> None:
    (tmp_path / "proxy").write_text("http://user:hunter2@proxy.example:3128\n")

    assert way("https://a.example", HTTPS_PROXY_FILE=str(tmp_path / "proxy")) == PROXY


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.1", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0x000000007f000001", "127.0.0.1"),
        ("00000000000000000177.1", "127.0.0.1"),
        ("1.2.3.4", "1.2.3.4"),
        ("1.2.772", "1.2.3.4"),
        ("[::1]", "::1"),
        ("256.1.1.1", None),
        ("1.2.3.256", None),
        ("4294967296", None),
        ("08.1", None),
        ("1.2.3.4.5", None),
        ("a.1", None),
        ("", None),
    ],
)
def test_an_address_is_known_in_any_spelling(host: str, address: str | None) -> None:
    assert (None if literal(host) is None else str(literal(host))) == address
