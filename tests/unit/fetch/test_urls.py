"""Which URLs may be asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import table
from tracker.errors import BadUrl
from tracker.fetch.urls import Target, redirected, target


@pytest.mark.parametrize(("url", "parts"), table("good_urls").items())
def test_a_good_url_is_made_ready(url, parts):
    assert target(url) == Target(*parts)


BAD = {
    **table("bad_urls"),
    f"http://h/{'x' * 2048}": "the URL is longer than 2048 characters",
    f"http://{'h.' * 130}": "has no host",
}


@pytest.mark.parametrize("url", BAD)
def test_a_bad_url_is_refused(url):
    with pytest.raises(BadUrl) as caught:
        target(url)

    assert BAD[url] in str(caught.value)
    assert str(caught.value).isprintable()
    assert "secret" not in str(caught.value)


@given(st.text() | st.from_regex(r"https?://.*"))
def test_any_text_is_a_target_or_refused(url):
    try:
        made = target(url)
    except BadUrl as error:
        assert str(error).isprintable()  # noqa: PT017  both outcomes are right
    else:
        assert made.scheme in ("http", "https")
        assert made.url.isascii()
        assert made.path.startswith("/")
        assert made.path.isascii()
        assert " " not in made.path
        # What is asked is what was judged: reading it again changes nothing.
        assert target(made.url) == made


@pytest.mark.parametrize(("location", "url"), table("redirects").items())
def test_a_redirect_leads_somewhere(location, url):
    assert redirected(target("https://h/d/a"), location).url == url


def test_a_redirect_never_leaves_tls():
    assert redirected(target("http://h/"), "https://h/").scheme == "https"
    with pytest.raises(BadUrl, match="redirected from https to plain http://h/"):
        redirected(target("https://h/"), "http://h/")
