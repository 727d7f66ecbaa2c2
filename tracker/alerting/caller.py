"""The port of channels to the network: calls of a service's API. Implemented in `fetch`."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to a service's API."""

    method: str = "POST"
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    allow_private: bool = False
    #: Whether it does no harm when it arrives twice. Others are not sent again on a connection that turns out closed.
    is_repeatable: bool = True
    #: Parts of the body that must not be shown if the answer repeats them.
    secrets: tuple[str, ...] = ()


class CallReply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one call."""

    status: int
    #: The wait that the service asks for, in seconds.
    retry_after_s: float | None = None
    #: The beginning of what it says, on one line, without our secrets: fit to be shown.
    text: str = ""
    #: The body, of 64 KiB at most. Never shown.
    body: bytes = b""


class Caller(Protocol):
    """Makes HTTP requests to APIs; follows no redirect."""

    def call(self, call: Call) -> CallReply:
        """Return the answer, whatever its status. Raises FetchError when none came."""
        ...
