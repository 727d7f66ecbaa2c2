"""Oddities of platforms that few vendors share; whole answers are among the golden ones."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.parse.invented_feeds import OPEN, atom, collapsed, only, post
from tracker.errors import ParseError
from tracker.models import ComponentStatus, Impact
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
