"""HTTP/1.1 as bytes: reads requests, writes answers. Contains no business logic."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import tracker

SERVER = f"status-page-tracker-simulator/{tracker.__version__}"


class BadRequestError(Exception):
    """Raised for bytes that are not an HTTP/1 request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; its body is not read."""

    method: str
    path: str
    version: str
    #: Names in lower case.
    headers: Mapping[str, str]

    @property
    def keeps_alive(self) -> bool:
        """Return whether the connection can carry another request after this one."""
        if "content-length" in self.headers or "transfer-encoding" in self.headers:
            return False  # its body would be taken for the next request
        wish = self.headers.get("connection", "").lower()
        return wish == "keep-alive" if self.version == "HTTP/1.0" else wish != "close"

    @property
    def accepts_gzip(self) -> bool:
        """Return whether the answer may be compressed."""
        for coding in self.headers.get("accept-encoding", "").lower().split(","):
            name, _, weight = coding.partition(";")
            if name.strip() in {"gzip", "*"}:
                return weight.strip() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
        return False

    def is_current(self, etag: str | None, last_modified: str | None) -> bool:
        """Return whether the client's validators still hold (RFC 9110, section 13.2.2: an entity tag decides)."""
        if (tags := self.headers.get("if-none-match")) is not None:
            known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            return etag is not None and ("*" in known or etag.removeprefix("W/") in known)
        since = self.headers.get("if-modified-since")
        if since is None or last_modified is None:
            return False
        with contextlib.suppress(ValueError, TypeError):  # a date that cannot be read is ignored
            return parsedate_to_datetime(since) >= parsedate_to_datetime(last_modified)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def encode(self, *, with_body: bool = True, keep_alive: bool = True) -> bytes:
        """Return the bytes of the answer; without its body for HEAD."""
        reason = HTTPStatus(self.status).phrase if self.status in _STATUSES else ""
        lines = [
            f"HTTP/1.1 {self.status} {reason}",
            f"Date: {formatdate(usegmt=True)}",
            f"Server: {SERVER}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        has_length = self.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        if has_length:
            lines.append(f"Content-Length: {len(self.body)}")
        if not keep_alive:
            lines.append("Connection: close")
        head = "\r\n".join((*lines, "", "")).encode("latin-1")
        return head + self.body if with_body and has_length else head


_STATUSES = frozenset(HTTPStatus)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request of a connection, None at its end. Raises BadRequestError."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, OSError):
        return None
    except asyncio.LimitOverrunError as exc:
        raise BadRequestError("the head is too long") from exc
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    if version not in {"HTTP/1.1", "HTTP/1.0"}:
        raise BadRequestError("not HTTP/1")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    try:
        # Not for the usual form: it would take `//incidents/1` for a host.
        path = target.partition("?")[0] if target.startswith("/") else urlsplit(target).path or "/"
    except ValueError as exc:
        raise BadRequestError("not a target") from exc
    return Request(method=method, path=path, version=version, headers=headers)
