"""The only way for vendor data into the tracker: the bytes of an answer -> Snapshot.

Wire shapes never leave this package. A format is recognised by its answer, never by URL or status code. A module that
declares a `Format` adds a platform: every list of formats comes from here.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from tracker.errors import ParseError
from tracker.model.format_definition import FormatDefinition
from tracker.model.page import Snapshot
from tracker.parse.custom import custom_format
from tracker.parse.format import Endpoints, Format
from tracker.parse.links import keeping_links
from tracker.parse.sniff import refusal

__all__ = ["FORMATS", "FORMAT_NAMES", "Endpoints", "Format", "detect", "format_of", "read"]


def _declared() -> Iterator[Format]:
    """Yield the formats that modules of this package declare, in the order in which they are tried."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = {each.name: each for module in modules for each in vars(module).values() if isinstance(each, Format)}
    yield from sorted(found.values(), key=lambda known: (known.precedence, known.name))


#: Every format by name, in the order in which they are tried.
FORMATS: Mapping[str, Format] = {known.name: keeping_links(known) for known in _declared()}
FORMAT_NAMES: tuple[str, ...] = tuple(FORMATS)


def format_of(name: str, definition: FormatDefinition | None = None) -> Format | None:
    """Return the format that a page or a source names, None for one that no longer exists."""
    return FORMATS.get(name) if definition is None else custom_format(definition)


def detect(body: bytes, content_type: str | None = None) -> Format:
    """Return the format of an answer. Raises ParseError, which describes an answer of no known format."""
    for known in FORMATS.values():
        if known.recognises(body, content_type):
            return known
    raise refusal(body, content_type)


def read(body: bytes, *, format: str = "auto", url: str = "", content_type: str | None = None) -> Snapshot:
    """Read an answer from `url`. Raises ParseError, and nothing else, on any bytes."""
    if format == "auto":
        return detect(body, content_type).read(body, url, content_type)
    known = FORMATS.get(format)
    if known is None:
        raise ParseError(f"there is no format {format!r}; the formats are {', '.join(FORMAT_NAMES)}")
    return known.read(body, url, content_type)
