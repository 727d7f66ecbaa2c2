"""CSS selectors over a tree, in a time that grows with the tree and not with its square.

Each simple part of a selector is one XPath step. The combinators between the parts are followed here, each in one pass
over the tree: libxml2 compares the results for each element with those for all others, so a page of nested elements
could hold a worker for minutes.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from tracker.parse.custom.language import needed

#: (starting point) -> the elements found below it, in no particular order.
Match: TypeAlias = Callable[[Any], set[Any]]

_BEGIN: Final = ":scope"


def selected(selector: str, path_of: Callable[[str], Callable[[Any], list[Any]]]) -> Callable[[Any], list[Any]] | None:
    """Return a selector's findings below an element in the order of the page; None for one that begins at `:scope`.

    `path_of` compiles an XPath. Raises cssselect.SelectorError.
    """
    if _BEGIN in selector:
        return None
    cssselect = needed("cssselect")
    translator = cssselect.HTMLTranslator()

    def of(part: Any) -> Match:
        if isinstance(part, cssselect.parser.CombinedSelector):
            left, right, follow = of(part.selector), of(part.subselector), _FOLLOW[part.combinator]
            return lambda node: right(node) & follow(node, left(node))
        find = path_of(f"descendant::{translator.xpath(part)}")
        return lambda node: set(find(node))

    matches = [of(chosen.parsed_tree) for chosen in cssselect.parse(selector)]

    def find_all(node: Any) -> list[Any]:
        found = set().union(*(match(node) for match in matches))
        return [element for element in node.iterdescendants() if element in found] if found else []

    return find_all


def _below(node: Any, found: set[Any]) -> set[Any]:
    return _spread(node, found, lambda element: element.getparent())


def _behind(node: Any, found: set[Any]) -> set[Any]:
    return _spread(node, found, lambda element: element.getprevious())


def _spread(node: Any, found: set[Any], origin_of: Callable[[Any], Any]) -> set[Any]:
    """Return the elements whose origin was found, or whose origin's origin was, and so on."""
    reached: set[Any] = set()
    for element in node.iterdescendants() if found else ():
        origin = origin_of(element)
        if origin in found or origin in reached:
            reached.add(element)
    return reached


def _children(node: Any, found: Iterable[Any]) -> set[Any]:  # noqa: ARG001  as the others
    return {child for element in found for child in element}


def _next(node: Any, found: Iterable[Any]) -> set[Any]:  # noqa: ARG001  as the others
    return {element.getnext() for element in found} - {None}


_FOLLOW: Final[dict[str, Callable[[Any, set[Any]], set[Any]]]] = {
    " ": _below,
    ">": _children,
    "+": _next,
    "~": _behind,
}
