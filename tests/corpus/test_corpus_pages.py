"""Recorded pages and answers of platforms that are not simulated, against counts that jq makes without our readers."""

from pathlib import Path

import jq
import pytest

from tests.corpus.series import CORPUS, needs_corpus
from tracker.parse import FORMATS, detect, read

pytestmark = needs_corpus

#: What lists the incidents of an answer, their updates, and the components.
PROGRAMS = {
    "pagerduty": (
        ".summary | (.open_incidents, .resolved_incidents)[]",
        ".summary | (.open_incidents, .resolved_incidents)[].updates[]",
        ".summary.post_status_page_services[]",
    ),
    "onlineornot": (".result.active_incidents[]", ".result.active_incidents[]", ".result.components[]"),
    "uptimerobot": ('.results[] | select(.eventType == "ann")', '.results[] | select(.eventType == "ann")', "empty"),
    "upptime": ("empty", "empty", ".[]"),
}
FILES = sorted(path for platform in PROGRAMS for path in (CORPUS / platform).glob("*"))
PAGES = sorted(CORPUS.glob("*/*_page.html"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name[:60]}"


def count(program: str, text: str) -> int:
    return len(jq.compile(program).input_text(text).all())


@pytest.mark.parametrize("path", FILES, ids=named)
def test_an_answer_holds_what_it_lists(path):
    incidents, updates, components = (count(each, path.read_text()) for each in PROGRAMS[path.parent.name])

    found = read(path.read_bytes())

    assert detect(path.read_bytes()).name == path.parent.name
    assert len(found.incidents) == incidents
    assert sum(len(incident.updates) for incident in found.incidents) == updates
    assert len(found.components) == components
    assert found.omissions == ()


def test_a_page_of_incident_io_says_what_its_own_answer_says():
    (page,), (answer,) = (
        list((CORPUS / "incidentio").glob(f"*aiven_{kind}")) for kind in ("page.html", "native_summary.json")
    )

    assert read(page.read_bytes(), url="https://status.aiven.io") == read(
        answer.read_bytes(), url="https://status.aiven.io"
    )


def test_a_page_of_instatus_holds_what_its_data_lists():
    (page,), (data,) = (
        list((CORPUS / "instatus").glob(f"*mastodonsocial_{kind}")) for kind in ("page.html", "page_data.json")
    )
    text = data.read_text()

    found = read(page.read_bytes(), url="https://status.mastodon.social")

    assert detect(page.read_bytes()).name == "instatus"
    assert len(found.incidents) == count(".activeIncidents[]", text)
    bodies = [update.body for incident in found.incidents for update in incident.updates]
    assert len(bodies) == count(".activeIncidents[].updates[]", text)
    assert all(bodies)
    assert len(found.components) == count(".site.components[]", text)


def test_a_page_of_checkly_holds_its_incident_and_its_services():
    (path,) = (CORPUS / "checkly").glob("*page_data*")

    found = read(path.read_bytes())

    assert [(len(incident.updates), incident.components) for incident in found.incidents] == [
        (1, ("Chat Completions API",))
    ]
    assert [component.group for component in found.components] == ["API"] * 3 + ["Services"] * 2


def test_a_page_of_okta_holds_its_incident():
    (path,) = (CORPUS / "okta").glob("*.html")

    (incident,) = read(path.read_bytes()).incidents

    assert (incident.name, incident.status, incident.regions) == (
        "Error 500 observed in OP1",
        "resolved",
        ("oktapreview.com:1",),
    )


def test_an_event_of_apple_is_read_inside_the_call_that_it_comes_in():
    (path,) = (CORPUS / "apple").glob("*.json")

    (incident,) = read(b'jsonCallback({"services":' + path.read_bytes() + b"});").incidents

    assert (incident.status, incident.components) == ("resolved", ("TestFlight",))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_a_recorded_page_is_taken_for_its_platform_alone(path):
    takers = [known.name for known in FORMATS.values() if known.recognises(path.read_bytes(), "text/html")]

    assert takers == [path.parent.name]
