"""What a format is: how its answers are recognised and read, and which requests cover a page."""

from collections.abc import Callable
from dataclasses import dataclass

from tracker.models import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The requests that cover one page: one that tells whether anything is new, and what to ask then."""

    #: Path on the page's host that is polled at every tick.
    primary: str
    #: Paths that are asked only when the primary answer changed; a page may lack them (404).
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One wire format. `read` is the only door through which vendor data enters."""

    name: str
    #: (body, content type) -> whether the answer has this format's shape; never raises.
    recognises: Callable[[bytes, str | None], bool]
    #: (body, url, content type) -> snapshot. Raises ParseError, and nothing else, on any bytes.
    read: Callable[[bytes, str, str | None], Snapshot]
    #: Where a page of this format answers, the most telling first.
    endpoints: tuple[Endpoints, ...]
