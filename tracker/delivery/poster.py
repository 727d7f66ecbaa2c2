"""The port of webhooks to the network: one POST. Implemented in `fetch`."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from tracker.delivery.retry_policy import ReceiverResponse


class PostRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One POST."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    allow_private: bool = False


class Poster(Protocol):
    """Makes one POST; follows no redirect."""

    def post(self, request: PostRequest) -> ReceiverResponse:
        """Return the answer, whatever its status. Raises FetchError when none came."""
        ...
