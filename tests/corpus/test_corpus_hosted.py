"""Recorded answers of hosted platforms against what jq counts in them, and a series of one page poll by poll.

The recordings are not part of the project; without them these tests are skipped.
"""

import csv
import json
from datetime import UTC, datetime

import jq
import pytest

from tests.corpus.series import CORPUS, UNREAD, clocks_that_move_on, ends, needs_corpus, series
from tests.corpus.series import pairs as pairs_on_the_page
from tests.fakes import FakeClock
from tests.vendor import Watch
from tracker.model.event import EventKind
from tracker.model.page import Snapshot
from tracker.model.provider import FirstSight
from tracker.parse import detect, read

pytestmark = needs_corpus

SITE = "https://status.acme.example"
_INSTATUS = "[.activeIncidents, .activeMaintenances] | map(. // []) | add"
_WIDGET = "[.ongoing_incidents, .in_progress_maintenances, .scheduled_maintenances] | map(. // []) | add"
_REPORTS = '[.included[] | select(.type == "status_report")]'
_SUMMARY = "(.summary | .ongoing_incidents + .scheduled_maintenances)"
_NATIVE = ("incidentio", f"{_SUMMARY} | map(.id)", f"{_SUMMARY} | map(.updates[].id)")
#: Each component's id and name: those that have a place on the page, in a group or not, and those that have none.
_NAMED = ".summary | [(.structure.items[] | .component, .group.components[]?), .components[]] | map(select(.))"
_COMPATIBLE = "[.incidents, .scheduled_maintenances] | map(. // []) | add"
_STATUSPAGE = ("statuspage", f"{_COMPATIBLE} | map(.id)", f"{_COMPATIBLE} | map(.incident_updates[].id)")

#: By the end of a file's name: its format, and jq programs for the ids of its incidents and of their updates.
COUNTED = {
    "wistia_summary_up.json": ("instatus", f"{_INSTATUS} | map(.id)", "[]"),
    "perplexity_summary.json": ("instatus", f"{_INSTATUS} | map(.id)", f"{_INSTATUS} | map(.id)"),
    "components_synthetic.json": ("instatus", "[]", "[]"),
    "huggingface_index.json": (
        "betterstack",
        f"{_REPORTS} | map(.id)",
        f"{_REPORTS} | map(.relationships.status_updates.data[].id)",
    ),
    "mistral_incidents_medium.json": ("checkly", "[.incidents[].id]", "[.incidents[].incidentUpdates[].id]"),
    "manychat_summary_incident.json": ("instatus", f"{_INSTATUS} | map(.id)", f"{_INSTATUS} | map(.id)"),
    "aiven_native_summary.json": _NATIVE,
    "rollbar_native_summary.json": _NATIVE,
    "openai_proxy_incidents_excerpt3.json": ("incidentio", "[.incidents[].id]", "[.incidents[].updates[].id]"),
    "widget_synthetic.json": ("incidentio", f"{_WIDGET} | map(.id)", f"{_WIDGET} | map(.id)"),
    # The Statuspage-compatible answers of incident.io.
    "cohere_summary_major.json": _STATUSPAGE,
    "openai_summary_minor.json": _STATUSPAGE,
    "openai_incidents_excerpt7.json": _STATUSPAGE,
    "openai_summary_20260922T153453Z.json": _STATUSPAGE,
    "openai_summary_20260924T235932Z.json": _STATUSPAGE,
    "openai_summary_20260929T184255Z.json": _STATUSPAGE,
}
#: Feeds, which are counted with the others of their kind.
FEEDS = (".atom", ".rss")
#: These show an incident's newest state alone, so that an update is an incident's.
WITHOUT_UPDATE_IDS = {"instatus"}


def recorded() -> list[str]:
    """Return the files of the platforms that this module is about."""
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "INDEX.tsv").open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    files = [row["file"] for row in rows if row["platform"] in {"incidentio", "instatus", "betterstack", "checkly"}]
    # Pages and their data are counted in test_corpus_pages.
    return [file for file in files if not file.startswith(tuple(UNREAD)) and "_page" not in file]


def program(file: str) -> tuple[str, str, str]:
    return next(programs for ending, programs in COUNTED.items() if file.endswith(ending))


def ids(found: Snapshot) -> tuple[list[str], list[str]]:
    incidents = (*found.incidents, *found.maintenances)
    return [each.id for each in incidents], [update.id for each in incidents for update in each.updates]


def test_every_recorded_answer_is_counted_here_or_with_the_feeds():
    assert [file for file in recorded() if not file.endswith(FEEDS) and not any(map(file.endswith, COUNTED))] == []


@pytest.mark.parametrize("file", [file for file in recorded() if not file.endswith(FEEDS)])
def test_an_answer_holds_the_incidents_and_updates_that_jq_finds(file):
    body = (CORPUS / file).read_bytes()
    name, incidents, updates = program(file)
    expected = [jq.compile(each).input_text(body.decode()).first() for each in (incidents, updates)]

    found = ids(read(body, url=SITE))

    assert detect(body).name == name
    assert sorted(found[0]) == sorted(expected[0])
    if name in WITHOUT_UPDATE_IDS or file.endswith("widget_synthetic.json"):
        assert len(found[1]) == len(expected[1])
    else:
        assert sorted(found[1]) == sorted(expected[1])


@pytest.mark.parametrize("name", ["aiven", "rollbar"])
def test_a_page_of_incident_io_shows_the_components_that_jq_finds(name):
    body = (CORPUS / "incidentio" / f"inket-stts__{name}_native_summary.json").read_bytes()
    pairs = jq.compile(f"{_NAMED} | map([.component_id // .id, .name])").input_text(body.decode()).first()

    found = read(body)

    assert sorted((each.id, each.name) for each in found.components) == sorted({(key, name) for key, name in pairs})


def test_an_incident_of_incident_io_names_components_and_has_the_page_s_link():
    found = read((CORPUS / "incidentio" / "inket-stts__aiven_native_summary.json").read_bytes())

    (known,) = found.incidents
    assert known.components == ("Aiven",)
    assert known.link == f"https://status.aiven.io/incidents/{known.id}"


def test_components_of_the_recorded_better_stack_page_are_those_that_jq_finds():
    (file,) = [file for file in recorded() if file.startswith("betterstack/")]
    body = (CORPUS / file).read_bytes()
    resources = '[.included[] | select(.type == "status_page_resource") | [.id, .attributes.public_name]]'

    assert sorted([part.id, part.name] for part in read(body).components) == sorted(
        jq.compile(resources).input_text(body.decode()).first()
    )


@pytest.mark.parametrize("name", [name for name in series() if name.startswith("incidentio/")])
def test_a_recorded_series_reports_the_updates_that_are_new_each_once(name):
    files = series()[name]
    # After all that was recorded: a page's clock that is ahead proves nothing.
    watch = Watch(FakeClock(datetime(2027, 1, 1, tzinfo=UTC)), url=f"{SITE}/recorded", first_sight=FirstSight.SILENT)
    known: set[tuple[str, str]] = set()
    in_order = clocks_that_move_on(file.read_bytes() for file in files)

    # Each answer, then all of them again: what was reported is not reported again by an answer of before.
    for number, file in enumerate([*files, *files]):
        updates = {EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE}
        new = [
            (event.incident_id, event.update_id) for event in watch.reads(file.read_bytes()) if event.event in updates
        ]
        shown = pairs_on_the_page(file.read_bytes())
        if number < len(files):
            read = [body for body in in_order if body in {file.read_bytes() for file in files[: number + 1]}]
            shown |= ends(read, answers=2)
        assert sorted(new) == sorted(shown - known if number else ())
        known |= shown
    assert json.loads(files[-1].read_bytes())["page"]["name"] == watch.view.name
