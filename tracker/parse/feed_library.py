"""The feed library, restricted to the elements that are read here.

It knows dozens of elements that no status page needs, and its time grows with the square of some of them: an <author>
of a megabyte would block the interpreter, and all threads of a worker, for an hour. So handlers of unread elements do
not run, and read elements have bounds. The library gets text that is already decoded (`feed_text`): it would decode by
any codec of Python's, of which some take as long, and it has to read exactly the text that was checked.
"""

import io
from types import FunctionType
from typing import Any, Final
from xml.sax.xmlreader import AttributesNSImpl

import feedparser.api

#: The longest title, id or time.
_LONGEST: Final = 4_000
_BODIES: Final = frozenset({"content", "description", "summary"})
#: A base address is joined again with every element.
_LONGEST_BASE: Final = 300
#: Attributes, namespaces and categories that are read.
_MOST_ATTRIBUTES: Final = 100
_MOST_TAGS: Final = 100
_MOST_NAMESPACES: Final = 100

#: The elements that have a meaning here, by the library's names. It keeps any other as plain text under its name.
_READ: Final = frozenset({
    "rss", "channel", "feed", "item", "entry", "title", "dc_title", "link", "guid", "id", "category", "dc_subject",
    "summary", "description", "dc_description", "abstract", "content", "content_encoded", "fullitem", "body",
    "xhtml_body", "published", "pubdate", "issued", "dcterms_issued", "updated", "modified", "lastbuilddate",
    "dc_date", "dcterms_modified", "image", "textinput", "textInput", "source",
})  # fmt: skip


def parsed(text: str) -> Any:
    """Return the library's result for a text, which it never takes for a path or an address. Raises any exception."""
    return _PARSE(io.BytesIO(text.encode()), sanitize_html=False, resolve_relative_uris=False)


class _Unread:
    """Hides a handler from the library."""

    def __get__(self, parser: object, kind: type) -> None:
        raise AttributeError


class _Bounded:
    """Changes to both parsers of the library."""

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> None:
        """Begin an element."""
        attrs = [pair for pair in attrs[:_MOST_ATTRIBUTES] if "base" not in pair[0] or len(pair[1]) <= _LONGEST_BASE]
        super().unknown_starttag(tag, attrs)  # type: ignore[misc]  # the library's

    def pop(self, element: str, *options: Any) -> Any:
        """End an element and return its text."""
        stack: list[list[Any]] = self.elementstack  # type: ignore[attr-defined]  # the library's
        if stack and stack[-1][0] == element and isinstance(stack[-1][2], list):
            pieces = [piece.decode() if isinstance(piece, bytes) else piece for piece in stack[-1][2]]
            stack[-1][2] = _without_blank_start(pieces) if element in _BODIES else ["".join(pieces)[:_LONGEST]]
        return super().pop(element, *options)  # type: ignore[misc]  # the library's

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        """Remember a namespace; all of them are compared with every element."""
        if len(self.namespaces_in_use) < _MOST_NAMESPACES:  # type: ignore[attr-defined]  # the library's
            super().track_namespace(prefix, uri)  # type: ignore[misc]  # the library's

    def _add_tag(self, *of: Any) -> None:
        """Remember a category; all of them are compared with every other."""
        if len(self._get_context().get("tags", ())) < _MOST_TAGS:  # type: ignore[attr-defined]  # the library's
            super()._add_tag(*of)  # type: ignore[misc]  # the library's


class _BoundedStrict(_Bounded):
    """Changes to the parser of well-formed feeds."""

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802  SAX's name
        """Begin an element; its attributes are compared with each other."""
        if len(attrs) > _MOST_ATTRIBUTES:
            attrs = AttributesNSImpl({}, {})
        super().startElementNS(name, qname, attrs)  # type: ignore[misc]  # the library's


def _without_blank_start(pieces: list[str]) -> list[str]:
    """Return the pieces of a text without the blank ones in front, which the library takes off one by one."""
    return pieces[next((number for number, piece in enumerate(pieces) if not piece.isspace()), 0) :]


def _reduced(bounded: type, parser: Any) -> type:
    """Return one of the library's parsers, bounded and without handlers of unread elements."""
    handlers = (name for name in dir(parser) if name.startswith(("_start_", "_end_")))
    return type(
        parser.__name__, (bounded, parser), {name: _Unread() for name in handlers if name.split("_", 2)[2] not in _READ}
    )


#: A copy of the library's own `parse` that finds the bounded parsers under these names; the library itself keeps its
#: own, for other users in this process.
_PARSE: Final = FunctionType(
    feedparser.api.parse.__code__,
    {
        **vars(feedparser.api),
        "StrictFeedParser": _reduced(_BoundedStrict, feedparser.api.StrictFeedParser),
        "LooseFeedParser": _reduced(_Bounded, feedparser.api.LooseFeedParser),
    },
    argdefs=feedparser.api.parse.__defaults__,
)
