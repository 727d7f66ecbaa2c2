"""A definition of the catalogue -> a format like any other."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from tracker.catalogue.mistakes import InvalidValue, quoted
from tracker.errors import ParseError
from tracker.model.format_definition import BodyKind, FormatDefinition
from tracker.model.page import Snapshot
from tracker.parse.custom.apart import read_apart
from tracker.parse.custom.entries import Entries
from tracker.parse.custom.language import BadExpression, Language, Query, needed
from tracker.parse.custom.markup import Html, Xml
from tracker.parse.custom.paths import Paths
from tracker.parse.entries import entry_by_entry
from tracker.parse.format import Format, always
from tracker.parse.links import keeping_links

#: Keys whose expressions begin at the body; all others begin at an entry.
OF_BODY: Final = ("always", "incidents", "component_list")
#: Keys whose values are not expressions.
_NO_QUERIES: Final = frozenset({"name", "kind", "inside", "zone", "only_open"})
#: Compiled definitions that a process keeps.
_MOST_KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class Compiled:
    """A definition with the queries of its expressions, by key."""

    definition: FormatDefinition
    language: Language
    queries: dict[str, Query]
    #: Whether the expressions are fast on any page.
    is_bounded: bool

    def read(self, body: bytes, url: str) -> Snapshot:
        """Return the contents of a body. Raises ParseError."""
        root = self.language.opened(body)
        self.require(root)
        return Entries(self.definition, self.language, self.queries, url).snapshot(root)

    def require(self, root: Any) -> None:
        """Refuse a body of another page than the definition's. Raises ParseError."""
        if "always" in self.queries and not self.queries["always"](root):
            raise ParseError(f"the answer has nothing at `always` ({self.definition.always}): the page was rebuilt")
        for key in ("incidents", "component_list"):
            if key in self.queries and self.language.is_missing(root, self.queries[key]):
                raise ParseError(f"the answer has no list at `{key}` ({getattr(self.definition, key)})")


@lru_cache(_MOST_KEPT)
def compiled(definition: FormatDefinition) -> Compiled:
    """Return the definition with its expressions compiled. Raises InvalidValue, ParseError."""
    key = "inside"
    try:
        language = _language(definition)
        queries = {}
        expressions = {
            key: value
            for key, value in msgspec.structs.asdict(definition).items()
            if isinstance(value, str) and key not in _NO_QUERIES
        }
        for key, value in expressions.items():
            queries[key] = language.compiled(value, is_part=key not in OF_BODY)
    except BadExpression as error:
        raise InvalidValue(f"{key} is {quoted(getattr(definition, key) or '')}, which {error}; correct it") from None
    return Compiled(definition, language, queries, all(map(language.is_bounded, expressions.values())))


def understood(definition: FormatDefinition) -> None:
    """Refuse a definition with an expression that cannot be understood. Raises InvalidValue."""
    try:
        compiled(definition)
    except ParseError as error:
        raise InvalidValue(f"kind is {quoted(definition.kind)}: {error}") from None


def read_here(definition: FormatDefinition, body: bytes, url: str) -> Snapshot:
    """Return a definition's snapshot of a body, without a bound on time. Raises ParseError, InvalidValue."""

    @entry_by_entry
    def read(body: bytes, url: str, _: str | None) -> Snapshot:
        return compiled(definition).read(body, url)

    return read(body, url, None)


@lru_cache(_MOST_KEPT)
def custom_format(definition: FormatDefinition) -> Format:
    """Return a definition as a format. It takes any answer: a user named it for this page."""

    def read(body: bytes, url: str, _: str | None) -> Snapshot:
        try:
            is_bounded = compiled(definition).is_bounded
        except InvalidValue as error:
            raise ParseError(f"format {quoted(definition.name)}: {error}") from None
        return (read_here if is_bounded else read_apart)(definition, body, url)

    return keeping_links(
        Format(
            name=definition.name,
            title=f"format {definition.name}",
            recognises=lambda _body, _content_type: True,
            read=read,
            is_about_incidents=always,
            definition=definition,
        )
    )


def _language(definition: FormatDefinition) -> Language:
    if definition.kind is BodyKind.JSON:
        needed("jmespath")
        return Paths(definition.inside)
    return Html() if definition.kind is BodyKind.HTML else Xml()
