"""Answers made to cost time or memory. No test measures time: what they ask for took minutes to days before."""

import json
import tracemalloc

import pytest

from tests.goldens import table
from tests.unit.parse.invented_feeds import item, rss
from tracker.errors import ParseError
from tracker.model.page import ComponentStatus
from tracker.parse import read

LONG = 400_000
ATTRIBUTES = " ".join(f'a{number}="b"' for number in range(400))
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
ITUNES = 'xmlns:itunes="http://www.itunes.com/DTDs/PodCast-1.0.dtd"'
NUMBERS = ",".join(map(str, range(150_000)))


def feed(content: str, *, declaration: str = "", attributes: str = "") -> bytes:
    return f'{declaration}<rss version="2.0" {attributes}><channel>{content}</channel></rss>'.encode()


#: Made when they are asked for: they take a while, and each process of the tests loads this module.
READ = {
    "a long author": lambda: rss(item(extra=f"<author>{'a' * LONG}</author>")),
    "a long creator": lambda: feed(
        item(extra=f"<dc:creator>{'a' * LONG}</dc:creator>"), attributes='xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ),
    "a long date": lambda: rss(item(date="1 " * LONG)),
    "a long title": lambda: rss(item(title="a@" * LONG)),
    "a long link": lambda: rss(item(extra=f"<link>http://{'a.' * LONG}</link>")),
    "many keywords": lambda: feed(item(extra=f"<itunes:keywords>{NUMBERS}</itunes:keywords>"), attributes=ITUNES),
    "many media keywords": lambda: feed(item(extra=f"<media:keywords>{NUMBERS}</media:keywords>"), attributes=MEDIA),
    "many tags": lambda: rss(item(extra=f"<tags>{NUMBERS}</tags>")),
    "many categories": lambda: rss(item(extra="".join(f"<category>{n}</category>" for n in range(20_000)))),
    "many points": lambda: feed(
        item(extra=f"<georss:polygon>{'1 2 ' * 500_000}</georss:polygon>"),
        attributes='xmlns:georss="http://www.georss.org/georss"',
    ),
    "many namespaces": lambda: feed(
        "".join(f'<a xmlns:n{n}="u{n}" xmlns="u"></a>' for n in range(20_000)) + item(), attributes=""
    ),
    "many attributes": lambda: feed(item(extra=f"<a {ATTRIBUTES}/>" * 2_000)),
    "a long base address": lambda: feed(
        "<a></a>" * 20_000 + item(), attributes=f"xml:base='http://x.example/{'a/' * 100_000}'"
    ),
    "many blanks before a text": lambda: (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>g1</id><content type="xhtml">'
        + b"&#32;" * 45_000
        + b"<div>x</div></content></entry></feed>"
    ),
    "Punycode": lambda: feed(f"<x>-{'a9' * LONG}</x>{item()}", declaration='<?xml version="1.0" encoding="punycode"?>'),
    "IDNA": lambda: feed(f"<x>{'a' * LONG}</x>{item()}", declaration='<?xml version="1.0" encoding="idna"?>'),
    "EBCDIC": lambda: feed(f"{item()}{'%' * LONG}L\x81", declaration='<?xml version="1.0" encoding="cp037"?>'),
    "blank lines in front": lambda: b"\n" * 4_000 + rss(item()),
    "blank lines inside": lambda: feed("\n" * LONG + item()),
    "blank lines before a root with a NUL": lambda: (
        b"<r\0ss><channel>" + b"\n" * LONG + item().encode() + b"</channel></r\0ss>"
    ),
    "one long tag": lambda: feed(f'<a b="{"c" * LONG}"/>{item()}'),
    "one long comment": lambda: feed(f"<!--{'-a' * LONG}-->{item()}"),
}


@pytest.mark.parametrize("case", READ)
def test_a_feed_that_costs_much_is_read_at_little_cost(case):
    (incident,) = read(READ[case]()).incidents

    assert incident.id == "g1"


def test_entries_of_one_identity_cost_no_more_than_others():
    (incident,) = read(rss(*(item(description=f"Text {number}") for number in range(4_500)))).incidents

    assert len(incident.updates) == 4_500


REFUSED = {
    "a tag of nothing but attributes": lambda: feed(f"<a {' b=1' * LONG}/>{item()}"),
    "a tag of nothing but words": lambda: feed(f"&<a {'b ' * LONG}/>{item()}"),
    "nothing but tags": lambda: feed("<a>" * 30_000 + "</a>" * 30_000),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_feed_that_is_nothing_but_markup_is_refused(case):
    with pytest.raises(ParseError, match=r"^the feed holds more markup than a status page's$"):
        read(REFUSED[case]())


def test_a_feed_with_too_many_entries_is_refused():
    with pytest.raises(ParseError, match=r"^the feed holds 5001 entries; no status page's has more than 5000$"):
        read(rss(*("<item><guid>g</guid></item>" for _ in range(5_001))))


@pytest.mark.parametrize(("encoding", "title"), table("encodings_of_feeds").items())
def test_a_feed_is_read_in_the_encoding_that_it_declares(encoding, title):
    body = f'<?xml version="1.0" encoding="{encoding}"?>\n{rss(item(title=title)).decode()}'.encode(encoding)

    assert read(body).incidents[0].name == title


@pytest.mark.parametrize("declared", ["utf-16", "utf-7", "punycode", "unicode_escape", "zip", "no such", "\u00e9"])
def test_a_declaration_that_is_none_of_an_encoding_is_overlooked(declared):
    body = f'<?xml version="1.0" encoding="{declared}"?>{rss(item(title="Störung")).decode()}'.encode()

    assert read(body).incidents[0].name == "Störung"


def page(incidents: str, more: str = "") -> bytes:
    return f'{{"page":{{"id":"p"}},{more}"incidents":[{incidents}]}}'.encode()


EXPENSIVE = {
    "empty objects": lambda: page("", f'"more":[{"{}," * 2_000_000}{{}}],'),
    "empty lists": lambda: page("", f'"more":[{"[]," * 2_000_000}[]],'),
    "numbers": lambda: page("", f'"more":[{"1.5," * 2_000_000}1],'),
    "incidents": lambda: page(",".join(f'{{"id":{number}}}' for number in range(500_000))),
}


@pytest.mark.parametrize("case", EXPENSIVE)
def test_json_of_many_values_is_refused_before_it_takes_memory(case):
    body = EXPENSIVE[case]()
    tracemalloc.start()
    try:
        with pytest.raises(ParseError, match=r"^the answer is JSON with more in it than a status page$"):
            read(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < len(body)


@pytest.mark.parametrize("field", ["name", "status"])
def test_a_text_of_millions_of_words_takes_no_more_memory_than_its_letters(field):
    body = page(f'{{"id":"i","{field}":"{"a " * 2_000_000}","incident_updates":[]}}')
    tracemalloc.start()
    try:
        (incident,) = read(body).incidents
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert incident.id == "i"
    assert peak < 6 * len(body)


def test_groups_in_groups_have_an_end():
    components = {"id": "c0", "name": "Deep", "status": "OPERATIONAL"}
    for depth in range(1, 200):
        components = {**components, "id": f"c{depth}", "isParent": True, "children": [components]}

    (found,) = read(json.dumps({"components": [components]}).encode(), format="instatus").components

    assert found.status is ComponentStatus.OPERATIONAL


def test_whatever_the_feed_library_raises_is_a_refusal(monkeypatch):
    def fail(*_: object, **__: object):
        raise AssertionError("surprise")

    monkeypatch.setattr("tracker.parse.feed.parsed", fail)

    with pytest.raises(ParseError, match=r"^the feed cannot be read \(AssertionError\)$"):
        read(rss(item()))
