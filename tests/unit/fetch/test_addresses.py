"""Which addresses are public."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.fetch.addresses import is_public

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "223.255.255.255",
    "168.63.129.15",
    "199.36.153.12",
    "2606:4700::1111",
    "2a00:1450::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
]
INNER = {
    "this host": "0.1.2.3",
    "private 10": "10.255.255.255",
    "carrier-grade NAT": "100.64.0.0",
    "end of carrier-grade NAT": "100.127.255.255",
    "loopback": "127.255.255.254",
    "cloud metadata": "169.254.169.254",
    "private 172": "172.31.255.255",
    "protocol assignments": "192.0.0.192",
    "documentation": "203.0.113.9",
    "6to4 relay": "192.88.99.1",
    "benchmarks": "198.19.255.255",
    "multicast": "239.255.255.250",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "Azure's platform": "168.63.129.16",
    "IBM Cloud's infrastructure": "161.26.0.10",
    "Google from inside": "199.36.153.8",
    "v6 unspecified": "::",
    "v6 loopback": "::1",
    "v4-mapped loopback": "::ffff:127.0.0.1",
    "v4-mapped metadata": "::ffff:a9fe:a9fe",
    "v4-compatible": "::8.8.8.8",
    "v4-translated": "::ffff:0:8.8.8.8",
    "NAT64": "64:ff9b::8.8.8.8",
    "local NAT64": "64:ff9b:1::1",
    "discard": "100::1",
    "Teredo": "2001::1",
    "ORCHID": "2001:20::1",
    "v6 documentation": "2001:db8::1",
    "new v6 documentation": "3fff::1",
    "6to4": "2002:808:808::1",
    "segment routing": "5f00::1",
    "unique local": "fd12:3456::1",
    "link-local": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "public with a zone": "2606:4700::1111%eth0",
    "v4-mapped with a zone": "::ffff:8.8.8.8%eth0",
    "site-local": "fec0::1",
    "v6 multicast": "ff0e::1",
    "no address": "status.example.com",
    "nothing": "",
    "a number": "2130706433",
    "octal": "0177.0.0.1",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(address)


@pytest.mark.parametrize("case", INNER)
def test_not_public(case):
    assert not is_public(INNER[case])


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
