"""The bytes of a feed: their encoding, what stands around them, and the entities that they declare."""

import codecs

import pytest

from tests.unit.parse.invented_feeds import item, rss
from tracker.parse import FORMATS, detect, read

RUSSIAN, GERMAN = "Поиск работает медленно", "Störung behöben"
FEED = rss(item(title=RUSSIAN)).decode()
RSS = "application/rss+xml"


def declared(encoding: str, text: str = FEED) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'


ENCODINGS = {
    "the header alone": (FEED.encode("windows-1251"), f"{RSS}; charset=windows-1251"),
    "the header in capitals and quotes": (FEED.encode("koi8-r"), f'{RSS};Charset="KOI8-R"; q=1'),
    "a declaration wins over the header": (declared("windows-1251").encode("windows-1251"), f"{RSS}; charset=koi8-r"),
    "a declaration of UTF-8 wins over the header": (declared("UTF-8").encode(), f"{RSS}; charset=windows-1251"),
    "a byte order mark wins over the header": (codecs.BOM_UTF8 + FEED.encode(), f"{RSS}; charset=windows-1251"),
    "a byte order mark wins over the declaration": (
        codecs.BOM_UTF8 + declared("windows-1251").encode(),
        f"{RSS}; charset=koi8-r",
    ),
    "a byte order mark of UTF-16": (FEED.encode("utf-16"), f"{RSS}; charset=utf-8"),
    "UTF-8 under a server's default": (FEED.encode(), f"{RSS}; charset=ISO-8859-1"),
    "UTF-8 without a word": (FEED.encode(), None),
    "a header that names no encoding": (FEED.encode(), f"{RSS}; charset=unknown-8bit"),
    "a header with a codec that is none of a page's": (FEED.encode(), f"{RSS}; charset=punycode"),
    "a declaration that does not hold": (declared("UTF-8").encode("windows-1251"), f"{RSS}; charset=windows-1251"),
    "a header that does not hold": (FEED.encode("utf-8") + b" ", f"{RSS}; charset=utf-16"),
}


@pytest.mark.parametrize(("body", "content_type"), ENCODINGS.values(), ids=ENCODINGS)
def test_an_encoding_is_found_in_order_of_precedence(body, content_type):
    assert read(body, content_type=content_type).incidents[0].name == RUSSIAN


def test_a_default_of_the_server_s_is_right_where_the_bytes_are_not_utf_8():
    body = rss(item(title=GERMAN)).decode().encode("iso-8859-1")

    assert read(body, content_type=f"{RSS}; charset=ISO-8859-1").incidents[0].name == GERMAN


WHOLE = rss(item())
BEFORE = {
    "blank lines": b"\r\n\r\n  ",
    "two byte order marks": codecs.BOM_UTF8 * 2,
    "a byte order mark behind blanks": b"\n" + codecs.BOM_UTF8,
    "a warning in HTML": b"<br />\n<b>Warning</b>: Undefined variable in <b>/srv/feed.php</b> on line <b>7</b><br />\n",
    "a warning in plain text": b"Warning: Undefined variable $x in /srv/feed.php on line 7\n",
    "a comment": b"<!-- cached at 10:00 -->\n",
    "an entry of a log": b"[Fri Nov 20 10:00:00] notice: slow\n",
}
BEHIND = {
    "blank lines": b"\n\n",
    "a comment": b"<!-- generated in 0.2 s -->",
    "a debug bar": b"<div class='bar'><p>query 0.01 s</p></div>\n" * 300,
    "half a page": b"</div></body></html>",
    "another feed": rss(item(guid="g2")),
    "text": b"Fatal error: out of memory & time < 1 s",
}


@pytest.mark.parametrize("declaration", [b"", b'<?xml version="1.0" encoding="UTF-8"?>\n'], ids=["bare", "declared"])
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_what_stands_around_a_feed_is_left_out(declaration, before, behind):
    body = before + declaration + WHOLE + behind

    assert detect(body).name == "feed"
    assert [incident.id for incident in read(body).incidents] == ["g1"]


NO_FEEDS = {
    "a page that shows a feed's code": b"<html><body>Write <rss version='2.0'><channel></channel></rss></body></html>",
    "a page whose head comes late": b"<div></div><html><rss version='2.0'></rss></html>",
    "JSON with a feed in it": b'{"error": "<rss version=2.0></rss>"}',
    "other XML with a feed in it": b'<urlset><rss version="2.0"><channel></channel></rss></urlset>',
}


@pytest.mark.parametrize("body", NO_FEEDS.values(), ids=NO_FEEDS)
def test_what_only_mentions_a_feed_is_none(body):
    assert not FORMATS["feed"].recognises(body, None)
