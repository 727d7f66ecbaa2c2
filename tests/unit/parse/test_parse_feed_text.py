"""The bytes of a feed: their encoding, what stands around them, and the entities that they declare."""

import codecs

import pytest

from tests.unit.parse.invented_feeds import item, rss
from tracker.errors import ParseError
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


def test_the_end_of_a_feed_in_a_text_is_none():
    quoted = item(description="x").replace("<description>x", "<description><![CDATA[see </rss> there]]>")

    (incident,) = read(rss(quoted, "<!-- </rss> -->")).incidents

    assert incident.updates[0].body == "see </rss> there"


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_a_feed_that_breaks_off_is_none_whatever_follows(behind):
    broken = rss(item()).split(b"</item>")[0]

    with pytest.raises(ParseError, match=r"breaks off|holds more markup"):
        read(broken + behind.replace(b"</rss>", b""))


NO_FEEDS = {
    "a page that shows a feed's code": b"<html><body>Write <rss version='2.0'><channel></channel></rss></body></html>",
    "a page whose head comes late": b"<div></div><html><rss version='2.0'></rss></html>",
    "JSON with a feed in it": b'{"error": "<rss version=2.0></rss>"}',
    "other XML with a feed in it": b'<urlset><rss version="2.0"><channel></channel></rss></urlset>',
}


@pytest.mark.parametrize("body", NO_FEEDS.values(), ids=NO_FEEDS)
def test_what_only_mentions_a_feed_is_none(body):
    assert not FORMATS["feed"].recognises(body, None)


def dtd(declarations: str, title: str) -> bytes:
    return (
        f"<?xml version='1.0'?><!DOCTYPE rss [{declarations}]>{rss(item()).decode().replace('Queues', title)}".encode()
    )


ENTITIES = {
    "a character": ('<!ENTITY nbsp "&#160;">', "A&nbsp;B", "A B"),
    "text": ('<!ENTITY vendor "Harbor Cloud"> <!ENTITY up "fine">', "&vendor; is &up;", "Harbor Cloud is fine"),
    "single quotes": ("<!ENTITY c 'Harbor'>", "&c;", "Harbor"),
    "a comment and an element beside it": ("<!-- it's --><!ELEMENT a (b)><!ENTITY c 'x'>", "&c;", "x"),
    "a bracket in a value": ('<!ENTITY c "a]>b">', "&c;", "a]>b"),
    "an external one is passed over": ('<!ENTITY c SYSTEM "file:///etc/passwd">', "see &c;", "see &c;"),
    "a parameter is passed over": ('<!ENTITY % c SYSTEM "http://127.0.0.1:9/x"> %c;', "x", "x"),
    "one that is made of others": ('<!ENTITY a "Harbor"><!ENTITY b "&a; &a; &amp; Co">', "&b;", "Harbor Harbor & Co"),
    "one that is made of itself is passed over": ('<!ENTITY a "&b;x"><!ENTITY b "&a;">', "see &b;", "see &b;"),
    "one that nobody declared": ('<!ENTITY c "x">', "&d;", "&d;"),
}


@pytest.mark.parametrize(("declarations", "title", "name"), ENTITIES.values(), ids=ENTITIES)
def test_a_harmless_entity_is_no_reason_to_refuse(declarations, title, name):
    assert read(dtd(declarations, title)).incidents[0].name == name


def test_a_text_that_tells_of_entities_declares_none():
    assert read(rss(item(description="We allowed <!ENTITY x SYSTEM 'y'> in uploads."))).incidents[0].id == "g1"


def test_an_entity_that_would_make_endless_text_stays_as_it_is():
    body = dtd(f'<!ENTITY c "{"x" * 900}">', "&c;" * 1_000)

    assert read(body).incidents[0].name.startswith("&c;&c;")


def test_entities_that_become_long_by_others_are_refused():
    with pytest.raises(ParseError, match=r"^the feed declares XML entities that are made of others$"):
        read(dtd(f'<!ENTITY a "{"ha" * 400}"><!ENTITY b "&a;&a;&a;">', "x"))


ADDRESS = "https://status.harborcloud.example/de/history.rss"
RELATIVE = {
    "from the host": ("/incidents/a1", "", "https://status.harborcloud.example/incidents/a1"),
    "from the folder": ("incidents/a1", "", "https://status.harborcloud.example/de/incidents/a1"),
    "of another host": ("//a.example/incidents/a1", "", "https://a.example/incidents/a1"),
    "a query": ("?incident=a1", "", "https://status.harborcloud.example/de/history.rss?incident=a1"),
    "with a base": ("incidents/a1", 'xml:base="https://b.example/x/"', "https://b.example/x/incidents/a1"),
    "with a relative base": ("incidents/a1", 'xml:base="/x/"', "https://status.harborcloud.example/x/incidents/a1"),
}


@pytest.mark.parametrize(("link", "base", "whole"), RELATIVE.values(), ids=RELATIVE)
@pytest.mark.parametrize("place", ["feed", "entry"])
def test_a_relative_address_is_completed(link, base, whole, place):
    bases = {"feed": "", "entry": "", place: base}
    body = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {bases["feed"]}><title>x</title><entry {bases["entry"]}>'
        f'<id>urn:a</id><title>Queues</title><link rel="alternate" href="{link}"/></entry></feed>'
    )

    (incident,) = read(body.encode(), url=ADDRESS).incidents

    assert incident.link == whole
    if "/incidents/" in whole:
        assert incident.id == "a1"


def test_an_address_below_the_page_is_completed_by_the_page_s_own_where_nobody_knows_where_the_feed_was():
    body = rss("<link>https://status.harborcloud.example/</link>", item(extra="<link>/incidents/a1</link>"))

    assert read(body).incidents[0].link == "https://status.harborcloud.example/incidents/a1"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "mailto:a@b.example", "http://[", "N/A N/A"])
def test_what_is_no_address_stays_none(link):
    found = read(rss(item(extra=f"<link>{link}</link>")), url=ADDRESS).incidents[0].link

    assert found is None or found.startswith("https://status.harborcloud.example/")
