"""`sentinel://`: the address of a data server behind Redis Sentinel. Pure.

    sentinel://[user:password@]host1:26379,host2:26379,host3:26379/0?master=NAME

User and password are the data server's. Sentinels that ask for a password, and TLS, are not supported.
"""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tracker.catalogue.mistakes import InvalidValue

SCHEME: Final = "sentinel://"
DEFAULT_PORT: Final = 26379
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_MASTER: Final = re.compile(r"[A-Za-z0-9._-]+")  # what sentinel.conf allows
_REMEDY: Final = "write sentinel://HOST1:26379,HOST2:26379/0?master=NAME and put the password into REDIS_PASSWORD"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SentinelAddress:
    """The addresses of the sentinels, and the name of the primary."""

    hosts: tuple[tuple[str, int], ...]
    master: str
    database: int = 0
    username: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the parsed address. Raises InvalidValue, which repeats no part of it."""
        if not url.isprintable() or " " in url:
            raise InvalidValue(f"has a space or control character in it; {_REMEDY}")
        try:
            parts = urlsplit(url)
            credentials, _, hosts = parts.netloc.rpartition("@")
            addresses = tuple(_host(text) for text in hosts.split(","))
        except ValueError:
            raise InvalidValue(f"names no usable sentinels; {_REMEDY}") from None
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.fragment or options.keys() != {"master"} or not _MASTER.fullmatch(options["master"]):
            raise InvalidValue(f"does not end with the name of the primary and nothing else; {_REMEDY}")
        if not re.fullmatch(r"/?|/[0-9]{1,4}", parts.path):
            raise InvalidValue(f"does not name one database by its number; {_REMEDY}")
        username, _, password = credentials.partition(":")
        return cls(
            hosts=addresses,
            master=options["master"],
            database=int(parts.path.strip("/") or 0),
            username=unquote(username),
            password=unquote(password),
        )

    @property
    def url(self) -> str:
        """Return the address with all its parts, also those that were left out."""
        hosts = ",".join(_written(*address) for address in self.hosts)
        return f"{SCHEME}{self._credentials}{hosts}/{self.database}?master={self.master}"

    @property
    def broker_url(self) -> str:
        """Return the address as kombu spells it, which wants the name of the primary elsewhere."""
        first, *others = (_written(*address) for address in self.hosts)
        urls = [f"{SCHEME}{self._credentials}{first}", *(f"{SCHEME}{other}" for other in others)]
        return ";".join(f"{url}/{self.database}" for url in urls)

    @property
    def _credentials(self) -> str:
        password = f":{quote(self.password, safe='')}" if self.password else ""
        return f"{quote(self.username, safe='')}{password}@" if self.username or password else ""


def _host(text: str) -> tuple[str, int]:
    """Return host and port. Raises ValueError."""
    parts = urlsplit(f"//{text}")
    port = parts.port
    if not parts.hostname or parts.username is not None or not _HOST.fullmatch(parts.hostname) or port == 0:
        raise ValueError
    if parts.netloc != text:
        raise ValueError
    return parts.hostname, port or DEFAULT_PORT


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
