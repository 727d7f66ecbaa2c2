import json

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
LISTS = ("aws", "google", "lambstatus", "salesforce", "upptime")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_empty_list_is_a_quiet_page_where_the_format_is_known(name, encoding):
    assert read("[]".encode(encoding), format=name).incidents == ()
    with pytest.raises(ParseError):
        detect("[]".encode(encoding))


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_a_named_format_refuses_it_with_the_same_sentence(name):
    for case, (body, sentence) in REFUSED.items():
        if body == b"[]" and name in LISTS:
            continue
        with pytest.raises(ParseError) as refused:
            read(body, format=name)

        assert (case, str(refused.value)) == (case, sentence)


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


def test_the_content_type_reports_html_that_does_not_say_so_itself():
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


def test_the_general_feed_reader_is_tried_last_and_incidentio_before_statuspage():
    assert FORMAT_NAMES[-1] == "feed"
    assert FORMAT_NAMES.index("incidentio") < FORMAT_NAMES.index("statuspage")
    assert FORMATS["incidentio"].endpoints[0].primary == "/proxy/{host}"


INSTATUS = {"name": "Acme", "url": "https://status.acme.example", "status": "HASISSUES"}
DATADOG = {"domainPrefix": "acme", "name": "Acme", "components": [], "incidents": None, "maintenances": None}
NOT_OF = [
    *(
        ("datadog", {key: value for key, value in DATADOG.items() if key != left_out})
        for left_out in DATADOG
        if left_out != "name"
    ),
    ("instatus", {"page": {"name": "Acme", "status": "UP"}}),
    ("instatus", {"page": {**INSTATUS, "status": "HAS_ISSUES"}, "activeIncidents": []}),
    ("instatus", {"page": {**INSTATUS, "status": "OPERATIONAL"}, "activeIncidents": []}),
    ("instatus", {"page": INSTATUS, "incidents": []}),
    ("instatus", {"components": [{"id": "c", "name": "API", "status": "operational"}]}),
    ("instatus", {"components": [{"id": "c", "name": "API", "status": ["OPERATIONAL"]}]}),
    ("instatus", {"components": []}),
    ("incidentio", {"incidents": []}),
    ("incidentio", {"page": {"id": "01P", "name": "Acme"}, "incidents": None, "status": {"indicator": "none"}}),
]


@pytest.mark.parametrize(("name", "answer"), NOT_OF, ids=map(str, NOT_OF))
def test_an_answer_that_lacks_a_mark_is_another_vendor_s(name, answer):
    assert not FORMATS[name].recognises(json.dumps(answer).encode(), None)


def test_azure_s_title_alone_does_not_make_a_feed_azure_s():
    channel = b"<channel><title>Azure Status</title></channel>"
    feed = b'<rss xmlns:%s="http://www.w3.org/2005/Atom" version="2.0">' + channel + b"</rss>"

    assert detect(feed % b"a10").name == "azure"
    assert detect(feed % b"atom").name == "feed"


@pytest.mark.parametrize("key", ["incidents", "components"])
def test_an_empty_list_is_read_where_the_format_is_known(key):
    name = {"incidents": "incidentio", "components": "instatus"}[key]

    assert getattr(read(json.dumps({key: []}).encode(), format=name), key) == ()


STATUSIO_ID = "5f0c0ffee0ddba11ca11ab1e"
KUMA = "https://status.acme.example"
SLUG = (f"{KUMA}/api/status-page/acme", f"{KUMA}/api/status-page/heartbeat/acme")
KUMA_LINK = '<link rel="manifest" href="/api/status-page/acme/manifest.json">'
LINKED = [
    *(
        ("statusio", html, "https://status.harborcloud.example/", (f"https://api.status.io/1.0/status/{STATUSIO_ID}",))
        for html in (
            f"<script>var pageId = '{STATUSIO_ID}';</script>",
            f'<link rel="alternate" href="/pages/{STATUSIO_ID}/rss">',
            f'<a href="/pages/incident/{STATUSIO_ID}/{"0" * 24}">x</a>',
            f'<script>fetch("https://api.status.io/1.0/status/{STATUSIO_ID}")</script>',
        )
    ),
    ("statusio", "<html>/pages/abc pageId = 'x'</html>", "https://x.example/", None),
    *(
        (
            "statuspal",
            "",
            f"https://harbor.statuspal.{domain}/",
            (f"https://statuspal.{domain}/api/v2/status_pages/harbor/summary",),
        )
        for domain in ("io", "eu")
    ),
    *(
        ("statuspal", "", url, None)
        for url in ("https://www.statuspal.io/", "https://statuspal.io.evil.example/", "https://[", "")
    ),
    *(
        ("checkly", "", f"https://acme.checkly-status-page.com{path}", ("/api/status-page/acme/unresolved-incidents",))
        for path in ("", "/some/path")
    ),
    *(
        ("checkly", "", url, None)
        for url in (
            "https://status.acme.example",
            "https://checkly-status-page.com",
            "https://a.b.checkly-status-page.com",
            "https://acme.checkly-status-page.com.evil.example",
            "https://[::1",
            "",
        )
    ),
    ("uptimekuma", KUMA_LINK, f"{KUMA}/status/acme", SLUG),
    ("uptimekuma", KUMA_LINK.replace('"', ""), KUMA, SLUG),
    ("uptimekuma", "<script>window.preloadData = {};</script>", f"{KUMA}/status/acme/", SLUG),
    ("uptimekuma", "", f"{KUMA}/status/acme", None),
    ("uptimekuma", "window.preloadData = {}", f"{KUMA}/other/acme", None),
    ("uptimekuma", KUMA_LINK.replace("acme", "a/b"), f"{KUMA}/", None),
    ("uptimekuma", KUMA_LINK, "https://[::1", None),
]


@pytest.mark.parametrize(("name", "html", "url", "addresses"), LINKED)
def test_a_page_names_where_its_answers_are_or_nothing(name, html, url, addresses):
    linked = FORMATS[name].linked(f"<html>{html}</html>".encode(), url)

    assert [(found.primary, *found.details) for found in linked] == ([] if addresses is None else [addresses])


@pytest.mark.parametrize("piece", ["href=", "href=/a", "/api/status-page/", "href=/api/status-page/" + "a" * 99, "/a"])
def test_a_page_that_is_made_to_be_searched_for_long_is_not(piece):
    assert FORMATS["uptimekuma"].linked(piece.encode() * 100_000, KUMA) == ()
