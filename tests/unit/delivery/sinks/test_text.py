"""Events as lines for people."""

import io
import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import event, streamed
from tests.goldens import FOLDER, check
from tests.strategies import hostile_texts, is_safe
from tracker.delivery.sinks.text import TextLines, render
from tracker.errors import SinkError
from tracker.model.event import Event, EventKind

AFTERNOON = datetime(2025, 11, 3, 14, 32, tzinfo=UTC)


def openai(**fields: object) -> Event:
    """Return an event of OpenAI's page."""
    plain: dict[str, object] = {
        "provider": "openai",
        "provider_name": "OpenAI",
        "product": "OpenAI - Chat Completions",
        "components": ("Chat Completions",),
        "incident_id": "abc123",
        "incident": "Elevated error rates",
        "impact": "minor",
        "status": "investigating",
        "message": "We are investigating elevated error rates.",
        "link": "https://status.openai.com/incidents/abc123",
        "published_at": AFTERNOON,
    }
    return event("openai/abc123/1", **plain | fields)


def test_events_read_as_was_reviewed() -> None:
    """The file has, for each case, what differs from the event above."""
    path, whole = FOLDER / "sinks" / "text.json", msgspec.to_builtins(openai())
    differences = {name: case["event"] for name, case in json.loads(path.read_text()).items()}

    rendered = {
        name: {"event": fields, "lines": render(msgspec.convert(whole | fields, Event)).split("\n")}
        for name, fields in differences.items()
    }

    check(path, rendered)


@given(
    st.builds(
        openai,
        event=st.sampled_from(EventKind),
        provider_name=hostile_texts,
        product=hostile_texts,
        components=st.lists(hostile_texts, max_size=8).map(tuple),
        incident=st.none() | hostile_texts,
        impact=st.none() | hostile_texts,
        status=hostile_texts,
        vendor_status=st.none() | hostile_texts,
        message=st.none() | hostile_texts,
        link=st.none() | hostile_texts,
    )
)
def test_no_text_of_a_vendor_can_forge_a_line_or_move_the_cursor(reported: Event) -> None:
    lines = render(reported).split("\n")

    names_no_incident = reported.event in ("component_status_change", "page_unreadable", "page_readable", "page_moved")
    expected = 2 + (not names_no_incident) + bool(reported.link)
    assert len(lines) == expected
    assert all(is_safe(character) for line in lines for character in line)
    assert lines[0].startswith("[2025-11-03 14:32:00] Product: ")
    assert all(line.startswith(("  Incident: ", "  Maintenance: ", "  Status: ", "  Link: ")) for line in lines[1:])


def test_a_megabyte_of_title_becomes_a_line_of_bounded_length() -> None:
    huge = "\x1b[31m" + "x" * 1_000_000

    reported = openai(incident=huge, message=huge, product=huge, status=huge, vendor_status=huge, link=huge)

    lines = render(reported).split("\n")

    assert len(lines) == 4
    assert max(map(len, lines)) < 1500


def test_events_are_written_one_after_the_other_and_flushed() -> None:
    console = io.TextIOWrapper(raw := io.BytesIO(), encoding="utf-8")

    TextLines(console).deliver([streamed("a", incident="Größe"), streamed("b", "2-0", incident="東京")])

    lines = raw.getvalue().decode().splitlines()
    assert [line for line in lines if "Incident" in line] == ["  Incident: Größe", "  Incident: 東京"]


def test_a_console_of_an_old_encoding_shows_what_it_can() -> None:
    console = io.TextIOWrapper(raw := io.BytesIO(), encoding="latin-1")

    TextLines(console).deliver([streamed("a", incident="Größe 東京…")])

    assert b"  Incident: Gr\xf6\xdfe \\u6771\\u4eac\\u2026\n" in raw.getvalue()


def test_a_console_that_is_gone_is_a_sink_error() -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    console.close()

    with pytest.raises(SinkError, match="cannot write to the console"):
        TextLines(console).deliver([streamed()])
