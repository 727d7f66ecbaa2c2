"""Which addresses are called like one where people sign in."""

import pytest

from tests.goldens import table
from tracker.fetch.signin import is_sign_in_address
from tracker.fetch.urls import target


@pytest.mark.parametrize(("url", "is_one"), table("sign_in_addresses").items())
def test_an_address_says_what_it_is_for(url: str, is_one: bool) -> None:
    assert is_sign_in_address(target(url)) is is_one
