"""Oddities of platforms that few vendors share; whole answers are among the golden ones."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.parse.invented_feeds import OPEN, atom, collapsed, only, post
from tracker.errors import ParseError
from tracker.model.page import ComponentStatus, Impact
from tracker.parse import FORMATS, read
from tracker.parse.words import vendor_word

GOLDEN = Path(__file__).parents[2] / "golden"
NAMES = ("statusio", "vultr", "yandex", "cachet", "sorry", "statuspal", "cstate")


def golden(name):
    return json.loads((GOLDEN / name).read_bytes())


def shown(answer):
    return read(json.dumps(answer).encode(), url="https://status.harborcloud.example/")


def changed(answer, change):
    change(answer)
    return shown(answer)


@pytest.mark.parametrize("name", NAMES)
def test_a_format_refuses_the_golden_answers_of_all_others(name):
    others = [path for path in GOLDEN.glob("*/*") if path.parent.name != name and ".expected" not in path.name]

    assert len(others) > 20
    assert [path for path in others if FORMATS[name].recognises(path.read_bytes(), None)] == []


# Status.io


def test_a_message_that_is_edited_keeps_its_id_and_a_newer_one_changes_none():
    before = golden("statusio/status.json")
    after = golden("statusio/status.json")
    messages = after["result"]["incidents"][0]["messages"]
    messages[0]["details"] = "Other words."
    messages.append({"details": "New.", "state": 300, "status": 300, "datetime": "2026-03-04T11:00:00.000Z"})

    (old,), (new,) = shown(before).incidents, shown(after).incidents

    assert [update.id for update in new.updates][:3] == [update.id for update in old.updates]
    assert (new.status, new.impact) == ("monitoring", Impact.MINOR)


def test_an_active_maintenance_goes_on_and_its_announcement_was_before():
    answer = golden("statusio/status.json")
    planned = answer["result"]["maintenance"]
    planned["active"], planned["upcoming"] = planned["upcoming"], []
    planned["active"][0]["messages"].append({"details": "Begun.", "state": 200, "datetime": "2026-03-09T02:00:05.000Z"})

    (maintenance,) = shown(answer).maintenances

    assert maintenance.is_open
    assert [update.status for update in maintenance.updates] == ["scheduled", "in_progress"]


PAGE_ID = "5f0c0ffee0ddba11ca11ab1e"


@pytest.mark.parametrize(
    "html",
    [
        f"<script>var pageId = '{PAGE_ID}';</script>",
        f'<link rel="alternate" href="/pages/{PAGE_ID}/rss">',
        f'<a href="/pages/incident/{PAGE_ID}/{"0" * 24}">x</a>',
        f'<script>fetch("https://api.status.io/1.0/status/{PAGE_ID}")</script>',
    ],
)
def test_a_page_names_the_id_that_the_api_wants(html):
    (endpoints,) = FORMATS["statusio"].linked(html.encode(), "https://status.harborcloud.example/")

    assert endpoints.primary == f"https://api.status.io/1.0/status/{PAGE_ID}"


def test_a_page_without_an_id_names_none():
    assert FORMATS["statusio"].linked(b"<html>/pages/abc pageId = 'x'</html>", "https://x.example/") == ()


# Vultr


def test_an_alert_without_an_id_is_open_and_tells_nothing_however_it_is_timed():
    before = golden("vultr/alerts.json")
    after = golden("vultr/alerts.json")
    made = after["service_alerts"][0]
    made["start_date"] = made["entries"][0]["updated_at"] = "2026-03-04T10:20:00+00:00"

    assert shown(after) == shown(before)
    assert shown(before).incidents[0].is_open
    assert shown(before).incidents[0].updates == ()


def test_two_alerts_with_empty_ids_are_two_incidents():
    answer = golden("vultr/alerts.json")
    first = answer["service_alerts"][1]
    answer["service_alerts"] = [{**first, "start_date": "2026-03-05T09:00:00+00:00"}, first]

    later, earlier = shown(answer).incidents

    assert later.id == f"{earlier.id}#2"


def alert(region="osl", status="ongoing", **more: object):
    entries = [{"updated_at": "2026-03-05T09:00:00+00:00", "message": "Packets are lost."}]
    known = {"id": "a1", "region": region, "subject": "Packet loss", "start_date": "2026-03-05T09:00:00+00:00"}
    return {**known, "updated_at": "", "status": status, "entries": entries, **more}


def alerts(*listed: object):
    return shown({"service_alerts": list(listed)})


def test_alerts_of_several_regions_with_one_id_are_one_for_each():
    found = alerts(alert("osl"), alert("lys", "resolved"), alert("ams"), alert("waw", id="a2")).incidents

    assert [(each.id, each.regions, each.status) for each in found] == [
        ("a1", ("osl",), "ongoing"),
        ("a1/lys", ("lys",), "resolved"),
        ("a1/ams", ("ams",), "ongoing"),
        ("a2", ("waw",), "ongoing"),
    ]


def test_one_region_less_renames_no_other():
    before, after = alerts(alert("osl"), alert("lys"), alert("ams")), alerts(alert("osl"), alert("ams"))

    assert {each.id for each in after.incidents} < {each.id for each in before.incidents}


def test_an_alert_that_vanishes_while_it_goes_on_has_ended():
    assert alerts(alert()).open_only


WORKS = {
    "its subject": alert(subject="Oslo Scheduled MAINTENANCE - 2026-03-09"),
    "an upgrade": alert(subject="Oslo Object Storage Upgrades - 2026-03-09"),
    "the window in its text": alert(
        entries=[{
            "updated_at": "2026-03-05T09:00:00+00:00",
            "message": "Start Time: 2026-03-09 02:00:00 UTC\r\nEnd Time: 2026-03-09 04:00:00 UTC",
        }]
    ),
}  # fmt: skip


@pytest.mark.parametrize("listed", WORKS.values(), ids=WORKS.keys())
def test_works_are_a_maintenance_by(listed):
    found = alerts(listed)

    assert (found.incidents, [each.status for each in found.maintenances]) == ((), ["scheduled"])


# Yandex Cloud


def test_an_incident_without_an_end_is_as_its_newest_comment_says():
    answer = golden("yandex/incidents.json")
    answer["items"][0].update(endDate=None, comments=answer["items"][0]["comments"][1:])

    incident = shown(answer).incidents[0]

    assert (incident.status, incident.is_open) == ("investigating", True)


def test_an_incident_with_an_end_is_over_whatever_its_comments_say():
    answer = golden("yandex/incidents.json")
    answer["items"][0]["comments"] = answer["items"][0]["comments"][1:]

    assert shown(answer).incidents[0].status == "resolved"


def test_an_incident_alone_reads_as_it_does_in_the_list():
    assert shown(golden("yandex/incident.json")).incidents[0] == shown(golden("yandex/incidents.json")).incidents[1]


# Cachet


def test_a_first_update_leaves_the_beginning_known():
    answer = golden("cachet/v1-incidents.json")
    incident = answer["data"][0]
    after = shown(answer).incidents[0]
    incident.update(updates=[], status=1, updated_at=incident["created_at"])

    (beginning,) = shown(answer).incidents[0].updates

    assert beginning == after.updates[0]


def test_both_versions_know_an_incident_and_its_updates_by_the_same_ids():
    old = shown(golden("cachet/v1-incidents.json")).incidents[0]
    new = shown(golden("cachet/v3-incidents.json")).incidents[0]

    assert old.id == new.id
    assert {update.id for update in new.updates} < {update.id for update in old.updates}


def early(status, **more: object):
    """Return the answer of a Cachet of before 2.4, whose incidents have no updates and have the time of a schedule."""
    envelope = golden("cachet/v1-incidents.json")
    incident = {
        "id": 7,
        "component_id": 0,
        "name": "Mail is late",
        "status": status,
        "visible": 1,
        "message": "We look.",
    }
    times = {"scheduled_at": None, "created_at": "2026-03-05 10:00:00", "updated_at": "2026-03-05 10:20:00"}
    envelope["data"] = [{**incident, **times, "human_status": "", **more}]
    return shown(envelope)


@pytest.mark.parametrize(
    ("code", "status"),
    [(1, "investigating"), ("2", "identified"), (3, "monitoring"), (4, "resolved"), ("4", "resolved")],
)
@pytest.mark.parametrize("scheduled_at", [None, "", "0000-00-00 00:00:00"])
def test_an_outage_of_an_early_version_is_an_incident_whatever_its_empty_schedule(code, status, scheduled_at):
    found = early(code, scheduled_at=scheduled_at)

    assert [(each.id, each.status, each.impact) for each in found.incidents] == [("7", status, None)]
    assert [update.id for update in found.incidents[0].updates] == [status]
    assert found.maintenances == ()


@pytest.mark.parametrize(("code", "status"), [(0, "scheduled"), (2, "in_progress"), ("4", "completed")])
def test_an_incident_of_an_early_version_with_a_time_to_come_is_a_maintenance(code, status):
    found = early(code, scheduled_at="2026-03-09 02:00:00")

    assert [(each.id, each.status) for each in found.maintenances] == [("schedule-7", status)]
    assert found.maintenances[0].scheduled_for == datetime(2026, 3, 9, 2, tzinfo=UTC)
    assert found.incidents == ()


def test_a_schedule_and_an_incident_of_one_number_are_two():
    (schedule,) = shown(golden("cachet/v1-schedules.json")).maintenances

    assert schedule.id != shown(golden("cachet/v1-incidents.json")).incidents[0].id == "12"


@pytest.mark.parametrize("kind", ["incidents", "schedules", "components"])
def test_an_empty_list_is_a_quiet_page(kind):
    old, new = golden("cachet/v1-incidents.json"), golden(f"cachet/v3-{kind}.json")
    old["data"], new["data"] = [], []

    assert shown(old).incidents == shown(new).incidents == ()


def test_a_list_of_something_else_in_the_same_envelope_is_refused():
    answer = golden("cachet/v1-incidents.json")
    answer["data"] = [{"id": 1, "title": "A book"}]

    with pytest.raises(ParseError):
        shown(answer)


# Sorry


def test_a_list_and_a_notice_alone_know_an_update_by_the_same_id():
    listed = shown(golden("sorry/notices.json")).incidents[0]
    alone = shown(golden("sorry/notice.json")).incidents[0]

    assert listed.id == alone.id
    assert listed.updates == alone.updates[-1:]


# StatusPal


@pytest.mark.parametrize("domain", ["io", "eu"])
def test_a_page_of_statuspal_s_own_domains_tells_where_its_api_is(domain):
    (endpoints,) = FORMATS["statuspal"].linked(b"<html>", f"https://harbor.statuspal.{domain}/")

    assert endpoints.primary == f"https://statuspal.{domain}/api/v2/status_pages/harbor/summary"


@pytest.mark.parametrize("url", ["https://www.statuspal.io/", "https://statuspal.io.evil.example/", "https://[", ""])
def test_another_address_tells_nothing(url):
    assert FORMATS["statuspal"].linked(b"<html>", url) == ()


def test_services_within_services_without_end_are_refused_or_read():
    answer = golden("statuspal/summary.json")
    service = {"id": 1, "name": "x", "current_incident_type": None, "children": []}
    for number in range(2, 60):
        service = {"id": number, "name": "x", "current_incident_type": None, "children": [service]}
    answer["services"] = [service]

    assert len(shown(answer).components) == 1


# cState


def test_an_issue_that_is_resolved_keeps_its_id_in_both_lists():
    index, issues = shown(golden("cstate/index.json")), shown(golden("cstate/issues.json"))

    assert index.incidents[0] == issues.incidents[0]


def test_when_the_site_was_built_is_no_news():
    answer = golden("cstate/index.json")
    before = shown(answer)

    assert changed(answer, lambda index: index.update(buildDate="2026-03-05", buildTime="10:00")) == before


def test_a_time_of_go_is_read_with_its_zone():
    (update,) = shown(golden("cstate/index.json")).incidents[0].updates

    assert update.created_at == datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def test_a_system_is_known_by_group_and_name():
    answer = golden("cstate/index.json")
    before = {component.id: component.status for component in shown(answer).components}
    answer["systems"].reverse()
    answer["systems"][0]["status"] = "down"

    after = {component.id: component.status for component in shown(answer).components}

    assert before.keys() == after.keys()
    assert ComponentStatus.MAJOR_OUTAGE in after.values()


# The vendor's own words


@pytest.mark.parametrize(
    ("word", "status", "kept"),
    [
        ("Resolvido", "resolved", "Resolvido"),
        (" En cours  d\u2019investigation ", "investigating", "En cours d\u2019investigation"),
        ("Resolved", "resolved", None),
        ("In progress", "in_progress", None),
        ("Half Open", "half open", None),
        ("Update", "investigating", None),
        ("Atualização", "investigating", None),
        ("x" * 99, "x" * 60, None),
        (None, "resolved", None),
        (500, "resolved", None),
        ("", "resolved", None),
    ],
)
def test_a_word_is_kept_where_it_says_it_otherwise(word, status, kept):
    assert vendor_word(word, status) == kept


def test_a_localised_feed_keeps_the_words_of_each_update():
    incident = collapsed(
        ("Jan  2, 01:00 UTC", "Resolvido", "Pronto."),
        ("Jan  2, 00:30 UTC", "Atualização", "Ainda."),
        ("Jan  2, 00:05 UTC", "Investigando", "Vemos."),
    )

    assert [(update.status, update.vendor_status) for update in incident.updates] == [
        ("investigating", "Investigando"),
        ("investigating", None),
        ("resolved", "Resolvido"),
    ]


def test_an_english_feed_has_no_words_beside_the_statuses():
    assert [update.vendor_status for update in only(atom(post(*OPEN))).updates] == [None]


def test_the_word_in_a_title_is_kept():
    (update,) = only(atom("Funciona.").replace(b"<title>Queues", "<title>[Résolu] Queues".encode())).updates

    assert (update.status, update.vendor_status) == ("resolved", "Résolu")


@pytest.mark.parametrize(
    ("word", "status", "kept"), [("已恢复", "resolved", "已恢复"), ("Mitigated", "mitigated", None)]
)
def test_statuspage_s_json_keeps_them_too(word, status, kept):
    entry = {"id": "u", "status": word, "body": "x", "created_at": "2026-03-04T09:00:00Z"}
    answer = {"page": {"id": "p"}, "incidents": [{"id": "i", "status": word, "incident_updates": [entry]}]}

    (update,) = shown(answer).incidents[0].updates

    assert (update.status, update.vendor_status) == (status, kept)
