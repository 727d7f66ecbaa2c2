"""Cookies between the usual ports of one host, which no test over sockets can have."""

from datetime import UTC, datetime

import pytest

from tracker.fetch.cookies import Cookies
from tracker.fetch.urls import target

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def sent(cookie: str, first: str, then: str) -> str:
    cookies = Cookies()
    cookies.take(target(first), [cookie], NOW)
    return cookies.field(target(then))


@pytest.mark.parametrize(
    ("cookie", "first", "then", "field"),
    [
        ("a=1", "http://status.example/", "https://status.example/", "a=1"),
        ("a=1", "https://status.example/", "https://status.example/x", "a=1"),
        ("a=1; Secure", "https://status.example/", "https://status.example/x", "a=1"),
        ("a=1; Secure", "https://status.example/", "http://status.example/x", ""),
        ("a=1; Secure", "http://status.example/", "https://status.example/", ""),
        ("a=1", "https://status.example/", "https://status.example:8443/", ""),
        ("a=1", "http://status.example:443/", "https://status.example/", ""),
        ("a=1; Domain=status.example", "https://status.example/", "https://www.status.example/", ""),
        ("a=1; Domain=example", "https://status.example/", "https://status.example/", "a=1"),
        ("a=1; Expires=Sat, 21-Nov-2026 11:59:59 GMT", "https://status.example/", "https://status.example/", ""),
        ("a=1; Expires=Sat, 21-Nov-2026 12:00:01 GMT", "https://status.example/", "https://status.example/", "a=1"),
        (" a = 1 ; Secure", "https://status.example/", "https://status.example/", "a=1"),
        (f"a={'1' * 4094}", "https://status.example/", "https://status.example/", f"a={'1' * 4094}"),
        (f"a={'1' * 4095}", "https://status.example/", "https://status.example/", ""),
        (f"a=1; Comment={'x' * 5000}; Secure", "https://status.example/", "http://status.example/", ""),
        ("a=1; Path=x", "https://status.example/a/b?/c/d", "https://status.example/a/", "a=1"),
        ("a=1; Path=x", "https://status.example/a/b?/c/d", "https://status.example/", ""),
    ],
)
def test_a_cookie_goes_back_to_its_host_and_no_further(cookie: str, first: str, then: str, field: str) -> None:
    assert sent(cookie, first, then) == field
