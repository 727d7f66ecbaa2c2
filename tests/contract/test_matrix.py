"""What changes on a page without an update, on every platform: reported once, or here is why not."""

from collections.abc import Mapping

import pytest

from tests.contract.matrix import ALL, CELLS, scene

#: What is reported of each change, once.
REPORTED: Mapping[str, list[str]] = {
    "opened without an update": ["investigating"],
    "moved on by hand": ["monitoring"],
    "closed by hand": ["resolved"],
    "opened again by hand": ["identified"],
    "worse": ["critical"],
    "titled anew": ["Errors everywhere"],
    "corrected": ["monitoring"],
    "begun by itself": ["in_progress"],
    "completed by itself": ["completed"],
    "moved window": ["now"],
    "deleted": ["resolved"],
    "listed again": ["identified"],
    "maintenance deleted": ["cancelled"],
    "component gone": ["operational"],
    "component made anew": ["operational"],
}
_OPENINGS = ("opened without an update", "opened again by hand", "listed again")
_WORDS = ("moved on by hand", "corrected")
_MAINTENANCE = ("begun by itself", "completed by itself", "moved window", "maintenance deleted")
_COMPONENTS = ("component gone", "component made anew")
_ABSENCE = ("deleted", "listed again")

NO_SEVERITY = "it knows no severity"
PARTS_SEVERITY = "severity is what the components have that its updates name"
NO_WORDS = "it has no word between open and over"
NO_MAINTENANCE = "no maintenance is shown"
NO_COMPONENTS = "no components are shown"
FEED = "entries leave a feed for reasons of its own, so that absence proves nothing"
UPDATES_ALONE = "an entry is its updates, and nothing is said of the incident itself"


def _cells(reason: str, *cells: str) -> dict[str, str]:
    return dict.fromkeys(cells, reason)


#: By platform and change: why nothing is reported.
WHY_NOT: Mapping[str, Mapping[str, str]] = {
    "incidentio": _cells(PARTS_SEVERITY, "worse"),
    "instatus": _cells(PARTS_SEVERITY, "worse"),
    "betterstack": _cells(PARTS_SEVERITY, "worse") | _cells(NO_WORDS, *_WORDS),
    "datadog": _cells(PARTS_SEVERITY, "worse") | _cells(NO_MAINTENANCE, *_MAINTENANCE),
    "openstatus": _cells(NO_SEVERITY, "worse"),
    "uptimekuma": _cells(NO_SEVERITY, "worse")
    | _cells(NO_WORDS, *_WORDS)
    | _cells("a maintenance is shown while it goes on", "moved window", "maintenance deleted"),
    "cstate": _cells(NO_WORDS, "moved on by hand")
    | _cells("a maintenance is an issue like any other, without a window", "begun by itself", "moved window"),
    "checkly": _cells(NO_MAINTENANCE, *_MAINTENANCE) | _cells(NO_COMPONENTS, *_COMPONENTS),
    "aws": _cells(NO_WORDS, *_WORDS) | _cells(NO_MAINTENANCE, *_MAINTENANCE) | _cells(NO_COMPONENTS, *_COMPONENTS),
    "aws-rss": _cells(UPDATES_ALONE, *_OPENINGS, *_WORDS, "closed by hand")
    | _cells(NO_MAINTENANCE, *_MAINTENANCE)
    | _cells(NO_COMPONENTS, *_COMPONENTS)
    | _cells(FEED, *_ABSENCE),
    "azure": _cells(NO_SEVERITY, "worse")
    | _cells(NO_WORDS, *_WORDS)
    | _cells(NO_MAINTENANCE, *_MAINTENANCE)
    | _cells(NO_COMPONENTS, *_COMPONENTS),
    "google": _cells(NO_WORDS, *_WORDS) | _cells(NO_MAINTENANCE, *_MAINTENANCE) | _cells(NO_COMPONENTS, *_COMPONENTS),
    "heroku": _cells(NO_SEVERITY, "worse")
    | _cells("what is long over stays announced, and no window is shown", *_MAINTENANCE[:3]),
    "salesforce": _cells(NO_WORDS, *_WORDS)
    | _cells("incidents have no titles", "titled anew")
    | _cells("a maintenance is as far as its newest event says", "begun by itself"),
    "slack": _cells(NO_WORDS, *_WORDS)
    | _cells("a maintenance is scheduled or completed, and has no window", "begun by itself", "moved window")
    | _cells(NO_COMPONENTS, *_COMPONENTS),
    "xai": _cells(NO_SEVERITY, "worse")
    | _cells(NO_MAINTENANCE, *_MAINTENANCE)
    | _cells(NO_COMPONENTS, *_COMPONENTS)
    | _cells(FEED, *_ABSENCE),
    "statusio": _cells("an incident is as far as its newest message says", "moved on by hand"),
    "vultr": _cells(NO_SEVERITY, "worse")
    | _cells(NO_WORDS, *_WORDS)
    | _cells("a maintenance has begun once a second entry says so", "begun by itself")
    | _cells(NO_COMPONENTS, *_COMPONENTS),
    "yandex": _cells(NO_WORDS, *_WORDS) | _cells(NO_MAINTENANCE, *_MAINTENANCE) | _cells(NO_COMPONENTS, *_COMPONENTS),
    "cachet": _cells(NO_SEVERITY, "worse")
    | _cells("maintenances are asked only when an incident changes", *_MAINTENANCE),
    "sorry": _cells(NO_SEVERITY, "worse"),
    "statuspal": _cells("an incident is as far as its newest update says", "moved on by hand"),
    "feed": _cells(UPDATES_ALONE, "moved on by hand", "closed by hand", "opened again by hand", "worse")
    | _cells("a maintenance is as far as its newest update says", *_MAINTENANCE[:3])
    | _cells(NO_COMPONENTS, *_COMPONENTS)
    | _cells(FEED, *_ABSENCE, "maintenance deleted"),
}


def _said(word: str, *cells: str) -> dict[str, list[str]]:
    return {cell: [word] for cell in cells}


#: By platform and change: what is reported in the platform's own words.
OWN_WORDS: Mapping[str, Mapping[str, list[str]]] = {
    "betterstack": _said("degraded", "opened without an update") | _said("downtime", *_OPENINGS[1:]),
    "uptimekuma": _said("active", *_OPENINGS),
    "aws": _said("service impact", *_OPENINGS),
    "azure": _said("active", *_OPENINGS),
    "google": _said("service_information", *_OPENINGS),
    # Without a window nobody knows whether it has begun.
    "heroku": _said("completed", "maintenance deleted"),
    "salesforce": _said("major", "worse") | _said("active", *_OPENINGS),
    "slack": _said("major", "worse") | _said("active", *_OPENINGS) | _said("completed", "maintenance deleted"),
    "statusio": _said("unknown", "opened without an update"),
    "vultr": _said("ongoing", *_OPENINGS),
    "yandex": _said("major", "worse")
    | _said("open", "opened without an update")
    | _said("investigating", *_OPENINGS[1:]),
    "statuspal": _said("major", "worse") | _said("unknown", "opened without an update"),
    # A maintenance is an issue like any other.
    "cstate": _said("major", "worse")
    | _said("unresolved", *_OPENINGS)
    | _said("resolved", "completed by itself", "maintenance deleted"),
    "feed": _said("unknown", "opened without an update"),
}


@pytest.mark.parametrize(("platform", "change"), ALL)
def test_a_change_without_an_update_is_reported_once_or_there_is_a_reason(platform: str, change: str) -> None:
    expected = OWN_WORDS.get(platform, {}).get(change, REPORTED[change])
    if change in WHY_NOT.get(platform, {}):
        expected = []

    with scene(platform) as watched:
        assert CELLS[change](watched) == expected


def test_every_reason_and_every_word_is_of_a_change_that_is_played() -> None:
    named = {
        (platform, change) for table in (WHY_NOT, OWN_WORDS) for platform, cells in table.items() for change in cells
    }

    assert named <= {*ALL}
