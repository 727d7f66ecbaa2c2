"""A format: how its answers are recognised and read, and which requests cover a page."""

from collections.abc import Callable
from dataclasses import dataclass

from tracker.model.format_definition import FormatDefinition
from tracker.model.page import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The requests that cover one page: one that shows whether anything is new, and the details.

    Each is a path below the page's address, or a whole address of its own where the platform answers elsewhere.
    `{host}` stands for the page's host.
    """

    #: The URL that every poll requests.
    primary: str
    #: URLs that are requested only when the primary answer changed; a page may lack them (404).
    details: tuple[str, ...] = ()


def nothing_linked(_body: bytes, _url: str) -> tuple[Endpoints, ...]:
    """Find no endpoints in a page."""
    return ()


def always(_body: bytes, _url: str, _content_type: str | None) -> bool:
    """Find that any answer is of a status page."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One wire format. `read` is the only way for vendor data into the tracker."""

    name: str
    #: The platform's name for people.
    title: str
    #: The part of its pages that is not read: `no texts of updates`. "" for none.
    in_part: str = ""
    #: The source of the structure of its answers: `a recorded page`. The module's docstring has the details.
    source: str = ""
    #: Formats are tried by this number, the lowest first, and then by name. A platform of many pages has a low one, and
    #: so has a format that is more specific than another.
    precedence: int = 50
    #: (body, content type) -> whether the answer has this format's shape; never raises. Must be cheap to refuse and
    #: must not accept another platform's answer: it alone decides, neither URL nor status code do.
    recognises: Callable[[bytes, str | None], bool]
    #: (body, url, content type) -> snapshot. Raises ParseError, and nothing else, on any bytes.
    read: Callable[[bytes, str, str | None], Snapshot]
    #: The endpoints of a page of this format, the most informative first.
    endpoints: tuple[Endpoints, ...] = ()
    #: The only hosts that have this format, for a platform that one vendor alone runs; its endpoints are tried there
    #: and nowhere else. () for software that anybody may run, whose endpoints are tried everywhere.
    hosts: tuple[str, ...] = ()
    #: (HTML of the page for people, its URL) -> endpoints that only the page itself names, such as one with an id;
    #: never raises.
    linked: Callable[[bytes, str], tuple[Endpoints, ...]] = nothing_linked
    #: Words that mark the HTML of this software's pages; one is enough. Its endpoints are then requested before
    #: those of others. A wrong word costs requests and decides nothing.
    signs: tuple[bytes, ...] = ()
    #: Path, below the page's address, of the answer for one incident alone, `{id}` for its id: it has updates that the
    #: list lacks. After a change of the page it is requested for the incidents that changed last. "" for none.
    each_incident: str = ""
    #: Whether details change without the primary answer. Then every poll requests all of them, unconditionally, and a
    #: failed detail fails the poll.
    details_apart: bool = False
    #: The definition of a format of the catalogue, None for one that ships.
    definition: FormatDefinition | None = None
    #: (body, url, content type) -> whether a readable answer is of a status page, for formats with other uses; never
    #: raises. It decides about addresses that the user did not name.
    is_about_incidents: Callable[[bytes, str, str | None], bool] = always
