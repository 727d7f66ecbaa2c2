from datetime import UTC, datetime

import pytest

from tests.goldens import table
from tracker.errors import ParseError
from tracker.parse import _fields as fields

DECODED = {
    "an object": (b'{"a": 1}', {"a": 1}),
    "a byte order mark": (b'\xef\xbb\xbf{"a": "\xc3\xa9"}', {"a": "é"}),
    "UTF-16 with a mark": ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
    "UTF-16 without a mark": ('{"a": "é"}'.encode("utf-16-be"), {"a": "é"}),
    "NULs around it": (b'\0{"a": 1}\0\0\n', {"a": 1}),
    "a NUL in a string": (b'{"a": "b\0c"}', {"a": "bc"}),
    "a raw line break in a string": (b'{"a": "b\nc"}', {"a": "b\nc"}),
    "bytes that are no UTF-8": (b'{"a": "\xff"}', {"a": "\ufffd"}),
    "a lone surrogate": (b'{"a": "\\ud800"}', {"a": "\ud800"}),
    "an endless integer": (b'{"a": ' + b"9" * 10_000 + b"}", {"a": "9" * 10_000}),
    "an endless float": (b'{"a": 1e999}', {"a": float("inf")}),
    "not a number": (b'{"a": NaN}', {"a": None}),
    "a key given twice": (b'{"a": 1, "a": 2}', {"a": 2}),
}


@pytest.mark.parametrize(("body", "expected"), DECODED.values(), ids=DECODED.keys())
def test_json_is_decoded(body, expected):
    assert fields.decode_json(body) == expected


BROKEN = {
    "nothing": b"",
    "a cut object": b'{"a": ',
    "two objects": b"{}{}",
    "HTML": b"<html></html>",
    "binary": bytes(range(256)),
    "a deep list": b"[" * 100_000,
    "a deep object": b'{"a":' * 100_000,
    "a deep list in UTF-16": ("[" * 100_000).encode("utf-16"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_broken_json_is_refused(body):
    with pytest.raises(ParseError):
        fields.decode_json(body)


READERS = {
    "identifier": lambda value: fields.identifier(value, "a thing"),
    "name": fields.name,
    "body_text": fields.body_text,
    "link": fields.link,
    "moment": lambda value: (found := fields.moment(value)) and found.isoformat(),
}
FIELDS = table("fields")


@pytest.mark.parametrize(("reader", "value", "expected"), FIELDS.values(), ids=FIELDS)
def test_a_field_is_read_as_what_it_is_or_as_nothing(reader, value, expected):
    assert READERS[reader](value) == expected


@pytest.mark.parametrize("value", [None, "", " \n", "\x00", True, False, 1.5, [], {}, ["a"]], ids=repr)
def test_what_is_no_identifier_is_refused(value):
    with pytest.raises(ParseError, match="holds a thing with"):
        fields.identifier(value, "a thing")


def test_ids_that_differ_behind_the_cap_differ():
    assert fields.identifier("x" * 999 + "a", "a thing") != fields.identifier("x" * 999 + "b", "a thing")


def test_a_time_without_a_zone_is_one_only_where_the_zone_is_known():
    assert fields.moment("2026-03-04 09:00:00") is None
    assert fields.moment("2026-03-04 09:00:00", UTC) == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert fields.moment("2026-03-04T09:00:00+01:00", UTC) == datetime(2026, 3, 4, 8, tzinfo=UTC)


MEANINGS = {"down": "a", 1: "b", "partial_outage": "c", "majoroutage": "d"}
WORDS = [
    ("down", "a"), (" Down ", "a"), (1, "b"), ("1", "b"), ("Partial Outage", "c"), ("PARTIAL-OUTAGE", "c"),
    ("partialOutage", "c"), ("partial  outage", "c"), ("Major Outage", "d"), ("major_outage", "d"),
    (True, None), ([], None), ({}, None), ("", None), ("9" * 5_000, None), ("\u0661", None), (None, None), (1.5, None),
]  # fmt: skip


@pytest.mark.parametrize(("word", "meaning"), WORDS)
def test_a_word_or_a_number_has_its_meaning_and_nothing_else_has_any(word, meaning):
    assert fields.known(MEANINGS, word) == meaning


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://a.example:8/b?c", "https://a.example:8"),
        ("HTTP://a.example/b", "http://a.example"),
        ("ftp://a.example", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_site_is_scheme_and_host_of_a_web_address(url, site):
    assert fields.site(url) == site
