"""Which way a request takes, by the variables that other programs know."""

from pathlib import Path

import pytest

from tests.goldens import table
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
    # What a CGI script finds in HTTP_PROXY is whatever its client sent (a field called Proxy).
    table("proxy_variables"),
)
def test_variables_in_any_case_of_letters(variables: dict[str, str], http: str | None, https: str | None) -> None:
    assert (way("http://status.example", **variables), way("https://status.example", **variables)) == (http, https)


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    # This machine never needs to be listed.
    table("no_proxy"),
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


@pytest.mark.parametrize(("host", "address"), table("literal_addresses"))
def test_an_address_is_known_in_any_spelling(host: str, address: str | None) -> None:
    assert (None if literal(host) is None else str(literal(host))) == address
