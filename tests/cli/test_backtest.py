"""`tracker backtest` against a simulated page, and filters in the other commands."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.calling import ENTRY, run
from tracker.cli.options import read_providers
from tracker.cli.shown_past import shown_by
from tracker.delivery.event_stream import StreamedEvent
from tracker.delivery.sinks.jsonlines import RECORD_NAME, record_line
from tracker.detection.past import past_events
from tracker.errors import ConfigError, PollError
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

NOW = datetime.now(UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def providers(tmp_path: Path) -> Iterator[Path]:
    """A list of a page with a past, and of one that is gone."""
    page = Page("Acme", id="acme", now=days_ago(200))
    slow = page.open_incident(
        "Slow \x1b[31mAPI", impact="major", components={"API": "partial_outage"}, now=days_ago(33.5)
    )
    page.resolve(slow, now=days_ago(33.4))
    glitch = page.open_incident("Glitch", components={"Dashboard": "degraded_performance"}, now=days_ago(3))
    page.resolve(glitch, now=days_ago(2.9))
    with SimulatedVendor([page]) as vendor:
        file = tmp_path / "providers.toml"
        acme = ENTRY.format("Acme", vendor.url("acme")) + 'min_impact = "major"\n'
        file.write_text(acme + ENTRY.format("Gone", "http://127.0.0.1:9/gone"))
        yield file


def test_it_counts_what_the_filters_of_the_file_report_and_names_what_they_leave_out(providers: Path) -> None:
    result = run("backtest", "acme", "--providers", providers)

    assert result.exit_code == 0, result.output
    assert "with min_impact = major" in result.output
    assert "would have reported: 1 new_incident, 1 incident_update, 0 maintenance_update" in result.output
    assert "the page shows 34 of the 90 days" in result.output
    row = next(line for line in result.output.splitlines() if "Glitch" in line)
    assert row.split()[1:] == ["Glitch", "minor", "2", "min_impact", "Dashboard"]


def test_options_replace_the_filters_of_the_file(providers: Path) -> None:
    options = ("--components", "!Dash*", "--components", "!API", "--min-impact", "none", "--days", 30)

    result = run("backtest", "acme", "--providers", providers, *options, "--format", "json")

    report = json.loads(result.output)
    assert (report["provider"], report["new_incidents"], report["days"], report["days_shown"]) == ("acme", 0, 30, 30)
    assert [(each["incident"], each["filters"]) for each in report["left_out"]] == [("Glitch", ["components"])]
    assert (report["filters"]["components"], report["filters"]["min_impact"]) == (["!Dash*", "!API"], "none")
    assert report["unmatched"] == []


def test_what_a_page_writes_does_not_reach_the_terminal_as_it_is(providers: Path) -> None:
    result = run("backtest", "acme", "--providers", providers, "--components", "Chatt*", "--min-impact", "none")

    assert "Slow [31mAPI" in result.output
    assert "\x1b" not in result.output
    assert "filter components: no component of the page matches 'Chatt*'; it has API, Dashboard" in result.output


def test_a_page_that_cannot_be_read_ends_with_one_sentence_and_status_1(providers: Path) -> None:
    result = run("backtest", "gone", "--providers", providers)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("tracker: Gone cannot be read: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("amce",), "there is no provider amce; did you mean acme?"),
        (("acme", "--min-impact", "huge"), 'provider "acme": min_impact is "huge"; known are none'),
        (("acme", "--events", "!outage"), 'events has an item that is "outage"'),
    ],
)
def test_wrong_usage_is_refused_before_a_page_is_asked(
    providers: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = run("backtest", *arguments, "--providers", providers)

    assert isinstance(result.exception, ConfigError)
    assert sentence in str(result.exception)


def test_days_below_one_are_refused(providers: Path) -> None:
    assert run("backtest", "acme", "--days", 0, "--providers", providers).exit_code == 2


def test_once_notes_a_filter_that_matches_nothing(providers: Path) -> None:
    providers.write_text(providers.read_text().replace('min_impact = "major"', 'components = ["Chatt*"]'))

    text = run("once", "acme", "--providers", providers)
    document = run("once", "acme", "--providers", providers, "--format", "json")

    assert "filter components: no component of the page matches 'Chatt*'; it has" in text.output
    (sentence,) = json.loads(document.output)[0]["unmatched"]
    assert sentence.startswith("components: no component")


def test_routes_are_tried_on_the_record_and_before_it_on_what_pages_show(providers: Path, tmp_path: Path) -> None:
    """The newest incident is on record, which begins with it; the older one is on the page alone."""
    routes = """[[channel]]
name = "chat"
type = "webhook"
url = "https://hooks.example/chat"
[[route]]
to = ["chat"]
"""
    text = providers.read_text().replace('min_impact = "major"\n', "")
    providers.write_text(text + routes)
    asked = json.loads(run("alerts", "backtest", "--config", providers, "--format", "json").stdout)
    titles = {each["alert"]: each["title"] for each in asked}
    (shown,) = (shown for provider, shown in shown_by(read_providers(providers)) if provider.id == "acme")
    assert not isinstance(shown, PollError)
    events = past_events(read_providers(providers)[0], shown[0], NOW)
    (tmp_path / "data").mkdir()
    record = tmp_path / "data" / RECORD_NAME
    lines = [
        StreamedEvent(stream_id=f"{n}-0", event=event) for n, event in enumerate(events, 1) if "Glitch" in str(event)
    ]
    record.write_text("".join(f"{record_line(line)}\n" for line in lines))

    options = ("--config", providers, "--data-dir", record.parent)
    joined = run("alerts", "backtest", *options, "--format", "json")
    alone = json.loads(run("alerts", "backtest", *options, "--format", "json", "--record-only").stdout)
    table = run("alerts", "backtest", *options, "--days", 30).stdout

    assert "Gone cannot be read, its past is left out" in joined.stderr
    found = [(each["title"], each["act"], each["source"]) for each in json.loads(joined.stdout)]
    assert [source for *_, source in found] == ["page", "page", "record", "record"]
    assert [act for _, act, _ in found] == ["open", "close"] * 2
    assert [each["source"] for each in alone] == ["record", "record"]
    assert len(titles) == 2
    assert "Slow" not in table
    assert "1 alert opened, 2 messages in all" in table
