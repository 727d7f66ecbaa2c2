"""CSS selectors over HTML and XPath over XML.

Bodies are hostile. Elements, attributes of one element, children of one element and depth are bounded while the tree
is built: some steps of a path take the square of them, and libxml2's own trees take the square of an element's
attributes. Entities are not followed and nothing is loaded.
"""

import re
from typing import Any, Final

from tracker.errors import ParseError
from tracker.parse.custom.language import BadExpression, Language, Query, needed
from tracker.parse.custom.selectors import selected
from tracker.parse.text import encodable

_MOST_ELEMENTS: Final = 50_000
_MOST_CHILDREN: Final = 5_000
_MOST_ATTRIBUTES: Final = 200
_DEEPEST: Final = 150
#: SELECTOR::attr(NAME), as Scrapy and parsel write it; the selector may be left out for the entry itself.
_ATTRIBUTE: Final = re.compile(r"(?P<selector>.*?)\s*::attr\(\s*(?P<name>[\w:-]+)\s*\)", re.DOTALL)
_CSS_STEP: Final = re.compile(r"\s*[>+~ ]\s*")
_MOST_NAMED: Final = 8
_SCOPE: Final = ":scope"
_NAME: Final = r"[A-Za-z_][\w.-]*+"
_LITERAL: Final = r"""(?:"[^"|]*+"|'[^'|]*+')"""
#: In brackets: a position, or the name of a child or an attribute that is there or has a value.
_FOUND: Final = rf"(?:@?{_NAME}(?:/@?{_NAME})*+(?:\s*+!?=\s*+{_LITERAL})?+)"
_CONDITION: Final = rf"\[\s*+(?:\d+|last\(\)|{_FOUND}|not\(\s*+{_FOUND}\s*+\))\s*+\]"
_STEP: Final = rf"(?:@?(?:{_NAME}|\*)|text\(\)|\.)(?:{_CONDITION})*+"
#: A path that visits an element at most once for each of its ancestors: only its first step may go to any depth.
_LINEAR: Final = re.compile(rf"(?:\.?+//?+)?+{_STEP}(?:/{_STEP})*+")
#: A branch of a union, whose results libxml2 compares pairwise: children of one element are few.
_ONE_STEP: Final = re.compile(_STEP)


class Html(Language):
    """CSS selectors (Selectors Level 3), with `::attr(NAME)` for an attribute."""

    def opened(self, body: bytes) -> Any:
        """Return the body as expressions see it. Raises ParseError."""
        etree = needed("lxml.etree")
        try:
            body.decode()
            encoding = "utf-8"
        except UnicodeDecodeError:
            encoding = None  # The page itself may name another one.
        root = _tree(etree, lambda target: etree.HTMLParser(target=target, no_network=True, encoding=encoding), body)
        # Selectors search below their starting point, and may name the root.
        document = etree.Element("document")
        document.append(root)
        return document

    def compiled(self, expression: str, *, is_part: bool) -> Query:  # noqa: ARG002  the same for both
        """Return the values that an expression finds. Raises BadExpression, ParseError."""
        cssselect, etree = needed("cssselect"), needed("lxml.etree")
        found = _ATTRIBUTE.fullmatch(expression)
        selector, attribute = (found["selector"], found["name"]) if found else (expression, None)
        suffix = f"/@{attribute.lower()}" if attribute else ""
        if selector.strip() in ("", _SCOPE):
            return _query(etree, f".{suffix}")
        try:
            path = cssselect.HTMLTranslator().css_to_xpath(selector, prefix="descendant::")
            found_below = selected(selector, lambda step: _query(etree, step))
        except (cssselect.SelectorError, RecursionError) as error:
            raise BadExpression(f"is no CSS selector: {str(error).partition(chr(10))[0]}") from None
        if found_below is None:
            return _query(etree, f"({path}){suffix}")
        return _attributes(found_below, attribute.lower()) if attribute else _elements(found_below)

    def is_bounded(self, expression: str) -> bool:
        """Return whether the expression takes no more time and memory than a page's size allows for."""
        found = _ATTRIBUTE.fullmatch(expression)
        selector = (found["selector"] if found else expression).strip()
        return selector == _SCOPE or (_SCOPE not in selector and ":has(" not in selector)

    def is_missing(self, root: Any, query: Query) -> bool:  # noqa: ARG002  an absent list looks like an empty one
        """Return whether a body lacks even the place where a list would be."""
        return False

    def plain(self, value: Any) -> Any:
        """Return a value as a text or number."""
        return _text(value)

    def rich(self, value: Any) -> str:
        """Return a value as a text that may hold markup."""
        if isinstance(value, str):
            return value
        written: str = needed("lxml.etree").tostring(value, encoding="unicode", method="html", with_tail=False)
        return written

    def steps(self, expression: str) -> list[str]:
        """Return the beginnings of an expression, one up to each of its steps, the shortest first."""
        return [expression[: found.start()] for found in _CSS_STEP.finditer(expression) if found.start()]

    def inside(self, values: list[Any]) -> str:
        """Describe values in a few words."""
        return _children(values, lambda element: "".join((element.tag, *_classes(element))))


class Xml(Language):
    """XPath 1.0 over elements and attributes without their namespaces."""

    def opened(self, body: bytes) -> Any:
        """Return the body as expressions see it. Raises ParseError."""
        etree = needed("lxml.etree")
        return _tree(
            etree,
            lambda target: etree.XMLParser(
                target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
            ),
            body,
        )

    def compiled(self, expression: str, *, is_part: bool) -> Query:
        """Return the values that an expression finds. Raises BadExpression, ParseError."""
        if is_part and expression.startswith("/"):
            raise BadExpression("begins at the body and not at the entry; begin with a name or with ./")
        return _query(needed("lxml.etree"), expression)

    def is_bounded(self, expression: str) -> bool:
        """Return whether the expression takes no more time and memory than a page's size allows for."""
        paths = expression.split("|")
        return all((_LINEAR if len(paths) == 1 else _ONE_STEP).fullmatch(path.strip()) for path in paths)

    def is_missing(self, root: Any, query: Query) -> bool:  # noqa: ARG002  an absent list looks like an empty one
        """Return whether a body lacks even the place where a list would be."""
        return False

    def plain(self, value: Any) -> Any:
        """Return a value as a text or number."""
        return _text(value)

    def rich(self, value: Any) -> str:
        """Return a value as a text that may hold markup."""
        return _text(value)

    def steps(self, expression: str) -> list[str]:
        """Return the beginnings of an expression, one up to each of its steps, the shortest first."""
        return [expression[: found.start()] for found in re.finditer("/+", expression) if found.start()]

    def inside(self, values: list[Any]) -> str:
        """Describe values in a few words."""
        return _children(values, lambda element: str(element.tag))


class _Builder:
    """Builds a tree within bounds and drops the rest."""

    def __init__(self, etree: Any) -> None:
        self._tree = etree.TreeBuilder()
        self._children = [0]
        self._elements = 0
        self.excess: str | None = None

    def start(self, tag: str, attributes: Any) -> None:
        if self.excess:
            return
        self._elements += 1
        self._children[-1] += 1
        if self._elements > _MOST_ELEMENTS or self._children[-1] > _MOST_CHILDREN:
            self.excess = "more elements than a status page"
        elif len(attributes) > _MOST_ATTRIBUTES:
            self.excess = "an element with more attributes than a status page has"
        elif len(self._children) > _DEEPEST:
            self.excess = "elements nested deeper than in a status page"
        else:
            self._children.append(0)
            self._tree.start(_local(tag), {_local(name): value for name, value in attributes.items()})

    def end(self, tag: str) -> None:
        if not self.excess:
            self._children.pop()
            self._tree.end(_local(tag))

    def data(self, text: str) -> None:
        if not self.excess:
            self._tree.data(text)

    def close(self) -> Any:
        return None if self.excess else self._tree.close()


def _tree(etree: Any, parser_of: Any, body: bytes) -> Any:
    builder = _Builder(etree)
    try:
        root = etree.fromstring(body, parser_of(builder))
    except (etree.LxmlError, ValueError, AssertionError, LookupError) as error:
        raise ParseError(f"the answer cannot be read as markup ({str(error).partition(chr(10))[0][:80]})") from None
    if builder.excess or root is None:
        raise ParseError(f"the answer has {builder.excess or 'no element'}")
    return root


def _query(etree: Any, path: str) -> Query:
    try:
        find_all = etree.XPath(path, regexp=False, smart_strings=False)
    except (etree.XPathError, ValueError) as error:
        raise BadExpression(f"is no path: {error}") from None

    def find(node: Any) -> list[Any]:
        if not etree.iselement(node):
            return []
        try:
            found = find_all(node)
        except etree.XPathError as error:
            raise ParseError(f"{path[:80]}: {error}") from None
        values = found if isinstance(found, list) else [found]
        return [value for value in values if not isinstance(value, str) or value.strip()]

    return find


def _elements(find_all: Query) -> Query:
    return lambda node: [] if isinstance(node, str) else find_all(node)


def _attributes(find_all: Query, name: str) -> Query:
    return lambda node: [
        value for element in _elements(find_all)(node) if (value := element.get(name)) is not None and value.strip()
    ]


def _local(name: str) -> str:
    local = name.rpartition("}")[2].rpartition(":")[2]
    return (
        local if local.replace("-", "").replace("_", "").replace(".", "").isalnum() and not local[0].isdigit() else "x"
    )


def _text(value: Any) -> str:
    if isinstance(value, str | float | bool):
        return encodable(str(value))
    return encodable("".join(value.itertext()))


def _classes(element: Any) -> list[str]:
    return [f".{name}" for name in element.get("class", "").split()]


def _children(values: list[Any], name: Any) -> str:
    if isinstance(values[0], str):
        return "text"
    names = list(dict.fromkeys(name(child) for child in values[0].iterdescendants()))
    return f"elements {', '.join(names[:_MOST_NAMED])}{', …' if len(names) > _MOST_NAMED else ''}" if names else "text"
