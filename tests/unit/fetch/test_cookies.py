"""Cookies between the usual ports of one host, which no test over sockets can have."""

from datetime import UTC, datetime

import pytest

from tests.goldens import table
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
        *table("cookies"),
        (f"a={'1' * 4094}", "https://status.example/", "https://status.example/", f"a={'1' * 4094}"),
        (f"a={'1' * 4095}", "https://status.example/", "https://status.example/", ""),
        (f"a=1; Comment={'x' * 5000}; Secure", "https://status.example/", "http://status.example/", ""),
    ],
)
def test_a_cookie_goes_back_to_its_host_and_no_further(cookie: str, first: str, then: str, field: str) -> None:
    assert sent(cookie, first, then) == field
