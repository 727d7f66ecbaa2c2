"""Distinguishes public addresses from those inside some network. Pure.

The judgement is on numeric addresses that a look-up returned, so the spelling of a host ("0x7f.1", "2130706433",
"localtest.me") does not matter.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from tracker.environment.proxies import literal

#: IPv4 that is not an ordinary public host: IANA's Special-Purpose Address Registry, multicast, reserved.
#: Spelt out because the answers of `ipaddress.is_global` changed between patch releases of Python.
_INNER_V4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this host (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "169.254.0.0/16",  # link-local (RFC 3927), where clouds serve their metadata
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.88.99.0/24",  # 6to4 relays (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved and broadcast (RFC 1112)
        # Public by number, but internal within a cloud, where services at these addresses trust every client.
        "168.63.129.16/32",  # Azure's platform, with its wire server
        "161.26.0.0/16",  # IBM Cloud's infrastructure
        "166.8.0.0/14",  # IBM Cloud's service endpoints
        "199.36.153.4/30",  # Google's interfaces from inside (restricted)
        "199.36.153.8/30",  # Google's interfaces from inside (private)
    )
)
#: All IPv6 unicast that IANA ever assigned is here. Loopback, NAT64 (64:ff9b::/96), IPv4-compatible (::/96), unique
#: local, link-local, site-local, multicast and whatever comes next lie outside.
_UNICAST_V6: Final = IPv6Network("2000::/3")
_INNER_V6: Final = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments (RFC 2928), Teredo (RFC 4380) and benchmarks (RFC 5180) among them
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4 (RFC 3056): an IPv4 address in disguise
        "3fff::/20",  # documentation (RFC 9637)
    )
)


#: Domains that the public name system does not have: by RFC 6761, 6762, 8375 and 9476, by ICANN's word, by custom.
_INNER_DOMAINS: Final = (
    *("localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain"),
    *("home.arpa", "onion", "alt", "svc", "consul"),
)


def may_be_public(host: str) -> bool:
    """Return whether a host may belong to the public internet by its name alone, which a proxy looks up."""
    host = host.lower().rstrip(".")
    address = literal(host)
    if address is not None:
        return is_public(str(address))
    return "." in host and not host.endswith(tuple(f".{domain}" for domain in _INNER_DOMAINS))


def is_public(address: str) -> bool:
    """Return whether a numeric address belongs to the public internet."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_v4(parsed)
    if parsed.ipv4_mapped is not None:
        # The kernel connects to the IPv4 address inside.
        return parsed.scope_id is None and _is_public_v4(parsed.ipv4_mapped)
    return _is_public_v6(parsed)


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in block for block in _INNER_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    # A zone ("%eth0", RFC 4007) means one link of this machine.
    if address.scope_id is not None or address not in _UNICAST_V6:
        return False
    return not any(address in block for block in _INNER_V6)
