"""Vendor text -> plain text. Sinks neutralise control characters; only those that JSON cannot carry go here."""

import html
import re

from tracker.parse.links import note

#: Characters that no JSON document in UTF-8 can hold, or that break readers: NUL and lone surrogates.
_UNENCODABLE = re.compile("[\x00\ud800-\udfff]")

# Both marks are free for use inside this module because `encodable` removes them from vendors' text.
_LINE_BREAK = "\x00"
_PARAGRAPH_BREAK = "\ud800"

_PARAGRAPHS = {
    "blockquote", "dl", "fieldset", "form", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul",
}  # fmt: skip
_LINES = {
    "address", "article", "aside", "body", "caption", "dd", "details", "div", "dt", "figcaption", "figure", "footer",
    "head", "header", "html", "legend", "li", "main", "nav", "option", "section", "select", "summary", "tbody",
    "tfoot", "thead", "title", "tr",
}  # fmt: skip
_INLINE = {
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "br", "button", "canvas", "center", "cite", "code",
    "col", "colgroup", "data", "del", "dfn", "dir", "em", "embed", "font", "i", "iframe", "img", "input", "ins", "kbd",
    "label", "link", "map", "mark", "meta", "noscript", "object", "output", "param", "picture", "q", "s", "samp",
    "script", "small", "source", "span", "strike", "strong", "style", "sub", "sup", "svg", "td", "template",
    "textarea", "th", "time", "tt", "u", "var", "video", "wbr",
}  # fmt: skip
#: Angle brackets around anything else are prose: `List<String>`, `<your region>`.
_ELEMENTS = _PARAGRAPHS | _LINES | _INLINE
#: Elements whose content is no text.
_UNREAD = frozenset({"script", "style", "template"})

# An attribute value may hold `>`. The possessive quantifiers keep hostile input linear; an unclosed comment runs to
# the end as in a browser.
_MARKUP = re.compile(
    r"""<(?:
        !--.*?(?:-->|\Z)
      | [!?][^<>]*+>
      | (?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)(?:[\s/](?:[^<>"']|"[^"]*"|'[^']*')*+)?>
    )""",
    re.DOTALL | re.VERBOSE,
)
# Longer references name no character, and int() refuses to read thousands of digits.
_ENDLESS_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
# A single blank between words is the common case and not collapsed.
_BLANKS = re.compile(f"[\\s{_LINE_BREAK}{_PARAGRAPH_BREAK}]{{2,}}|[^\\S ]|[{_LINE_BREAK}{_PARAGRAPH_BREAK}]")


def encodable(text: str) -> str:
    """Return the text without NULs and with lone surrogates replaced, so that it can be written as JSON."""
    return _UNENCODABLE.sub(lambda found: "" if found[0] == "\x00" else "\ufffd", text)


def one_line(text: str) -> str:
    """Return plain text as one line with single blanks."""
    return " ".join(encodable(text).split())


def plain_text(text: str) -> str:
    """Return HTML or plain text as plain text: tags to line breaks or nothing, references decoded, blanks collapsed."""
    text = encodable(text).replace("\r\n", "\n").replace("\r", "\n")
    markup = text
    text = _without_markup(text.replace("<![CDATA[", "").replace("]]>", "")) if "<" in text else _unescaped(text)
    text = _BLANKS.sub(_collapsed, text).strip()
    note(markup, text)
    return text


def cut(text: str, cap: int) -> str:
    """Return at most `cap` characters, the last one an ellipsis if some were left off."""
    return text if len(text) <= cap else text[: cap - 1].rstrip() + "…"


def _without_markup(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while found := _MARKUP.search(text, position):
        pieces.append(_unescaped(text[position : found.start()]))
        position = found.end()
        name = (found["name"] or "").lower()
        if not name:
            continue
        if name not in _ELEMENTS and ":" not in name:
            pieces.append(_unescaped(found[0]))
        elif name in _UNREAD and not found["close"]:
            position = _end_of(name, text, position)
        else:
            pieces.append(_break(name, closes=bool(found["close"])))
    pieces.append(_unescaped(text[position:]))
    return "".join(pieces)


def _end_of(name: str, text: str, position: int) -> int:
    """Return the end of the content of an unread element: at its end tag, else at the end of the text."""
    end = re.compile(f"</{name}[^<>]*+>?", re.IGNORECASE).search(text, position)
    return end.end() if end else len(text)


def _break(name: str, *, closes: bool) -> str:
    if name == "br":
        return "\n"
    if name in _PARAGRAPHS:
        return _PARAGRAPH_BREAK
    if name == "li" and closes:
        return ""
    if name in _LINES:
        return _LINE_BREAK
    return " " if name in ("td", "th") else ""


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    # References may name characters that were removed before.
    return encodable(html.unescape(_ENDLESS_REFERENCE.sub("\ufffd", text)))


def _collapsed(run: re.Match[str]) -> str:
    blanks = run[0]
    if _PARAGRAPH_BREAK in blanks:
        return "\n\n"
    if _LINE_BREAK in blanks:
        return "\n"
    return "\n\n"[: min(blanks.count("\n"), 2)] or " "
