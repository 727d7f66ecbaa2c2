"""The only door through which vendor data enters: an answer's bytes -> Snapshot.

Wire shapes never leave this package. A format is recognised by its answer, never by URL or status code.
"""

from collections.abc import Mapping

from tracker.errors import ParseError
from tracker.models import Snapshot
from tracker.parse.cachet import CACHET
from tracker.parse.cstate import CSTATE
from tracker.parse.feed import FEED
from tracker.parse.format import Endpoints, Format
from tracker.parse.sniff import refusal
from tracker.parse.sorry import SORRY
from tracker.parse.statusio import STATUSIO
from tracker.parse.statuspage import STATUSPAGE
from tracker.parse.statuspal import STATUSPAL
from tracker.parse.vultr import VULTR
from tracker.parse.yandex import YANDEX

__all__ = ["FORMATS", "FORMAT_NAMES", "Endpoints", "Format", "detect", "read"]

#: Every format by name, in the order in which they are tried.
FORMATS: Mapping[str, Format] = {
    known.name: known
    for known in (
        STATUSPAGE,
        STATUSIO,
        VULTR,
        YANDEX,
        CACHET,
        SORRY,
        STATUSPAL,
        CSTATE,
        FEED,
    )
}
FORMAT_NAMES: tuple[str, ...] = tuple(FORMATS)


def detect(body: bytes, content_type: str | None = None) -> Format:
    """Return the format of an answer. Raises ParseError, which says what the answer looks like instead."""
    for known in FORMATS.values():
        if known.recognises(body, content_type):
            return known
    raise refusal(body, content_type)


def read(body: bytes, *, format: str = "auto", url: str = "", content_type: str | None = None) -> Snapshot:
    """Read an answer; `url` is where it came from. Raises ParseError, and nothing else, on any bytes."""
    if format == "auto":
        return detect(body, content_type).read(body, url, content_type)
    known = FORMATS.get(format)
    if known is None:
        raise ParseError(f"there is no format {format!r}; the formats are {', '.join(FORMAT_NAMES)}")
    return known.read(body, url, content_type)
