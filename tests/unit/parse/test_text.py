import pytest

from tracker.parse.text import cut, encodable, one_line, plain_text

PLAIN = {
    "plain text stays": ("All is well.", "All is well."),
    "a br is a line break": ("a<br>b<br/>c<br />d", "a\nb\nc\nd"),
    "two br are a blank line": ("a<br /><br />b", "a\n\nb"),
    "many br are one blank line": ("a<br><br><br><br>b", "a\n\nb"),
    "paragraphs have a blank line between them": ("<p>a</p><p>b</p>", "a\n\nb"),
    "blocks begin on a new line": ("a<div>b</div>c", "a\nb\nc"),
    "list items stand on lines of their own": ("<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>", "a\nb"),
    "list items need no end tags": ("Schedule<br><li>a<br><li> b", "Schedule\na\nb"),
    "table cells do not run together": ("<tr><td>a</td><td>b</td></tr>", "a b"),
    "inline tags vanish": ("a <b>bold</b> <a href='https://x.example/?a>b'>link</a>", "a bold link"),
    "tags in capitals vanish": ("a<BR>b<STRONG>c</STRONG>", "a\nbc"),
    "tags in a namespace vanish": ("<o:p>a</o:p>", "a"),
    "a comment vanishes": ("a<!-- <b>no</b> -->b", "ab"),
    "an open comment hides the rest": ("a<!-- b", "a"),
    "a doctype vanishes": ("<!DOCTYPE html><p>a", "a"),
    "script content vanishes": ("a<script type='x'>if (a < b) c()</script>b", "ab"),
    "style content vanishes": ("<style>p > a {}</style>b", "b"),
    "an open script hides the rest": ("a<script>b", "a"),
    "CDATA marks vanish": ("<![CDATA[a <b>b</b>]]>", "a b"),
    "less-than in prose stays": ("latency < 5 ms and > 1 ms", "latency < 5 ms and > 1 ms"),
    "less-than before a digit stays": ("p99 <5s", "p99 <5s"),
    "angle brackets around a placeholder stay": ("set <your-region here> first", "set <your-region here> first"),
    "angle brackets around an unknown word stay": ("a List<String> of <region>", "a List<String> of <region>"),
    "an arrow stays": ("a <- b -> c", "a <- b -> c"),
    "a less-than at the end stays": ("a <", "a <"),
    "references are decoded": ("R&amp;D &lt;5 &eacute; &#39;x&#x27; &nbsp;y", "R&D <5 é 'x' y"),
    "references are decoded once": ("&amp;lt;", "&lt;"),
    "references do not make tags": ("&lt;b&gt;", "<b>"),
    "an ampersand in prose stays": ("Q&A & more", "Q&A & more"),
    "a reference to no character is replaced": ("a&#99999999999;b&#xD800;c", "a\ufffdb\ufffdc"),
    "a reference to NUL is replaced": ("a&#0;b", "a\ufffdb"),
    "carriage returns are line breaks": ("a\r\nb\rc", "a\nb\nc"),
    "blanks collapse": ("a  b\t\tc\u00a0d", "a b c d"),
    "blanks around line breaks vanish": ("a  \n  b", "a\nb"),
    "more than one blank line collapses": ("a\n\n\n\nb", "a\n\nb"),
    "blanks at the ends vanish": ("\n  a  \n", "a"),
    "Markdown stays": ("## Why\n\n- a *b*\n- [c](https://x.example)", "## Why\n\n- a *b*\n- [c](https://x.example)"),
    "NUL vanishes": ("a\x00b", "ab"),
    "a lone surrogate is replaced": ("a\ud800b", "a\ufffdb"),
    "other control characters are for the sinks": ("a\x1b[31mb\u202e", "a\x1b[31mb\u202e"),
    "nothing is nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "expected"), PLAIN.values(), ids=PLAIN.keys())
def test_plain_text(text, expected):
    assert plain_text(text) == expected


MEGABYTE = 1_000_000
HOSTILE = {
    "less-than": "<",
    "open tags": "<a ",
    "open quotes": "<a \"<b '",
    "open comments": "<!--",
    "open declarations": "<!",
    "open scripts": "<script>",
    "paragraphs": "<p>",
    "CDATA": "<![CDATA[",
    "ampersands": "&",
    "numeric references": "&#",
    "digits": "&#9",
    "blanks": " ",
    "line breaks": "\n ",
    "no-break spaces": "\u00a0",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_megabyte_is_read_in_linear_time(piece):
    # Quadratic work on a million characters would outlast any patience, so that returning at all is the assertion.
    assert len(plain_text(piece * (MEGABYTE // len(piece)))) <= MEGABYTE


@pytest.mark.parametrize("text", ["&#" + "9" * MEGABYTE + ";", "<" + "a" * MEGABYTE, '<a b="' + "c" * MEGABYTE])
def test_one_endless_token_is_read_in_linear_time(text):
    assert len(plain_text(text)) <= len(text)


def test_one_line_has_single_blanks():
    assert one_line("  a\r\n b\u00a0\tc\x00 ") == "a b c"


def test_encodable_text_survives_utf_8():
    assert encodable("a\udfff\x00é").encode().decode() == "a\ufffdé"


CUTS = {
    "a short text stays": ("abc", 3, "abc"),
    "a long text ends in an ellipsis": ("abcd", 3, "ab…"),
    "no blank stands before the ellipsis": ("ab cd", 4, "ab…"),
}


@pytest.mark.parametrize(("text", "cap", "expected"), CUTS.values(), ids=CUTS.keys())
def test_cut(text, cap, expected):
    assert cut(text, cap) == expected
