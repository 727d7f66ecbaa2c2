"""Decides whether two addresses are of one page, or of one server. Pure."""

from typing import Final
from urllib.parse import urlsplit

#: Where a server listens if its address names no port.
USUAL_PORTS: Final = {"http": 80, "https": 443}


def canonical(url: str) -> str:
    """Return the form that all addresses of one page share.

    The scheme, capitals in the host, its last dot, the usual port and a last slash make no difference (RFC 3986,
    section 6.2); the query does.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = (parts.hostname or "").rstrip(".")
    place = host if port in (None, USUAL_PORTS.get(parts.scheme)) else f"{host}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"//{place}{parts.path.rstrip('/')}{query}"


def same_page(one: str, other: str) -> bool:
    """Return whether two addresses are of one page."""
    return one == other or canonical(one) == canonical(other)


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address; two with the same are one server's (RFC 6454)."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or USUAL_PORTS.get(parts.scheme)
