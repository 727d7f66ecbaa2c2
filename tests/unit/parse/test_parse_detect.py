import pytest

from tracker.errors import ParseError
from tracker.parse import FORMAT_NAMES, FORMATS, detect, read

PAGE = b'{"id": "p", "name": "Harbor Cloud", "url": "https://status.harborcloud.example"}'

RECOGNISED = {
    "a summary is Statuspage's": (b'{"page": %s, "components": [], "incidents": []}' % PAGE, "statuspage"),
    "a page with null lists is Statuspage's": (b'{"page": %s, "incidents": null}' % PAGE, "statuspage"),
    "a page with nothing but a status is Statuspage's": (
        b'{"page": %s, "status": {"indicator": "none"}}' % PAGE,
        "statuspage",
    ),
    "an empty list of incidents without a page is Statuspage's": (b'{"incidents": []}', "statuspage"),
    "components without a page are Statuspage's if they name one": (
        b'{"components": [{"id": "c", "page_id": "p"}]}',
        "statuspage",
    ),
    "blanks before the answer do not matter": (b'\n\n  {"page": %s, "incidents": []}' % PAGE, "statuspage"),
    "Atom is a feed": (b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>', "feed"),
    "RSS is a feed": (b'<?xml version="1.0"?>\n<rss version="2.0"></rss>', "feed"),
    "RSS 1.0 is a feed": (b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"></rdf:RDF>', "feed"),
    "Atom with a prefix is a feed": (b'<a:feed xmlns:a="http://www.w3.org/2005/Atom"></a:feed>', "feed"),
    "a feed behind comments, blanks and a doctype is a feed": (
        b'\xef\xbb\xbf <!-- <html> --> <?xml-stylesheet href="a.xsl"?>\n<!DOCTYPE rss [ ]>\n<rss></rss>',
        "feed",
    ),
    "a feed in UTF-16 is a feed": ("<rss></rss>".encode("utf-16"), "feed"),
}


@pytest.mark.parametrize(("body", "name"), RECOGNISED.values(), ids=RECOGNISED.keys())
def test_an_answer_is_recognised(body, name):
    assert detect(body).name == name


HTML = "the answer is an HTML page, not a status page in a format that can be read"
REFUSED = {
    "nothing": (b"", "the answer is empty"),
    "blanks": (b" \r\n\t", "the answer is empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "the answer is empty"),
    "an HTML page": (b"<!DOCTYPE html><html><body>Hello</body></html>", HTML),
    "an HTML page without a doctype": (b"\n<html lang=en>", HTML),
    "XHTML": (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x"><html/>', HTML),
    "an HTML page that tells of RSS": (b'<html><link type="application/rss+xml"><rss></rss></html>', HTML),
    "other XML": (b"<urlset></urlset>", "the answer is XML with the root element urlset, not a feed"),
    "a broken answer of JSON": (b'{"page": {"id": "p"', "the answer is broken JSON"),
    "JSON nested without end": (b"[" * 99_999, "the answer is JSON nested too deeply"),
    "a JSON list": (b"[1]", "the answer is a JSON list of a shape that was not expected"),
    "an empty JSON list": (b"[]", "the answer is an empty JSON list"),
    "an empty JSON object": (b"{}", "the answer is an empty JSON object"),
    "an error with a code": (
        b'{"status": 500, "error": "Internal Server Error"}',
        "the answer is an error message: 500 Internal Server Error",
    ),
    "an error inside an object": (
        b'{"error": {"message": "No such page"}}',
        "the answer is an error message: No such page",
    ),
    "an error with control characters": (
        b'{"error": "\\u001b[31mred\\nalert\\u0000"}',
        "the answer is an error message: [31mred alert",
    ),
    "an endless error": (b'{"error": "%s"}' % (b"x" * 9_999), "the answer is an error message: " + "x" * 79 + "…"),
    "another vendor's JSON": (
        b'{"status": "ok", "active_incidents": []}',
        "the answer is JSON of a shape that was not expected (its keys: status, active_incidents)",
    ),
    "another vendor's page": (
        b'{"page": {"name": "x", "status": "UP"}}',
        "the answer is JSON of a shape that was not expected (its keys: page)",
    ),
    "another vendor's incidents": (
        b'{"incidents": [{"id": "a", "incidentUpdates": []}]}',
        "the answer is JSON of a shape that was not expected (its keys: incidents)",
    ),
    "another vendor's empty lists": (
        b'{"a": 1, "b": 2, "c": 3, "d": 4, "incidents": [], "e": 5}',
        "the answer is JSON of a shape that was not expected (its keys: a, b, c, d, incidents, …)",
    ),
    "compressed data": (b"\x1f\x8b\x08\x00\x00\x00", "the answer is compressed data"),
    "plain text": (b"All systems go", "the answer is neither a JSON object or list nor a feed"),
    "noise": (bytes(range(255, 0, -1)), "the answer is neither a JSON object or list nor a feed"),
}


@pytest.mark.parametrize(("body", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_an_answer_is_refused(body, sentence):
    with pytest.raises(ParseError) as refused:
        detect(body)

    assert str(refused.value) == sentence


#: Formats in which a page that has nothing to tell is an empty list, which no format recognises.
LISTS = ("aws", "google", "salesforce", "upptime")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_empty_list_is_a_quiet_page_where_the_format_is_known(name, encoding):
    assert read("[]".encode(encoding), format=name).incidents == ()
    with pytest.raises(ParseError):
        detect("[]".encode(encoding))


@pytest.mark.parametrize("name", FORMAT_NAMES)
@pytest.mark.parametrize(("body", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_named_format_refuses_it_with_the_same_sentence(name, body, sentence):
    if body == b"[]" and name in LISTS:
        return
    with pytest.raises(ParseError) as refused:
        read(body, format=name)

    assert str(refused.value) == sentence


OTHER_FORMAT = {
    "a feed where Statuspage's JSON was expected": (
        "statuspage",
        b"<rss></rss>",
        "a feed where another format was expected",
    ),
    "another feed where AWS's was expected": ("aws-rss", b"<rss></rss>", "a feed where another format was expected"),
    "Statuspage's JSON where a feed was expected": (
        "feed",
        b'{"page": %s, "incidents": []}' % PAGE,
        "Statuspage's JSON where another format was expected",
    ),
}


@pytest.mark.parametrize(("name", "body", "words"), OTHER_FORMAT.values(), ids=OTHER_FORMAT.keys())
def test_an_answer_in_another_format_than_the_named_one_is_refused(name, body, words):
    with pytest.raises(ParseError) as refused:
        read(body, format=name)

    assert str(refused.value) == f"the answer is {words}"


def test_the_content_type_tells_html_that_does_not_say_so_itself():
    with pytest.raises(ParseError) as refused:
        detect(b"<div>Hello</div>", "text/html; charset=utf-8")

    assert str(refused.value) == HTML


def test_the_content_type_of_a_feed_does_not_matter():
    assert detect(b"<rss></rss>", "text/html").name == "feed"


def test_a_format_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ParseError) as refused:
        read(b"{}", format="gopher")

    assert str(refused.value) == f"there is no format 'gopher'; the formats are {', '.join(FORMAT_NAMES)}"


def test_every_format_is_listed_under_its_name():
    assert FORMAT_NAMES == tuple(known.name for known in FORMATS.values()) == tuple(FORMATS)


def test_every_endpoint_is_a_path():
    paths = [
        path
        for known in FORMATS.values()
        for endpoints in known.endpoints
        for path in (endpoints.primary, *endpoints.details)
    ]

    assert paths
    assert all(path.startswith(("/", "https://")) for path in paths)
