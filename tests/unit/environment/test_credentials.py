"""Header fields from the environment: what is taken, what is refused, and that no message holds a secret."""

from pathlib import Path

import msgspec
import pytest

from tests.fakes import NOON, summary
from tests.vendor import SITE, SUMMARY, Watch
from tracker.catalogue.headers import header_variables
from tracker.catalogue.mistakes import InvalidValue
from tracker.environment.credentials import headers_of
from tracker.errors import ConfigError, CredentialsMissing
from tracker.model.page import Snapshot
from tracker.model.provider import Provider, Validators
from tracker.polling.observer import Observer
from tracker.polling.page_request import missing_credentials, page_request
from tracker.polling.poller import Poller

PLACE = 'provider "acme"'


def test_a_header_takes_its_value_from_its_variable_or_from_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k-1\n")
    environ = {"ACME_AUTH": "Basic b3BzOnMzY3JldA==\n", "ACME_KEY_FILE": str(key), "OTHER": "x"}

    assert headers_of((("Authorization", "ACME_AUTH"), ("X-Api-Key", "ACME_KEY")), environ, PLACE) == {
        "Authorization": "Basic b3BzOnMzY3JldA==",
        "X-Api-Key": "k-1",
    }


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "headers_env names ACME_AUTH, which is not set; set it, or ACME_AUTH_FILE"),
        ({"ACME_AUTH": ""}, "which is not set"),
        ({"ACME_AUTH": " \n"}, "empty"),
        ({"ACME_AUTH": "hunter2\r\nHost: evil"}, "line break"),
        ({"ACME_AUTH": "hunter2\n x"}, "line break"),
        ({"ACME_AUTH": "hunter2\x00"}, "control character"),
        ({"ACME_AUTH": "hunter2\x7f"}, "control character"),
        ({"ACME_AUTH": "hunter2é"}, "beyond ASCII"),
        ({"ACME_AUTH": "hunter2" * 2000}, "longer than 8192"),
        ({"ACME_AUTH": "hunter2", "ACME_AUTH_FILE": "/hunter2"}, "both set"),
        ({"ACME_AUTH_FILE": "/nowhere/hunter2"}, "does not exist"),
    ],
)
def test_a_value_that_no_header_can_hold_is_refused_and_not_repeated(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        headers_of((("Authorization", "ACME_AUTH"),), environ, PLACE)

    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{PLACE}: ")
    assert "ACME_AUTH" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("pair", [("X-Key", "REDIS_PASSWORD"), ("Host", "ACME_AUTH"), ("X\r\nY", "ACME_AUTH")])
def test_what_the_catalogue_would_not_take_is_not_sent_either(pair: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match=r'^provider "acme": headers_env gives ') as refused:
        headers_of((pair,), {"REDIS_PASSWORD": "hunter2", "ACME_AUTH": "hunter2"}, PLACE)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("variable", ["ACME_AUTH", "_A", "A", "acme_auth", "STATUS_TOKEN_2", "X509_KEY"])
def test_names_of_variables_are_kept_in_their_order(variable: str) -> None:
    given = {"X-Api-Key": variable, "Cookie": "OTHER"}

    assert header_variables(given) == (("X-Api-Key", variable), ("Cookie", "OTHER"))


@pytest.mark.parametrize(
    "secret",
    [
        "Basic b3BzOnMzY3JldA==",
        "Bearer x",
        "hunter2",
        "s3cret",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "AKIAIOSFODNN7EXAMPLE",
        "d41d8cd98f00b204e9800998ecf8427e",
        "D41D8CD98F00B204E9800998ECF8427E",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "key_d41d8cd98f00b204",
        "xoxb-1234",
        "correct horse",
        "A" * 201,
        "ACME_AUTH\n",
        "1ACME",
        "",
        7,
        ["hunter2"],
    ],
)
def test_a_secret_in_the_place_of_a_name_is_refused_and_not_repeated(secret: object) -> None:
    with pytest.raises(InvalidValue, match="not the name of a variable") as refused:
        header_variables({"Authorization": secret})

    assert str(secret) not in str(refused.value) or secret == ""
    assert 'Authorization = "ACME_AUTH"' in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "content-length", "Transfer-Encoding", "TE", "Connection", "Proxy-Authorization", "Accept-Encoding"),
        *("If-None-Match", "Webhook-Id"),
    ],
)
def test_headers_that_are_not_to_be_given_are_named(name: str) -> None:
    with pytest.raises(InvalidValue, match=f"gives {name}, which the tracker sets itself"):
        header_variables({name: "ACME_AUTH"}, reserved=("webhook-id",))


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "Bearer d41d8cd98f00b204", "Ümlaut", "A" * 101])
def test_what_is_no_name_of_a_header_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(InvalidValue, match="whose name is not valid") as refused:
        header_variables({name: "ACME_AUTH"})

    assert not name or name not in str(refused.value)


@pytest.mark.parametrize("value", ["ACME_AUTH", {}, None, 5, [["Authorization", "ACME_AUTH"]]])
def test_what_is_no_table_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(InvalidValue, match="is not a table of headers"):
        header_variables(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({f"X-{number}": "A" for number in range(21)}, "more than 20"),
        ({"Cookie": "A", "cookie": "B"}, "twice"),
        ({"X": "REDIS_PASSWORD"}, "the tracker's own"),
        ({"X": "redis_url"}, "the tracker's own"),
        ({"X": "FLOWER_PASSWORD"}, "the tracker's own"),
        ({"X": "HTTPS_PROXY"}, "the tracker's own"),
    ],
)
def test_too_much_and_what_belongs_to_the_tracker_is_refused(value: object, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        header_variables(value)


# -- of pages


def acme(url: str = "https://status.acme.example/history.rss") -> Provider:
    return Provider(id="acme", name="Acme", url=url, headers_env=(("Authorization", "ACME_AUTH"),))


@pytest.mark.parametrize(
    ("url", "is_given"),
    [
        ("https://status.acme.example/history.rss", True),
        ("https://STATUS.acme.example:443/api", True),
        ("http://status.acme.example/history.rss", False),
        ("https://status.acme.example:8443/history.rss", False),
        ("https://acme.example/history.rss", False),
        ("https://status.acme.example.evil.example/", False),
        ("https://status.acme.example@evil.example/", False),
    ],
)
def test_credentials_are_of_one_scheme_host_and_port(url: str, is_given: bool) -> None:
    request = page_request(acme(), url, {"ACME_AUTH": "hunter2"}, Validators(etag='"1"'))

    assert request.headers == ({"Authorization": "hunter2"} if is_given else {})
    assert (request.url, request.validators, request.allow_private) == (url, Validators(etag='"1"'), False)
    assert "hunter2" not in repr(request)


def test_a_page_without_its_credentials_is_not_asked_and_named_at_the_start() -> None:
    said = 'provider "acme": headers_env names ACME_AUTH, which is not set; set it, or ACME_AUTH_FILE to a file that '
    said += "holds it"

    with pytest.raises(CredentialsMissing) as missing:
        page_request(acme(), acme().url, {})

    assert str(missing.value) == said
    assert list(missing_credentials([acme(), Provider(id="b", name="B", url="https://b.example")], {})) == [
        f"{said}; the page cannot be read without it"
    ]
    assert list(missing_credentials([acme()], {"ACME_AUTH": "hunter2"})) == []


def watch(environ: dict[str, str]) -> Watch:
    watch = Watch(watched=acme(SITE))
    watch.poller = Poller(watch.pages, Observer(watch.fetcher, environ), watch.clock)
    watch.fetcher.answers(SUMMARY, summary(Snapshot(name="Acme", updated_at=NOON)))
    assert watch.polls().failure is None
    return watch


def test_a_poll_asks_every_part_of_a_page_with_its_credentials() -> None:
    watched = watch({"ACME_AUTH": "hunter2"})

    asked = [request for request in watched.fetcher.requests if request.url.startswith(SITE)]
    assert len(asked) > 2
    assert {request.headers["Authorization"] for request in asked} == {"hunter2"}
    assert b"hunter2" not in msgspec.json.encode([watched.state, watched.view])


def test_a_poll_without_its_credentials_fails_and_looks_for_no_other_source() -> None:
    environ = {"ACME_AUTH": "hunter2"}
    watched = watch(environ)
    asked = len(watched.fetcher.requests)
    environ.clear()

    assert {type(watched.polls().failure) for _ in range(5)} == {CredentialsMissing}
    assert len(watched.fetcher.requests) == asked
