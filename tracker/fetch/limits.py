"""Limits of time and size for one fetch, and of connections kept between fetches."""

from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
from typing import Final

import msgspec

from tracker.errors import TooLarge

#: Idle connections; each takes some 60 KB with TLS.
_MOST_KEPT: Final = 4096
_UNITS: Final = ((1024 * 1024, "MiB"), (1024, "KiB"))


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one fetch.

    | field            | default | bounds                                                              |
    |------------------|---------|---------------------------------------------------------------------|
    | `connect_s`      | 5 s     | the TCP connects of one hop together; then its TLS handshake        |
    | `read_s`         | 10 s    | any single wait for bytes                                           |
    | `total_s`        | 20 s    | all of it: look-ups, connects, headers, bodies, redirects           |
    | `max_body_bytes` | 8 MiB   | the body, declared or decoded; all that is received, twice that     |
    | `max_redirects`  | 10      | hops after the first                                                |
    """

    connect_s: float = 5.0
    read_s: float = 10.0
    total_s: float = 20.0
    max_body_bytes: int = 8 * 1024 * 1024
    max_redirects: int = 10


PAGE_LIMITS: Final = FetchLimits()


def most_kept() -> int:
    """Return the number of idle connections that a fetcher keeps: a quarter of the files that may be open at most.

    There are two fetchers, and each slot with a request on its way has a connection of its own.
    """
    files = getrlimit(RLIMIT_NOFILE)[0]
    return _MOST_KEPT if files == RLIM_INFINITY else min(_MOST_KEPT, files // 4)


def too_large(max_body_bytes: int) -> TooLarge:
    """Return the error for an answer beyond that size."""
    for size, unit in _UNITS:
        if max_body_bytes % size == 0:
            return TooLarge(f"the answer is larger than {max_body_bytes // size} {unit}")
    return TooLarge(f"the answer is larger than {max_body_bytes} bytes")
