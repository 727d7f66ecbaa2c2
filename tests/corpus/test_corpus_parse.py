"""Real recorded answers against counts that were made without this product's readers.

The recordings are not part of the project; without them these tests are skipped.
"""

import csv
import html
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.corpus.series import UNREAD
from tracker.errors import ParseError
from tracker.model.page import Snapshot
from tracker.parse import FORMATS, read

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded answers are not here")

PLATFORMS = {"statuspage": "statuspage", "incidentio": None, "statuspage-feed": "feed"}
#: Platforms that `test_corpus_clouds.py` counts.
CLOUDS = frozenset({"aws", "azure", "microsoft", "gcp", "google-workspace", "slack", "heroku", "salesforce", "xai"})
REFUSED = {
    "statuspage/outages-github-outages__empty_body_20220718.json": "the answer is empty",
    "statuspage/outages-netlify-outages__error_500_body_20210207.json": (
        "the answer is an error message: 500 Internal Server Error"
    ),
}


def index() -> list[dict[str, str]]:
    if not CORPUS.is_dir():
        return []
    with (CORPUS / "INDEX.tsv").open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


#: Platforms whose answers are counted by modules of their own.
ELSEWHERE = {*CLOUDS, "instatus", "betterstack", "checkly", "statusio", "vultr", "yandex", "cachet", "site24x7"}
#: incident.io's own answers among those in Statuspage's shape: `test_corpus_hosted.py` counts them.
NATIVE = {
    "incidentio/alexnodeland-StatusBar__widget_synthetic.json",
    "incidentio/inket-stts__aiven_native_summary.json",
    "incidentio/inket-stts__rollbar_native_summary.json",
    "incidentio/unknown-71260257395__openai_proxy_incidents_excerpt3.json",
}
FILES = [
    row["file"]
    for row in index()
    if row["file"] not in NATIVE
    and not row["file"].endswith(".html")
    and (row["platform"] in PLATFORMS or (row["file"].endswith((".rss", ".atom")) and row["platform"] not in ELSEWHERE))
]
READABLE = [file for file in FILES if file not in REFUSED]


@cache
def snapshot(file: str) -> Snapshot:
    return read((CORPUS / file).read_bytes(), url="https://status.example/")


def pairs(found: Snapshot) -> set[tuple[str, str]]:
    return {
        (incident.id, update.id) for incident in (*found.incidents, *found.maintenances) for update in incident.updates
    }


def counts(found: Snapshot) -> tuple[int, int]:
    incidents = (*found.incidents, *found.maintenances)
    return len(incidents), sum(len(incident.updates) for incident in incidents)


def listed(file: str) -> list[dict[str, object]]:
    """Return the incidents and maintenances of a JSON answer, as they are."""
    answer = json.loads((CORPUS / file).read_bytes())
    if "incident_updates" in answer:
        return [answer]
    return [*(answer.get("incidents") or []), *(answer.get("scheduled_maintenances") or [])]


def entries(file: str) -> list[tuple[str, str]]:
    """Return identity and HTML of every entry of a feed."""
    atom, encoded = "{http://www.w3.org/2005/Atom}", "{http://purl.org/rss/1.0/modules/content/}encoded"
    root = ET.fromstring((CORPUS / file).read_bytes())
    found = []
    for entry in (*root.iter(f"{atom}entry"), *root.iter("item")):
        link = entry.find(f"{atom}link")
        address = link.get("href") if link is not None else entry.findtext("link")
        content = next(
            (
                entry.findtext(tag)
                for tag in (f"{atom}content", f"{atom}summary", encoded, "description")
                if entry.findtext(tag)
            ),
            "",
        )
        identity = urlsplit(address or "").path.rpartition("/")[2] or entry.findtext("guid")
        found.append((identity, content))
    return found


#: PayPal's updates stand under words in bold.
HEADED = r"<strong>[^<]+: *</strong>"
POST = re.compile(r"<small>(.*?)</small>\s*<br>\s*<strong>.*?</strong>(.*?)(?=<p>\s*<small>|\Z)", re.DOTALL)


def posts(file: str) -> list[tuple[str, str, str]]:
    """Return (incident, time, text) of every update in a Statuspage feed, cut by another rule than the product's."""
    return [
        (identity, words(time), words(text))
        for identity, content in entries(file)
        for time, text in POST.findall(content)
    ]


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


@pytest.mark.parametrize("file", [file for file in READABLE if file.endswith(".json")])
def test_a_json_answer_holds_as_many_incidents_and_updates_as_it_lists(file):
    expected = listed(file)

    assert counts(snapshot(file)) == (len(expected), sum(len(each["incident_updates"]) for each in expected))


@pytest.mark.parametrize("file", [file for file in READABLE if not file.endswith(".json")])
def test_a_feed_holds_as_many_incidents_and_updates_as_it_lists(file):
    expected = entries(file)

    marks = HEADED if file.startswith("paypal/") else r"<small>"
    updates = sum(max(1, len(re.findall(marks, content))) for _, content in expected)

    assert counts(snapshot(file)) == (len(expected), updates)


def test_of_paypal_states_histories_and_maintenances_are_distinguished():
    (file,) = (file for file in READABLE if file.startswith("paypal/"))
    titles = [item.findtext("title") or "" for item in ET.fromstring((CORPUS / file).read_bytes()).iter("item")]
    found = snapshot(file)

    assert {each.name for each in (*found.incidents, *found.maintenances)} == {
        title.partition(": ")[2] for title in titles
    }
    assert {each.name.partition(" (")[0] for each in found.maintenances} == {
        title.partition(": ")[2].partition(" (")[0] for title in titles if " Maintenance (" in title
    }
    assert [(each.status, [update.status for update in each.updates]) for each in found.incidents] == [
        ("resolved", ["investigating", "resolved"])
    ]


def test_of_statusiq_items_are_components():
    (file,) = (row["file"] for row in index() if row["platform"] == "site24x7")
    root = ET.fromstring((CORPUS / file).read_bytes())
    found = snapshot(file)

    assert (found.incidents, found.maintenances, found.omissions) == ((), (), ())
    assert [(part.name, part.status) for part in found.components] == [
        ((item.findtext("title") or "").removesuffix(" - Operational"), "operational") for item in root.iter("item")
    ]


@pytest.mark.parametrize("file", [file for file in READABLE if file.startswith("statuspage-feed/")])
def test_every_update_of_a_feed_has_a_time_and_a_known_status(file):
    found = snapshot(file)
    updates = [update for incident in (*found.incidents, *found.maintenances) for update in incident.updates]

    if not file.endswith("meraki_test_history.rss"):  # A message of another product, in RSS of its own.
        assert {update.status for update in updates} <= {
            "investigating", "identified", "monitoring", "resolved",
            "scheduled", "in_progress", "verifying", "completed",
        }  # fmt: skip
    assert all(update.created_at for update in updates)


@pytest.mark.parametrize("file", [file for file in FILES if file in REFUSED])
def test_an_answer_that_cannot_be_read_says_why(file):
    with pytest.raises(ParseError) as refused:
        snapshot(file)

    assert str(refused.value) == REFUSED[file]


@pytest.mark.parametrize("file", [row["file"] for row in index()])
def test_every_recorded_answer_is_read_by_one_format_or_refused_for_a_known_reason(file):
    body = (CORPUS / file).read_bytes()
    readers = [known.name for known in FORMATS.values() if known.recognises(body, None)]

    is_unread = any(file.startswith(beginning) for beginning in UNREAD)
    # A vendor's own feed is one, too, that the general reader of feeds takes where no other does.
    assert len([name for name in readers if name != "feed"] or readers) == (0 if is_unread else 1)


def series(platforms: set[str]) -> dict[str, list[str]]:
    """Return the successive answers of one page, by the name that the index gives them."""
    found = defaultdict(list)
    for row in index():
        name = re.match(r"TIME SERIES ([\w-]+)", row["note"])
        if name and row["platform"] in platforms:
            found[name[1]].append(row["file"])
    return {name: sorted(files) for name, files in sorted(found.items())}


@pytest.mark.parametrize("name", series({"statuspage", "incidentio"}))
def test_the_updates_that_appear_in_json_are_the_ones_that_the_page_counts(name):
    files = series({"statuspage", "incidentio"})[name]
    ours = [pairs(snapshot(file)) for file in files]
    theirs = [
        {(each["id"], update["id"]) for each in listed(file) for update in each["incident_updates"]} for file in files
    ]

    assert set().union(*ours[1:]) - ours[0] == set().union(*theirs[1:]) - theirs[0]


@pytest.mark.parametrize("name", series({"statuspage-feed"}))
def test_the_updates_that_appear_in_a_feed_are_the_ones_that_it_counts(name):
    files = series({"statuspage-feed"})[name]
    ours = [pairs(snapshot(file)) for file in files]
    theirs = [numbered(posts(file)) for file in files]

    assert len(set().union(*ours[1:]) - ours[0]) == len(set().union(*theirs[1:]) - theirs[0])


def numbered(updates: list[tuple[str, str, str]]) -> set[tuple[str, str, int]]:
    """Return (incident, time, number among the same time): what an edit in place leaves alone."""
    times = Counter((identity, time) for identity, time, _ in updates)
    return {(*key, number) for key, count in times.items() for number in range(count)}


#: Texts of resolved incidents that were replaced by the root cause days later, under the same time.
EDITS = {"K": 13, "L": 1, "AJ": 1}


@pytest.mark.parametrize("name", series({"statuspage-feed"}))
def test_an_edit_in_place_makes_no_new_update(name):
    files = series({"statuspage-feed"})[name]
    texts = [set(posts(file)) for file in files]
    ours = [pairs(snapshot(file)) for file in files]
    new_texts = set().union(*texts[1:]) - texts[0]
    new_updates = set().union(*ours[1:]) - ours[0]

    assert len(new_texts) - len(new_updates) == EDITS[name]


def test_markup_that_changes_without_an_update_changes_no_incident_that_was_not_edited():
    before, after = (posts(file) for file in series({"statuspage-feed"})["L"][:2])
    untouched = {identity for identity, _, _ in before} - {identity for identity, _, _ in set(before) ^ set(after)}
    first, second = (snapshot(file) for file in series({"statuspage-feed"})["L"][:2])

    assert len(untouched) > 20
    assert {each for each in first.incidents if each.id in untouched} == {
        each for each in second.incidents if each.id in untouched
    }


def test_an_incident_has_the_same_id_times_and_statuses_in_json_and_feed():
    in_json = {
        each["id"]: shown((update["display_at"] or update["created_at"], update["status"]) for update in updates)
        for file in READABLE
        if file.startswith("statuspage/")
        for each in listed(file)
        if (updates := each["incident_updates"]) and each["status"] == "resolved"
    }
    in_feeds = {
        incident.id: shown((update.created_at.isoformat(), update.status) for update in incident.updates)
        for file in READABLE
        if file.startswith("statuspage-feed/")
        for incident in snapshot(file).incidents
        if all(update.created_at for update in incident.updates)
    }
    shared = in_json.keys() & in_feeds.keys()

    assert len(shared) > 10
    assert {key: in_json[key] for key in shared} == {key: in_feeds[key] for key in shared}


def shown(updates: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return minutes and statuses in order."""
    return sorted((moment[:16], status) for moment, status in updates)
