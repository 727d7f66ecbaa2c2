"""Proxies as the environment names them: which request takes which way. Pure.

The variables are those that other programs know: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in capitals or not.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from tracker.model.urls import USUAL_PORTS

_PART: Final = re.compile(r"0[xX][0-9a-fA-F]{1,64}|[0-9]{1,64}")
_REMEDY: Final = "is not a valid address; write http://HOST:PORT, and percent-encode a password in it"
_SEPARATORS: Final = re.compile(r"[,\s]+")

Address = IPv4Address | IPv6Address


class BadProxy(ValueError):
    """Raised for an unusable proxy address; the text follows the variable's name."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy; its `repr` shows no credentials."""

    scheme: str
    host: str
    port: int
    #: Value of Proxy-Authorization; empty for none.
    authorization: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the proxy at an address, which may lack its scheme. Raises BadProxy, which repeats nothing of it."""
        text = text.strip()
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            raise BadProxy(_REMEDY) from None
        if parts.scheme not in USUAL_PORTS:
            raise BadProxy(
                "names a proxy that speaks neither http nor https; name one that does, "
                'or set NO_PROXY="*" to request pages directly'
            )
        rest = parts.path.strip("/") + parts.query + parts.fragment
        if not host or rest or not text.isprintable() or not text.isascii() or " " in text:
            raise BadProxy(_REMEDY)
        return cls(parts.scheme, host, port or USUAL_PORTS[parts.scheme], _basic(parts.username, parts.password))

    @property
    def name(self) -> str:
        """Return its name in messages."""
        return f"{self.shown_host}:{self.port}"

    @property
    def url(self) -> str:
        """Return its address, without credentials."""
        return f"{self.scheme}://{self.name}"

    @property
    def shown_host(self) -> str:
        """Return its host as addresses write it."""
        return f"[{self.host}]" if ":" in self.host else self.host


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies for requests, and the hosts that need none."""

    http: Proxy | None = None
    https: Proxy | None = None
    #: Hosts that are connected to directly, as NO_PROXY lists them.
    exceptions: tuple[str, ...] = ()

    def way_to(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy for a request, None for a direct connection, which this machine always gets."""
        proxy = self.https if scheme == "https" else self.http
        if proxy is None:
            return None
        host = host.lower().rstrip(".")
        address = literal(host)
        if is_this_machine(host) or any(_matches(entry, host, address, port) for entry in self.exceptions):
            return None
        return proxy


#: Without any proxy.
DIRECTLY: Final = Proxies()


def exceptions_of(no_proxy: str) -> tuple[str, ...]:
    """Return the entries of a NO_PROXY variable."""
    return tuple(entry.lower() for entry in _SEPARATORS.split(no_proxy) if entry)


def is_this_machine(host: str) -> bool:
    """Return whether a host is a name or an address of the machine itself."""
    address = literal(host)
    if address is not None:
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return (inner or address).is_loopback or address.is_unspecified
    return host == "localhost" or host.endswith(".localhost")


def literal(host: str) -> Address | None:
    """Return the address that a host is, in any spelling that a resolver takes for one; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return _old_address(host)


def _old_address(host: str) -> IPv4Address | None:
    """Return the address behind one to four numbers, decimal, octal or hexadecimal: 127.1, 0x7f000001."""
    parts = host.split(".")
    if len(parts) > 4 or not all(_PART.fullmatch(part) for part in parts):  # noqa: PLR2004  as in an address
        return None
    try:
        *firsts, last = (int(part, 8 if re.fullmatch("0[0-9]+", part) else 0) for part in parts)
    except ValueError:
        return None
    if any(number > 255 for number in firsts) or last >= 256 ** (4 - len(firsts)):  # noqa: PLR2004  a byte each
        return None
    return IPv4Address(sum(number << 8 * (3 - place) for place, number in enumerate(firsts)) + last)


def _matches(entry: str, host: str, address: Address | None, port: int) -> bool:
    """Return whether an entry of NO_PROXY is about a host."""
    if entry == "*":
        return True
    if (network := _network(entry)) is not None:
        return address is not None and address in network
    name, only_port = _divided(entry)
    if only_port is not None and only_port != port:
        return False
    if (same := literal(name)) is not None:
        return address == same
    name = name.removeprefix("*").strip(".")
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        return False
    return bool(name) and address is None and (host == name or host.endswith(f".{name}"))


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry, strict=False) if "/" in entry else None
    except ValueError:
        return None


def _divided(entry: str) -> tuple[str, int | None]:
    """Return the host of an entry and its port, None for any port; brackets surround an IPv6 address with a port."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(\d{1,5}))?", entry)
    plain = re.fullmatch(r"([^:]*):(\d{1,5})", entry)
    found = bracketed or plain
    if found is None:
        return entry, None
    return found[1], int(found[2]) if found[2] else None


def _basic(user: str | None, password: str | None) -> str:
    """Return credentials as a proxy takes them (RFC 7617)."""
    if not user and not password:
        return ""
    both = f"{unquote(user or '')}:{unquote(password or '')}"
    return f"Basic {b64encode(both.encode()).decode()}"
