"""Which addresses are public."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.goldens import table
from tracker.fetch.addresses import is_public

ADDRESSES = table("addresses")


@pytest.mark.parametrize(("address", "expected"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_is_public_or_not(address, expected):
    assert is_public(address) is expected


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_we_are_never_more_generous_than_python(address: IPv4Address | IPv6Address):
    if is_public(str(address)):
        judged = getattr(address, "ipv4_mapped", None) or address

        assert ip_address(judged).is_global
        assert not judged.is_multicast
        assert not judged.is_reserved


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_by_what_is_inside(address: IPv4Address):
    assert is_public(f"::ffff:{address}") == is_public(str(address))
