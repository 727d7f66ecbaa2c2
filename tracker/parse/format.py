"""What a format is: how its answers are recognised and read, and which requests cover a page."""

from collections.abc import Callable
from dataclasses import dataclass

from tracker.model.page import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The requests that cover one page: one that tells whether anything is new, and what to ask then.

    Each is a path below the page's address, or a whole address of its own where the platform answers elsewhere.
    `{host}` stands for the page's host.
    """

    #: What is polled at every tick.
    primary: str
    #: What is asked only when the primary answer changed; a page may lack it (404).
    details: tuple[str, ...] = ()


def nothing_linked(_body: bytes, _url: str) -> tuple[Endpoints, ...]:
    """Find no endpoints in a page."""
    return ()


def always(_body: bytes, _url: str, _content_type: str | None) -> bool:
    """Find that any answer is of a status page."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One wire format. `read` is the only door through which vendor data enters."""

    name: str
    #: What people call the platform.
    title: str
    #: (body, content type) -> whether the answer has this format's shape; never raises. Must be cheap to refuse and
    #: must not accept another platform's answer: it alone decides, neither URL nor status code do.
    recognises: Callable[[bytes, str | None], bool]
    #: (body, url, content type) -> snapshot. Raises ParseError, and nothing else, on any bytes.
    read: Callable[[bytes, str, str | None], Snapshot]
    #: Where a page of this format answers, the most telling first.
    endpoints: tuple[Endpoints, ...] = ()
    #: The only hosts that have this format, for a platform that one vendor alone runs; its endpoints are tried there
    #: and nowhere else. () for software that anybody may run, whose endpoints are tried everywhere.
    hosts: tuple[str, ...] = ()
    #: (HTML of the page for people, its URL) -> endpoints that only the page itself can tell, such as the id that an
    #: API wants; never raises.
    linked: Callable[[bytes, str], tuple[Endpoints, ...]] = nothing_linked
    #: Words of which any, in the HTML of a page for people, says that this software made it: its endpoints are asked
    #: before those of others. A wrong one costs requests and decides nothing.
    signs: tuple[bytes, ...] = ()
    #: Whether the details change without the primary answer. All of them are then asked at every tick, nothing
    #: conditionally, and a detail that fails fails the poll.
    details_apart: bool = False
    #: Path, below the page's address, of the answer for one incident alone, `{id}` for its id: it has updates that the
    #: list lacks, and is asked for the incidents that changed last when something changed. "" where there is none.
    each_incident: str = ""
    #: (body, url, content type) -> whether an answer that can be read is of a status page, for a format that others use
    #: as well; never raises. It is asked where nobody named the very address.
    tells_incidents: Callable[[bytes, str, str | None], bool] = always
