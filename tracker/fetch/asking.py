"""The bytes of one conditional GET. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from tracker.fetch.urls import Target
from tracker.model.urls import USUAL_PORTS

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: The value of a field: Latin-1 without control characters but the tab.
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]*")
#: Fields that decide how a request ends or is handled; a page that needs one of them is left to the general fetcher.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer"})


def request_bytes(asked: Target, fields: Mapping[str, str]) -> bytes | None:
    """Return a GET with these fields, None where they are not plain ones (RFC 9112, section 3)."""
    names = {name.lower() for name in fields}
    if not names.isdisjoint(_FRAMING):
        return None
    lines = [f"GET {asked.path} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: {_host(asked)}")
    for name, value in fields.items():
        if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            return None
        lines.append(f"{name}: {value}")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def _host(asked: Target) -> str:
    """Return the Host field; the dot of a full name is for the look-up alone."""
    host = f"[{asked.host}]" if ":" in asked.host else asked.host.rstrip(".")
    return host if USUAL_PORTS[asked.scheme] == asked.port else f"{host}:{asked.port}"
