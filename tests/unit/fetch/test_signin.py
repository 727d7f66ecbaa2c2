"""Which addresses are called like one where people sign in."""

import pytest

from tracker.fetch.signin import is_sign_in_address
from tracker.fetch.urls import target


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://manage.statuspage.io/login", True),
        ("https://a.example/users/sign_in?return=%2F", True),
        ("https://a.example/account/LogIn.aspx", True),
        ("https://a.example/auth", True),
        ("https://a.example/oauth2/v1/authorize", True),
        ("https://login.microsoftonline.com/common", True),
        ("https://accounts.google.com/v3/identifier", True),
        ("https://acme.okta.com/app/x", True),
        ("https://acme.cloudflareaccess.com/cdn-cgi/access", True),
        ("https://status.okta.com/", False),
        ("https://trust.auth0.com/", False),
        ("https://login-status.example/", False),
        ("https://a.example/login-issues", False),
        ("https://a.example/authors", False),
        ("https://a.example/?next=/login", False),
        ("https://catalog.in/", False),
        ("https://status.example/history.rss", False),
    ],
)
def test_an_address_says_what_it_is_for(url: str, is_one: bool) -> None:
    assert is_sign_in_address(target(url)) is is_one
