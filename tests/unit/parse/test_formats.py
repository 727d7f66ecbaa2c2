import json

import pytest

from tests.goldens import table
from tracker.errors import ParseError
from tracker.parse import FORMAT_NAMES, FORMATS, detect, read

PAGE = b'{"id": "p", "name": "Harbor Cloud", "url": "https://status.harborcloud.example"}'

RECOGNISED = table("recognised_answers")


@pytest.mark.parametrize(("text", "name"), RECOGNISED.values(), ids=RECOGNISED.keys())
def test_an_answer_is_recognised(text, name):
    assert detect(text.encode()).name == name


HTML = "the answer is an HTML page, not a status page in a format that can be read"
REFUSED = {
    **{case: (text.encode(), sentence) for case, (text, sentence) in table("refused_answers").items()},
    "JSON nested without end": (b"[" * 99_999, "the answer is JSON nested too deeply"),
    "an endless error": (b'{"error": "%s"}' % (b"x" * 9_999), "the answer is an error message: " + "x" * 79 + "…"),
    "compressed data": (b"\x1f\x8b\x08\x00\x00\x00", "the answer is compressed data"),
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


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("statuspage", b"<rss></rss>", "a feed"),
        ("aws-rss", b"<rss></rss>", "a feed"),
        ("feed", b'{"page": %s, "incidents": []}' % PAGE, "Statuspage's JSON"),
    ],
)
def test_an_answer_in_another_format_than_the_named_one_is_refused(name, body, words):
    with pytest.raises(ParseError) as refused:
        read(body, format=name)

    assert str(refused.value) == f"the answer is {words} where another format was expected"


def test_the_content_type_reports_html_that_does_not_say_so_itself_and_does_not_matter_for_a_feed():
    with pytest.raises(ParseError) as refused:
        detect(b"<div>Hello</div>", "text/html; charset=utf-8")

    assert str(refused.value) == HTML
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


@pytest.mark.parametrize(("name", "answer"), table("answers_without_a_mark"), ids=str)
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


KUMA = "https://status.acme.example"


@pytest.mark.parametrize(("name", "html", "url", "addresses"), table("linked_pages"))
def test_a_page_names_where_its_answers_are_or_nothing(name, html, url, addresses):
    linked = FORMATS[name].linked(f"<html>{html}</html>".encode(), url)

    assert [[found.primary, *found.details] for found in linked] == ([] if addresses is None else [addresses])


@pytest.mark.parametrize("piece", ["href=", "href=/a", "/api/status-page/", "href=/api/status-page/" + "a" * 99, "/a"])
def test_a_page_that_is_made_to_be_searched_for_long_is_not(piece):
    assert FORMATS["uptimekuma"].linked(piece.encode() * 100_000, KUMA) == ()
