"""Cookies for the redirects of one request (RFC 6265): kept for that request, and for one host alone.

Load balancers and filters send a browser back to the same address with a cookie, and then give the page to a client
that brings the cookie.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from tracker.fetch.freshness import http_date
from tracker.fetch.urls import Target
from tracker.model.urls import USUAL_PORTS

#: The number and the length that RFC 6265, section 6.1, asks of clients; a page has one or two.
_MOST: Final = 50
_LONGEST: Final = 4096
#: All of them in one request; servers refuse longer fields.
_MOST_SENT: Final = 8192
_PAIR: Final = re.compile(r"""[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\x20-\x3a\x3c-\x7e\x80-\xff]*""")


class _Place(NamedTuple):
    """The host and path that a cookie belongs to, and its name."""

    host: str
    path: str
    name: str


class _Cookie(NamedTuple):
    pair: str
    is_secure: bool


class Cookies:
    """The cookies that the answers to one request have set."""

    def __init__(self) -> None:
        self._kept: dict[_Place, _Cookie] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def take(self, asked: Target, fields: Iterable[str], now: datetime) -> None:
        """Keep the cookies that the Set-Cookie fields of an answer set, and forget those that they delete."""
        for field in fields:
            given, *attributes = (part.strip() for part in field.split(";", _MOST)[:_MOST])
            pair = "=".join(part.strip() for part in given.split("=", 1))
            if len(pair) > _LONGEST or not _PAIR.fullmatch(pair):
                continue
            known = dict(map(_attribute, attributes))
            if "domain" in known and not _covers(known["domain"], asked.host):
                continue
            if "secure" in known and asked.scheme != "https":
                continue
            place = _Place(_host(asked), _path(known.get("path", ""), asked), pair.partition("=")[0])
            self._kept.pop(place, None)
            if len(self._kept) < _MOST and not _is_over(known, now):
                self._kept[place] = _Cookie(pair, "secure" in known)

    def field(self, asked: Target) -> str:
        """Return the Cookie field for a request, empty for none."""
        field = ""
        for pair in self._matching(asked):
            longer = f"{field}; {pair}" if field else pair
            if len(longer) > _MOST_SENT:
                break
            field = longer
        return field

    def _matching(self, asked: Target) -> Iterator[str]:
        path = asked.path.partition("?")[0]
        # Longer paths first (RFC 6265, section 5.4); `sorted` leaves the others in their order.
        for place, cookie in sorted(self._kept.items(), key=lambda item: -len(item[0].path)):
            is_within = path == place.path or path.startswith(place.path.removesuffix("/") + "/")
            if place.host == _host(asked) and is_within and (asked.scheme == "https" or not cookie.is_secure):
                yield cookie.pair


def _attribute(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip()


def _host(asked: Target) -> str:
    """Return the owner of a target's cookies: its host, with the port if that is not the usual one."""
    is_usual = USUAL_PORTS[asked.scheme] == asked.port
    return asked.host if is_usual else f"{asked.host}:{asked.port}"


def _covers(domain: str, host: str) -> bool:
    """Return whether a host may set a cookie for a domain; it is sent back to the host alone in any case."""
    domain = domain.lower().removeprefix(".")
    return not domain or host == domain or host.endswith(f".{domain}")


def _path(given: str, asked: Target) -> str:
    """Return the paths that a cookie is for (RFC 6265, section 5.1.4)."""
    if given.startswith("/"):
        return given
    folder, _, _ = asked.path.partition("?")[0].rpartition("/")
    return folder or "/"


def _is_over(attributes: dict[str, str], now: datetime) -> bool:
    """Return whether a field deletes its cookie."""
    if "max-age" in attributes:
        return re.fullmatch(r"-\d+|0+", attributes["max-age"]) is not None
    expires = http_date(attributes.get("expires", ""))
    return expires is not None and expires <= now
