"""What holds for every answer, however broken: a snapshot that can be stored, or ParseError."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.goldens import answers
from tracker.errors import ParseError
from tracker.model.page import Incident, Snapshot
from tracker.parse import FORMAT_NAMES, read
from tracker.parse.text import plain_text

BODIES = answers()
ANSWERS = [
    json.loads(path.read_bytes())
    for path in BODIES
    if path.suffix == ".json" and path.parent.name != "refused" and path.stem != "damaged-encoding"
]
FEEDS = [path.read_text() for path in BODIES if path.suffix in (".atom", ".rss")]
#: What a vendor may send in the place of anything.
ODDITIES = [None, True, -1, 10**30, 1.5, "", " ", "\x00", "\ud800", "<b>", "9999-12-31T23:59:59-23:00", [], [None], {}]
MARKUP = [
    *["<", ">", "&", "&lt;", "&#9;", "<![CDATA[", "]]>", "<small>", "</p>", "<!--", "-->", "é", "{"],
    "\x00",
    "\ufeff",
]

long_run = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def outcome(body: bytes, format: str) -> Snapshot | str:
    try:
        return read(body, format=format, url="https://status.harborcloud.example/")
    except ParseError as error:
        return str(error)


def check(body: bytes, format: str = "auto") -> None:
    """Read a body; whatever comes of it must keep the promises that the rest of the product builds on."""
    snapshot = outcome(body, format)
    if isinstance(snapshot, str):
        assert snapshot.isprintable()
        return
    assert msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot) == snapshot
    incident_ids = [incident.id for incident in (*snapshot.incidents, *snapshot.maintenances)]
    assert len(incident_ids) == len(set(incident_ids))
    for incident in (*snapshot.incidents, *snapshot.maintenances):
        check_incident(incident)


def check_incident(incident: Incident) -> None:
    update_ids = [update.id for update in incident.updates]
    assert len(update_ids) == len(set(update_ids))
    assert all((incident.id, incident.name, incident.status, *update_ids))
    assert all(update.status for update in incident.updates)
    assert len(incident.name) <= 300
    assert "\n" not in incident.name
    assert all(len(update.body) <= 16_000 for update in incident.updates)
    assert all(update.created_at is None or update.created_at.utcoffset() is not None for update in incident.updates)


@long_run
@given(st.binary(max_size=300))
def test_any_bytes(body):
    check(body)


@long_run
@given(st.sampled_from(["{", "[", "<rss>", "<feed>", '<?xml version="1.0"?>', "<rdf:RDF>"]), st.text(max_size=300))
def test_any_text_behind_a_promising_start(start, text):
    check((start + text).encode(errors="surrogatepass"))


@long_run
@given(st.sampled_from(FORMAT_NAMES), st.binary(max_size=100))
def test_any_bytes_for_a_format_that_was_named(name, body):
    check(body, name)


@st.composite
def damaged(draw: DrawFn) -> bytes:
    """Return a golden body with a few bytes cut, put in, changed or moved."""
    body = bytearray(draw(st.sampled_from(BODIES)).read_bytes())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.sampled_from([0, 1, 2, 7, 100, 100_000])))
        body[start:end] = draw(st.binary(max_size=4) | st.sampled_from(MARKUP).map(lambda mark: mark.encode()))
    return bytes(body)


@long_run
@given(damaged())
def test_any_damage_to_a_good_answer(body):
    check(body)


def replaced(value: Any, path: list[int], odd: object) -> Any:
    """Return the value with what lies at the path replaced; the path picks one member at each level."""
    if not path or not value or not isinstance(value, dict | list):
        return odd
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    copy = value.copy()
    copy[key] = replaced(value[key], path[1:], odd)
    return copy


PATHS: SearchStrategy[list[int]] = st.lists(st.integers(0, 40), max_size=6)


@long_run
@given(st.sampled_from(ANSWERS), st.lists(st.tuples(PATHS, st.sampled_from(ODDITIES)), min_size=1, max_size=3))
def test_any_oddity_in_the_place_of_any_field(answer, changes):
    for path, odd in changes:
        answer = replaced(answer, path, odd)

    check(json.dumps(answer).encode())


@long_run
@given(st.sampled_from(FEEDS), st.data())
def test_any_markup_in_the_content_of_a_feed(feed, data):
    for _ in range(3):
        start = data.draw(st.integers(0, len(feed)))
        feed = feed[:start] + data.draw(st.sampled_from(MARKUP) | st.text(max_size=5)) + feed[start:]

    check(feed.encode(errors="surrogatepass"))


PIECES = [
    *["<p>", "</p>", "<br>", "<li>", "<script>", "</script>", "<!--", "&amp;", "&#", "x", "<"],
    "<b ",
    "\r\n",
    "\n",
    " ",
    "\u00a0",
]


@long_run
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join))
def test_plain_text_is_tidy(text):
    plain = plain_text(text)

    assert plain == plain.strip()
    assert "\r" not in plain
    assert "  " not in plain
    assert "\n\n\n" not in plain
    assert "\x00" not in plain
    assert plain.encode().decode() == plain


@long_run
@given(st.lists(st.sampled_from(["word", " ", "\n", "< ", "<5", ">", "&", "."]), max_size=30).map("".join))
def test_prose_stays_as_it_is_once_it_is_tidy(text):
    plain = plain_text(text)

    assert plain_text(plain) == plain


@pytest.mark.parametrize("path", BODIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_golden_body_keeps_the_promises(path):
    check(path.read_bytes())
