"""What a search without success says: the line that matters, and not only that some address is missing."""

import pytest

from tests.fakes import FakeFetcher, provider
from tracker.errors import (
    BadAnswer,
    Blocked,
    CredentialsMissing,
    FetchError,
    HttpStatusError,
    SignInNeeded,
    TooLarge,
    TooManyRedirects,
)
from tracker.polling.discovery import discover

SITE = "https://status.acme.example"
FEED = f"{SITE}/history.rss"
LOOP = "redirected more than 10 times, in a circle that sets cookies, as for browsers"
HTML = "<!doctype html><html><head><title>Acme</title></head></html>"


def said(fetcher: FakeFetcher, url: str = SITE, **fields: object) -> str:
    discovery = discover(fetcher, provider(url=url, **fields))

    assert discovery.failure is not None
    assert all(attempt.answered for attempt in discovery.attempts)
    assert len(str(discovery.failure)) < 500
    return str(discovery.failure)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TooManyRedirects(LOOP), LOOP),
        (SignInNeeded("leads to a sign-in page at id.acme.example/login; give", None, 302), "leads to a sign-in page"),
        (Blocked("answered 403, blocked by a challenge for browsers", None, 403), "blocked by a challenge"),
        (HttpStatusError("answered 401: give its credentials by headers_env", None, 401), "headers_env"),
        (TooLarge("the answer is larger than 8 MiB"), "larger than 8 MiB"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, FetchError) else "",
)
@pytest.mark.parametrize("landing", [None, HTML])
def test_one_clear_answer_among_many_others_is_reported(error: FetchError, words: str, landing: str | None) -> None:
    fetcher = FakeFetcher()
    if landing is not None:
        fetcher.answers(SITE, landing, content_type="text/html")
    fetcher.raises(FEED, error)

    sentence = said(fetcher)

    assert f"; /history.rss: {error}" in sentence
    assert words in sentence
    assert f"(tried {len(fetcher.requests)} addresses" in sentence
    assert sentence.startswith(
        f"{SITE}: the page answers with status 404; " if landing is None else f"{SITE} is a web page"
    )
    assert not sentence.endswith("as url")


@pytest.mark.parametrize("error", [TooManyRedirects(LOOP), HttpStatusError("answered 401: headers_env", None, 401)])
def test_what_the_page_itself_answers_comes_first(error: FetchError) -> None:
    fetcher = FakeFetcher()
    fetcher.raises(FEED, error)
    fetcher.raises(f"{SITE}/history.atom", Blocked("answered 403, blocked", None, 403))

    assert said(fetcher, FEED).startswith(f"{FEED}: {error} (tried ")


@pytest.mark.parametrize(
    "is_web_page", [True, False], ids=["of a web page it says nothing", "among 404s it is reported"]
)
def test_a_403_is_reported_where_it_says_something(is_web_page: bool) -> None:
    fetcher = FakeFetcher()
    if is_web_page:
        fetcher.answers(SITE, HTML, content_type="text/html")
    fetcher.raises(FEED, HttpStatusError("answered 403; headers_env", None, 403))

    assert ("/history.rss: answered 403; headers_env" in said(fetcher)) is not is_web_page


@pytest.mark.parametrize("body", [b"\x1f\x8b\x07\x00\x00" * 9, b"\x0b\x02\x80\x00\x01" * 20])
def test_data_that_is_no_text_is_called_so(body: bytes) -> None:
    fetcher = FakeFetcher()
    fetcher.answers(FEED, body)

    assert "answers data that is no text, perhaps compressed without saying so" in said(fetcher)
    assert said(fetcher, FEED).startswith(f"{FEED}: answers data that is no text")


def test_an_answer_whose_coding_is_broken_ends_the_search() -> None:
    fetcher = FakeFetcher()
    fetcher.raises(FEED, BadAnswer("the br body is cut short"))

    assert said(fetcher, FEED) == "the br body is cut short"
    assert len(fetcher.requests) == 1


def test_a_page_whose_credentials_are_missing_is_not_asked() -> None:
    fetcher = FakeFetcher()
    discovery = discover(fetcher, provider(url=FEED, headers_env=(("Authorization", "ACME_AUTH"),)))

    assert isinstance(discovery.failure, CredentialsMissing)
    assert "headers_env names ACME_AUTH, which is not set" in str(discovery.failure)
    assert fetcher.requests == []


def test_credentials_go_to_the_page_s_own_addresses_alone() -> None:
    fetcher = FakeFetcher()
    links = f'<link rel="alternate" type="application/rss+xml" href="https://elsewhere.example/feed"><a href="{FEED}">'
    fetcher.answers(SITE, f"<!doctype html><html><head>{links}</head></html>", content_type="text/html")

    discover(fetcher, provider(url=SITE, headers_env=(("X-Key", "ACME_KEY"),)), {"ACME_KEY": "k"})

    sent = {request.url: dict(request.headers) for request in fetcher.requests}
    assert sent["https://elsewhere.example/feed"] == {}
    assert {url for url, headers in sent.items() if headers != {"X-Key": "k"}} == {
        url for url in sent if not url.startswith(f"{SITE}/") and url != SITE
    }
