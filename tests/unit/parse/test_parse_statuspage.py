import json
from datetime import UTC, datetime

import pytest

from tracker.errors import ParseError
from tracker.model.page import ComponentStatus, Impact
from tracker.parse import read

PAGE = {"id": "p", "name": "Harbor Cloud", "url": "https://status.harborcloud.example"}


def update(update_id="u1", **fields: object):
    return {"id": update_id, "status": "investigating", "body": "x", "created_at": "2026-01-01T00:00:00Z", **fields}


def incident(incident_id="i1", **fields: object):
    return {"id": incident_id, "name": "x", "status": "investigating", "incident_updates": [update()], **fields}


def component(component_id="c1", **fields: object):
    return {"id": component_id, "name": component_id, "status": "operational", "group": False, **fields}


def snapshot(**answer: object):
    return read(json.dumps({"page": PAGE, **answer}).encode(), url="https://a.example/api/v2/summary.json")


def only_incident(**fields: object):
    (found,) = snapshot(incidents=[incident(**fields)]).incidents
    return found


def test_updates_are_sorted_by_moment_across_zones():
    read_incident = only_incident(
        incident_updates=[
            update("b", created_at="2026-03-08T02:30:00-08:00"),
            update("c", created_at="2026-03-08T10:31:00Z"),
            update("a", created_at="2026-03-08T10:00:00+00:00"),
        ]
    )

    assert [each.id for each in read_incident.updates] == ["a", "b", "c"]


def test_updates_stay_in_the_order_of_the_page_when_one_has_no_time():
    read_incident = only_incident(
        incident_updates=[update("c"), update("b", created_at=None), update("a", created_at="2026-01-02T00:00:00Z")]
    )

    assert [each.id for each in read_incident.updates] == ["a", "b", "c"]


def test_the_time_of_an_update_falls_back_to_when_it_is_shown():
    read_incident = only_incident(incident_updates=[update(created_at=None, display_at="2026-01-02T00:00:00Z")])

    assert read_incident.updates[0].created_at.isoformat() == "2026-01-02T00:00:00+00:00"


def test_an_edit_in_place_keeps_the_id_and_changes_the_text():
    before = only_incident(incident_updates=[update(body="Looking.")])
    after = only_incident(incident_updates=[update(body="Found.", updated_at="2026-01-01T01:00:00Z")])

    assert (before.updates[0].id, before.updates[0].body) == ("u1", "Looking.")
    assert (after.updates[0].id, after.updates[0].body) == ("u1", "Found.")


def test_the_status_of_an_incident_that_does_not_say_is_its_newest_update_s():
    assert only_incident(status=None, incident_updates=[update(status="monitoring")]).status == "monitoring"


def test_an_incident_without_status_and_updates_is_unknown():
    assert only_incident(status=None, incident_updates=None).status == "unknown"


def test_a_short_link_is_preferred():
    assert only_incident(shortlink="https://stspg.example/i1").link == "https://stspg.example/i1"


LINKS = {
    "the page's address": ({"url": "https://status.harborcloud.example/"}, "https://status.harborcloud.example"),
    "the answer's address when the page says none": ({"url": None}, "https://a.example"),
    "the answer's address when the page says nonsense": ({"url": "javascript:alert(1)"}, "https://a.example"),
    "the answer's address when the page's is broken": ({"url": "https://[broken"}, None),
}


@pytest.mark.parametrize(("page", "site"), LINKS.values(), ids=LINKS.keys())
def test_a_missing_link_is_made_from(page, site):
    (found,) = snapshot(page={**PAGE, **page}, incidents=[incident("a/b")]).incidents

    assert found.link == (f"{site}/incidents/a%2Fb" if site else None)


def test_there_is_no_link_when_nothing_says_where_the_page_is():
    (found,) = read(json.dumps({"incidents": [incident()]}).encode()).incidents

    assert found.link is None


def test_an_update_calls_a_component_as_its_incident_does():
    affected = [{"code": "c", "name": "Old name"}]

    named = only_incident(
        components=[{"id": "c", "name": "New name"}], incident_updates=[update(affected_components=affected)]
    )

    assert named.components == ("New name",)
    assert named.updates[0].components == ("New name",)


def test_the_name_of_a_group_in_front_is_no_part_of_a_component_s_name():
    affected = [
        {"code": "c1", "name": "Platform - Login"},
        {"code": "c2", "name": "Upstream - GitHub - Actions"},
        {"code": "c3", "name": "Gone - For good"},
    ]
    known = [{"id": "c1", "name": "Login"}, {"id": "c2", "name": "GitHub - Actions"}]
    platform = [*known, {"id": "c4", "name": "Login"}]

    of_incident = only_incident(components=known, incident_updates=[update(affected_components=affected)])
    (of_page,) = snapshot(
        incidents=[incident(incident_updates=[update(affected_components=affected)])], components=platform
    ).incidents

    for named in (of_incident.updates[0], of_page.updates[0], of_page):
        assert named.components == ("Login", "GitHub - Actions", "Gone - For good")
        assert [mention.id for mention in named.mentions] == ["c1", "c2", "c3"]
        assert [mention.group for mention in named.mentions] == ["Platform", "Upstream", None]
    # What the incident itself lists has no group in front; its updates say it.
    assert [mention.group for mention in of_incident.mentions] == ["Platform", "Upstream"]


@pytest.mark.parametrize("odd", ["API", 1, {"name": "API"}, [None, "API", {"name": 1}]], ids=repr)
def test_odd_lists_of_component_names_name_nothing(odd):
    named = only_incident(components=odd, incident_updates=[update(affected_components=odd)])

    assert named.components == ()


def test_a_maintenance_in_both_lists_is_one():
    shown = snapshot(
        incidents=[incident("m1", impact="maintenance"), incident("m1")],
        scheduled_maintenances=[incident("m1", impact="none", status="in_progress")],
    )

    assert shown.incidents == ()
    assert [(each.id, each.status, each.impact) for each in shown.maintenances] == [
        ("m1", "in_progress", Impact.MAINTENANCE)
    ]


def test_an_incident_given_twice_is_one():
    shown = snapshot(incidents=[incident("i1", name="first"), incident("i1", name="second")])

    assert [each.name for each in shown.incidents] == ["first"]


STATUSES = {
    **{status.value: status for status in ComponentStatus},
    " Operational ": ComponentStatus.OPERATIONAL,
    "full_outage": ComponentStatus.MAJOR_OUTAGE,
    "rebooting": ComponentStatus.UNKNOWN,
}


@pytest.mark.parametrize(("word", "status"), STATUSES.items(), ids=STATUSES.keys())
def test_a_component_status(word, status):
    (found,) = snapshot(components=[component(status=word)]).components

    assert found.status is status


@pytest.mark.parametrize("word", [None, 1, [], {}], ids=repr)
def test_a_component_status_that_is_no_word_is_unknown(word):
    (found,) = snapshot(components=[component(status=word)]).components

    assert found.status is ComponentStatus.UNKNOWN


@pytest.mark.parametrize("word", ["catastrophic", None, 1, ["minor"]], ids=repr)
def test_an_impact_that_is_not_known_is_none(word):
    assert only_incident(impact=word).impact is None
    assert snapshot(status={"indicator": word}, incidents=[]).indicator is None


def test_components_with_one_name_stay_apart():
    shown = snapshot(components=[component("c1", name="Login"), component("c2", name="Login")])

    assert [(each.id, each.name) for each in shown.components] == [("c1", "Login"), ("c2", "Login")]


def ungrouped(count):
    return [{"id": f"c{number}", "name": "x", "status": "operational"} for number in range(count)]


def test_a_long_list_without_groups_is_taken_for_a_part():
    assert not snapshot(components=ungrouped(25)).components_complete


def test_a_short_list_without_groups_is_complete():
    assert snapshot(components=ungrouped(24)).components_complete


def test_a_long_list_with_groups_is_complete():
    assert snapshot(components=[component(f"c{number}") for number in range(400)]).components_complete


MISSHAPEN = {
    "incidents that are an object": {"incidents": {"i1": {}}},
    "an incident that is a word": {"incidents": ["i1"]},
    "an incident that is known by nothing": {"incidents": [{"id": "", "name": "Slow", "status": "resolved"}]},
    "a maintenance of which nothing is known": {"scheduled_maintenances": [{"id": "m1"}]},
    "components without names and ids": {"components": [{"status": "operational"}, None]},
    "components that are a number": {"components": 7},
}


@pytest.mark.parametrize("answer", MISSHAPEN.values(), ids=MISSHAPEN.keys())
def test_an_answer_of_which_nothing_can_be_read_is_refused(answer):
    with pytest.raises(ParseError, match=r"can(not)? be read \(no"):
        snapshot(**answer)


def test_times_without_a_zone_are_of_the_page_s_own():
    said = {"page": {"id": "p", "time_zone": "Asia/Tokyo", "updated_at": "2026-03-09T18:00:00"}}
    times = [update("u1", created_at="2026-03-09 17:00:00")]

    found = snapshot(**said, incidents=[incident(incident_updates=times)])

    assert found.updated_at == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert found.incidents[0].updates[0].created_at == datetime(2026, 3, 9, 8, tzinfo=UTC)
