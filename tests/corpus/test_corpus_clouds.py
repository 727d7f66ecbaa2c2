"""Recorded answers of clouds and other vendors with a page of their own, against counts made without our readers.

The recordings are not part of the project; without them these tests are skipped.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jq
import pytest

from tests.vendor import Watch
from tracker.errors import ParseError
from tracker.model.event import Event, EventKind
from tracker.model.page import Snapshot
from tracker.model.provider import FirstSight
from tracker.parse import detect, read

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FOLDERS = ("aws", "azure", "microsoft", "gcp", "google-workspace", "slack", "heroku", "salesforce", "xai")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded answers are not here")

#: Beginning of a name -> format, and the jq programs that list ids of incidents, and [id, time] of updates.
JSON = {
    "aws/AlgoraLabs": ("aws", ".[].arn", ".[] | [.arn] + (.event_log[] | [.timestamp | todate])"),
    "gcp/": ("google", ".[].id", ".[] | [.id] + (.updates[] | [.when])"),
    "google-workspace/": ("google", ".[].id", ".[] | [.id, .modified]"),
    "slack/jtprogru": ("slack", ".[].id", ".[] | [.id] + (.notes[] | [.date_created])"),
    "slack/outages": ("slack", ".active_incidents[].id", ".active_incidents[] | [.id] + (.notes[] | [.date_created])"),
    "heroku/": (
        "heroku",
        "(.incidents + .scheduled)[].id",
        "(.incidents + .scheduled)[] | [.id] + (.updates[] | [.created_at])",
    ),
    "salesforce/": (
        "salesforce",
        "(.Incidents + .Maintenances)[].id",
        "(.Incidents + .Maintenances)[] | [.id] + ((.IncidentEvents // .MaintenanceEvents)[] | [.createdAt])",
    ),
}
#: Beginning of a name -> format, and how many updates an item holds: its elements, or a mark in its text.
FEEDS = {
    "aws/jtprogru": ("aws-rss", None),
    "azure/": ("azure", None),
    "microsoft/": ("azure", None),
    "xai/": ("xai", "<p><strong>"),
}
REFUSED = {
    "aws/outages-aws-outages": (
        # The page that answered so is gone since April 2023.
        "the answer is JSON of a shape that was not expected (its keys: archive, current)"
    ),
    # Google's incidents had no ids then, and one number stood for several.
    "gcp/outages-gcp-outages__gcp_incidents_2020_oldschema": (
        "the answer is a JSON list of a shape that was not expected"
    ),
}


def files() -> list[str]:
    found = [path for folder in FOLDERS for path in sorted((CORPUS / folder).glob("*"))]
    return [f"{path.parent.name}/{path.name}" for path in found]


def entry(table: dict[str, Any], file: str) -> Any:
    return next((table[start] for start in table if file.startswith(start)), None)


ALL = files()
UNREAD = [file for file in ALL if entry(REFUSED, file)]
OF_JSON = [file for file in ALL if entry(JSON, file) and file not in UNREAD]
OF_FEEDS = [file for file in ALL if entry(FEEDS, file)]


def body(file: str) -> bytes:
    return (CORPUS / file).read_bytes()


def text(file: str) -> str:
    raw = body(file)
    return raw.decode("utf-16" if raw.startswith(b"\xfe\xff") else "utf-8")


def moments(found: Snapshot) -> set[tuple[str, str]]:
    return {
        (incident.id, f"{update.created_at:%Y-%m-%dT%H:%M:%SZ}")
        for incident in (*found.incidents, *found.maintenances)
        for update in incident.updates
    }


def counts(found: Snapshot) -> tuple[int, int]:
    incidents = (*found.incidents, *found.maintenances)
    return len(incidents), sum(len(incident.updates) for incident in incidents)


def utc(stamp: str) -> str:
    """Return a vendor's time in UTC and whole seconds."""
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_every_recorded_answer_is_counted_or_refused_for_a_reason():
    assert sorted([*OF_JSON, *OF_FEEDS, *UNREAD]) == sorted(ALL)


@pytest.mark.parametrize("file", OF_JSON)
def test_json_holds_the_incidents_and_updates_that_it_lists(file):
    name, incidents, updates = entry(JSON, file)
    found = read(body(file))

    listed = jq.compile(incidents).input_text(text(file)).all()
    posted = jq.compile(updates).input_text(text(file)).all()

    assert detect(body(file)).name == name
    assert {incident.id for incident in (*found.incidents, *found.maintenances)} == {str(each) for each in listed}
    assert counts(found) == (len(listed), len(posted))
    assert moments(found) == {(str(each), utc(stamp)) for each, stamp in posted}


@pytest.mark.parametrize("file", OF_FEEDS)
def test_a_feed_holds_the_updates_that_it_lists(file):
    name, mark = entry(FEEDS, file)
    items = ET.fromstring(body(file)).findall("./channel/item")

    found = read(body(file))

    assert detect(body(file)).name == name
    guids = [each.findtext("guid") for each in items]
    # xAI shows an incident once for each component, with the same updates.
    texts = {(guid, each.findtext("description")) for guid, each in zip(guids, items, strict=True)}
    assert counts(found)[1] == (sum(text.count(mark) for _, text in texts) if mark else len(items))
    if name != "aws-rss":
        assert [incident.id for incident in found.incidents] == list(dict.fromkeys(guids))


def test_an_incident_of_xai_names_the_components_of_all_its_items():
    (file,) = (file for file in OF_FEEDS if file.startswith("xai/bentleypark"))
    items = ET.fromstring(body(file)).findall("./channel/item")
    labels: dict[str, list[str]] = {}
    for each in items:
        labels.setdefault(each.findtext("guid"), []).append(each.findtext("title").partition("] ")[0].removeprefix("["))

    found = read(body(file))

    assert {incident.id: list(incident.components) for incident in found.incidents} == labels
    assert {incident.status for incident in found.incidents} == {"resolved"}


def test_the_feed_of_aws_has_the_updates_of_the_json_under_the_same_ids():
    (json_file,) = (file for file in OF_JSON if file.startswith("aws/"))
    (feed_file,) = (file for file in OF_FEEDS if file.startswith("aws/"))
    events = read(body(json_file)).incidents
    places = {incident.id: incident for incident in read(body(feed_file)).incidents}

    in_json = {(update.id, update.status) for incident in events for update in incident.updates}
    in_feed = {
        (update.id, update.status)
        for place, incident in places.items()
        if place.startswith("multipleservices-me-")
        for update in incident.updates
    }

    # The feed shows 50 items, the JSON all of an event's log; 30 items are of these events.
    assert len(in_feed) == 30
    assert in_feed <= in_json
    assert {incident.status for incident in places.values()} == {"resolved", "service disruption"}


@pytest.mark.parametrize("file", UNREAD)
def test_an_answer_that_is_not_read_is_refused(file):
    with pytest.raises(ParseError) as refused:
        detect(body(file))

    assert str(refused.value) == entry(REFUSED, file)


def replayed() -> Watch:
    """Return a page whose answers are replayed, and somebody who polls it."""
    return Watch(url="https://status.example/saved", first_sight=FirstSight.SILENT)


def updates_of(events: list[Event]) -> list[Event]:
    kinds = (EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE, EventKind.MAINTENANCE_UPDATE)
    return [event for event in events if event.event in kinds]


def series(start: str) -> list[str]:
    return [file for file in ALL if file.startswith(start)]


def reversed_lists(document: Any) -> bytes:
    """Return a document with its incidents in the opposite order."""
    if isinstance(document, list):
        return json.dumps(document[::-1]).encode()
    return json.dumps({**document, "active_incidents": document["active_incidents"][::-1]}).encode()


def new_notes(document: Any, seen: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield (incident, time) of notes whose words were not there before, and remember them."""
    for incident in document["active_incidents"]:
        for note in incident["notes"][::-1]:
            words = "".join(letter for letter in note["body"].lower() if letter.isalnum())
            if (incident["id"], words) not in seen:
                seen.add((incident["id"], words))
                yield str(incident["id"]), utc(note["date_created"])


def test_of_slack_every_new_note_is_reported_once():
    replay, seen, edited, titles, total = replayed(), set(), [], [], 0
    steps = series("slack/outages-slack-outages__slack_current_20221013")
    for number, file in enumerate(steps):
        expected = list(new_notes(json.loads(body(file)), seen))
        events = replay.reads(body(file))

        posted = [event for event in updates_of(events) if event.published_at]
        titles += [(number, event.incident) for event in updates_of(events) if event not in posted]
        reported = [(event.incident_id, f"{event.published_at:%Y-%m-%dT%H:%M:%SZ}") for event in posted]
        assert reported == ([] if number == 0 else expected), file
        edited += [event for event in events if event.event is EventKind.UPDATE_EDITED]
        total += len(reported)
        again = replay.reads(reversed_lists(json.loads(body(file))))
        # Here only `current` is asked, which drops a resolved incident; it is over when two answers lack it.
        assert [event.message for event in again] == (["No longer listed on the page."] if file == steps[14] else [])

    assert len(steps) == 16
    assert (total, len(edited)) == (11, 1)
    # Twice the title changed without a note; with one it changed four times.
    (incident,) = json.loads(body(steps[4]))["active_incidents"]
    assert [number for number, _ in titles] == [3, 4]
    assert titles[-1][1] == incident["title"]
    # An older answer, from a cache, tells nothing either.
    assert updates_of(replay.reads(body(steps[3]))) == []


def test_of_google_every_new_update_is_reported_once():
    replay, seen, total = replayed(), set(), 0
    steps = series("gcp/outages-gcp-outages__gcp_incidents_20250612")
    for number, file in enumerate(steps):
        listed = {
            (each, utc(stamp))
            for each, stamp in jq.compile(".[] | [.id] + (.updates[] | [.when])").input_text(text(file)).all()
        }
        expected = set() if number == 0 else listed - seen
        seen |= listed
        events = updates_of(replay.reads(body(file)))

        reported = [(event.incident_id, f"{event.published_at:%Y-%m-%dT%H:%M:%SZ}") for event in events]
        assert sorted(reported) == sorted(expected), file
        places = jq.compile(".[] | [.id] + (.updates[] | [.when, [.affected_locations[].id]])").input_text(text(file))
        named = {(each, utc(stamp)): tuple(ids) for each, stamp, ids in places.all() if ids}
        assert all(event.regions == named.get(key, event.regions) for event, key in zip(events, reported, strict=True))
        total += len(reported)
        assert updates_of(replay.reads(reversed_lists(json.loads(body(file))))) == []

    assert (len(steps), total) == (7, 12)
    assert updates_of(replay.reads(body(steps[2]))) == []


def test_of_azure_a_text_that_was_edited_is_an_update_and_a_new_build_is_none():
    replay = replayed()
    first, second = sorted(series("azure/AlgoraLabs-AI-AI-Cloud-Status__azure_status_feed_westus"), key=len)[::-1]

    assert updates_of(replay.reads(body(first))) == []
    (reported,) = updates_of(replay.reads(body(second)))
    rebuilt = body(second).replace(b"18:12:58 Z", b"18:13:58 Z").replace(b"prodwus.", b"prodeus.")

    assert reported.message is not None
    assert reported.message.startswith("Starting at approximately 14:44 UTC")
    assert updates_of(replay.reads(rebuilt)) == []
    assert updates_of(replay.reads(body(first))) == []
