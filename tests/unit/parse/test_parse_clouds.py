"""What is peculiar to vendors with a page of their own: AWS, Azure, Google, Heroku, Salesforce, Slack, xAI."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.parse.invented_feeds import item
from tracker.errors import ParseError
from tracker.model.page import ComponentStatus, Impact
from tracker.parse import detect, read

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GENERATOR = "<generator>AWS Service Health Dashboard RSS Generator</generator>"


def wire(document):
    return json.dumps(document).encode()


def only(body, **fields: Any):
    shown = read(body, **fields)
    (found,) = (*shown.incidents, *shown.maintenances)
    return found


def ids(incident):
    return [update.id for update in incident.updates]


def bodies(incident):
    return [update.body for update in incident.updates]


# --- AWS ---


def event(**fields: Any):
    log = [
        {"message": "One", "status": 1, "timestamp": 1767268800},
        {"message": "Two", "status": 3, "timestamp": 1767272400},
    ]
    known = {
        "arn": "arn:aws:health:eu-north-9::event/EC2/X/1",
        "region_name": "Lofoten",
        "status": "3",
        "service": "ec2-eu-north-9",
        "service_name": "Amazon EC2",
        "summary": "Errors",
        "event_log": log,
    }
    return {**known, **fields}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-16-le"])
def test_events_of_aws_are_read_in_any_encoding(encoding):
    body = json.dumps([event()]).encode(encoding)

    assert detect(body).name == "aws"
    assert bodies(only(body)) == ["One", "Two"]


@pytest.mark.parametrize("digit", [3, "3"])
def test_severity_of_aws_is_a_digit_or_a_number(digit):
    incident = only(wire([event(status=digit)]))

    assert (incident.status, incident.impact) == ("service disruption", Impact.CRITICAL)


def test_an_event_of_aws_names_the_services_that_still_suffer_and_its_region():
    services = {
        "a": {"service_name": "Amazon EC2", "current": "3"},
        "b": {"service_name": "Amazon S3", "current": "0"},
        "c": {"service_name": "AWS Lambda", "current": 1},
    }
    incident = only(wire([event(impacted_services=services)]))

    assert incident.components == ("Amazon EC2", "AWS Lambda")
    assert incident.regions == ("eu-north-9", "Lofoten")
    assert only(wire([event()])).components == ("Amazon EC2",)


def test_an_edited_text_of_aws_keeps_its_id():
    edited = event()
    edited["event_log"][0]["message"] = "Another"

    assert ids(only(wire([event()]))) == ids(only(wire([edited])))


@pytest.mark.parametrize("stamp", [None, True, "soon", -1, 10**30, 1.5, []])
def test_a_time_of_aws_that_is_none_is_left_out(stamp):
    incident = only(wire([event(event_log=[{"message": "One", "timestamp": stamp}])]))

    assert [(update.id, update.created_at) for update in incident.updates] == [("undated", None)]


def test_an_event_of_aws_without_an_arn_is_known_by_its_time_or_left_out():
    timed, known = event() | {"date": "1772367842"}, event()
    del timed["arn"]

    snapshot = read(wire([known, timed, {"event_log": []}]))

    assert [incident.id for incident in snapshot.incidents] == [known["arn"], "made-20260301T122402Z"]
    assert [(each.kind, each.reason) for each in snapshot.omissions] == [("incident", "no id")]


def aws_feed(*items: Any):
    return f'<rss version="2.0"><channel><title>x</title>{GENERATOR}{"".join(items)}</channel></rss>'.encode()


def aws_item(seconds, title="Service impact: Errors", place="ec2-us-gov-west-1", text="Text"):
    return item(guid=f"https://status.aws.amazon.com/#{place}_{seconds}", title=title, description=text)


CHAIN = [
    aws_item(1767276000, "Service is operating normally: [RESOLVED] Errors"),
    aws_item(1767272400, "Service disruption: Errors"),
    aws_item(1767268800),
]


def test_items_of_aws_about_one_place_are_one_incident():
    incident = only(aws_feed(*CHAIN))

    assert (incident.id, incident.name, incident.status) == ("ec2-us-gov-west-1", "Errors", "resolved")
    assert (incident.components, incident.regions) == (("ec2",), ("us-gov-west-1",))
    assert [update.status for update in incident.updates] == ["service impact", "service disruption", "resolved"]


def test_an_item_that_leaves_the_feed_of_aws_changes_no_id_of_the_others():
    whole, shorter = only(aws_feed(*CHAIN)), only(aws_feed(*CHAIN[:2]))

    assert whole.id == shorter.id
    assert ids(whole)[1:] == ids(shorter)


def test_an_entry_of_the_json_of_aws_has_the_id_of_its_item_in_the_feed():
    assert ids(only(wire([event()]))) == ids(only(aws_feed(*CHAIN[1:])))


def test_an_item_of_aws_with_another_guid_is_an_incident_of_its_own():
    incident = only(aws_feed(item(guid="odd", title="[RESOLVED]")))

    assert (incident.id, incident.name, incident.status) == ("odd", "odd", "resolved")


# --- Azure ---


def azure(*items: Any, title="Azure Status"):
    return (
        f'<rss xmlns:a10="http://www.w3.org/2005/Atom" version="2.0"><channel><title>{title}</title>'
        f"{''.join(items)}</channel></rss>"
    ).encode()


def test_categories_of_azure_are_services_and_regions():
    names = [
        "Storage",
        "West US",
        "Azure West",
        "Australia Central 2",
        "Global",
        "US Gov Virginia",
        "3",
        "Microsoft Entra ID",
    ]
    incident = only(azure(item(extra="".join(f"<category>{name}</category>" for name in names))))

    assert incident.regions == ("West US", "Australia Central 2", "Global", "US Gov Virginia")
    assert incident.components == ("Storage", "Azure West", "3", "Microsoft Entra ID")


def test_an_edited_text_of_azure_is_another_update_of_the_same_incident():
    first, second = only(azure(item(description="One."))), only(azure(item(description="Two.")))

    assert first.id == second.id
    assert ids(first) != ids(second)
    assert first.updates[0].created_at is None


def test_new_dates_and_markup_of_azure_are_no_update():
    first = only(azure(item(description="<p>One.</p>")))
    second = only(azure(item(description="<div>One.<br></div>", date="Sat, 03 Jan 2026 00:00:00 GMT")))

    assert ids(first) == ids(second)


def test_an_admin_center_that_is_available_has_no_incident():
    feed = azure(item(extra="<status> Available </status>"), title="Microsoft Admin Center Status")

    assert read(feed).incidents == ()
    assert read(feed).open_only


def test_a_feed_of_that_title_from_elsewhere_is_a_feed():
    assert detect(azure().replace(b"a10", b"atom")).name == "feed"


# --- Google ---


def google(**fields: Any):
    update = {"when": "2026-01-01T12:00:00+00:00", "text": "One", "status": "SERVICE_OUTAGE"}
    known = {"id": "i1", "external_desc": "Errors", "begin": "2026-01-01T11:00:00Z", "service_name": "Mail"}
    return {**known, "updates": [update], "severity": "high", **fields}


@pytest.mark.parametrize(
    ("end", "is_open"), [({}, True), ({"end": None}, True), ({"end": "2026-01-01T13:00:00Z"}, False)]
)
def test_an_incident_of_google_is_open_until_it_has_an_end(end, is_open):
    assert only(wire([google(**end)])).is_open is is_open


def test_an_incident_of_google_that_is_available_again_is_open_until_it_has_an_end():
    updates = [{"when": "2026-01-01T12:00:00Z", "text": "Fixed", "status": "AVAILABLE"}]
    incident = only(wire([google(updates=updates)]))

    assert (incident.status, incident.is_open) == ("monitoring", True)
    assert (incident.updates[0].status, incident.updates[0].vendor_status) == ("monitoring", "AVAILABLE")

    ended = only(wire([google(updates=updates, end="2026-01-01T13:00:00Z")]))
    assert (ended.status, ended.updates[0].status) == ("resolved", "resolved")


@pytest.mark.parametrize(
    ("severity", "impact"), [("low", Impact.MINOR), ("medium", Impact.MAJOR), ("x", None), (7, None)]
)
def test_severity_of_google_is_the_impact(severity, impact):
    assert only(wire([google(severity=severity)])).impact is impact


def test_an_update_of_google_names_the_regions_that_it_names_itself():
    updates = [
        {"when": "2026-01-01T13:00:00Z", "status": "AVAILABLE", "affected_locations": []},
        {
            "when": "2026-01-01T12:30:00Z",
            "affected_locations": [{"id": "us-east4"}, {"title": "?"}, None, {"id": "eu"}],
        },
        {"when": "2026-01-01T12:00:00Z", "affected_locations": [{"id": "us-east4"}]},
        {"when": "2026-01-01T11:30:00Z"},
    ]
    incident = only(wire([google(updates=updates, currently_affected_locations=[{"id": "asia-east1"}])]))

    assert [update.regions for update in incident.updates] == [(), ("us-east4",), ("us-east4", "eu"), ()]
    assert incident.regions == ("asia-east1",)


def test_an_incident_of_google_that_ended_keeps_its_regions():
    places = {"currently_affected_locations": [], "previously_affected_locations": [{"id": "us-east4"}, {}, 7]}

    assert only(wire([google(**places)])).regions == ("us-east4",)


@pytest.mark.parametrize(
    "url",
    ["https://status.cloud.google.com/incidents.json", "https://www.google.com/appsstatus/dashboard/incidents.json"],
)
def test_the_address_of_an_incident_of_google_is_below_that_of_the_answer(url):
    incident = only(wire([google(uri="incidents/i1")]), url=url)

    assert incident.link == url.replace(".json", "/i1")
    assert only(wire([google(uri="//[")]), url=url).link is None


def test_google_s_incidents_of_before_they_had_ids_are_refused():
    old = google()
    del old["id"]

    with pytest.raises(ParseError):
        read(wire([old]))


# --- Heroku ---


def heroku(systems=({"system": "Apps", "status": "green"},), incidents=(), scheduled=()):
    return wire({"status": list(systems), "incidents": list(incidents), "scheduled": list(scheduled)})


def test_the_state_of_an_incident_of_heroku_counts_and_resolved_does_not():
    assert not only(heroku(incidents=[{"id": 1, "state": "resolved", "resolved": False}])).is_open
    assert only(heroku(incidents=[{"id": 1, "state": "open", "resolved": True}])).is_open


def test_an_update_of_heroku_that_names_no_status_has_the_one_before():
    updates = [
        {"created_at": "2026-01-01T12:02:00Z", "contents": "Two", "update_type": "update"},
        {"created_at": "2026-01-01T12:01:00Z", "contents": "One", "update_type": "investigating"},
    ]
    incident = only(heroku(incidents=[{"id": 1, "updates": updates}]))

    assert [(update.body, update.status) for update in incident.updates] == [
        ("One", "investigating"),
        ("Two", "investigating"),
    ]
    assert incident.status == "investigating"


def test_maintenance_of_heroku_that_is_announced_does_not_go_on():
    maintenance = only(heroku(scheduled=[{"id": 1, "state": "upcoming", "title": "Work"}]))

    assert (maintenance.status, maintenance.is_open, maintenance.impact) == ("scheduled", False, Impact.MAINTENANCE)


def test_colours_of_heroku_are_statuses_of_its_systems():
    systems = [{"system": name, "status": name} for name in ("green", "yellow", "red", "pink")]

    assert [component.status for component in read(heroku(systems)).components] == [
        ComponentStatus.OPERATIONAL,
        ComponentStatus.DEGRADED_PERFORMANCE,
        ComponentStatus.MAJOR_OUTAGE,
        ComponentStatus.UNKNOWN,
    ]


# --- Salesforce ---


def salesforce(status="OK", **impacts: Any):
    incident = {"id": 1, "IncidentImpacts": [impacts], "IncidentEvents": [{"id": 2, "message": "M"}]}
    return wire({"key": "HRB7", "status": status, "Incidents": [incident], "Maintenances": []})


@pytest.mark.parametrize(("end", "status"), [(None, "active"), ("2026-01-01T12:00:00Z", "resolved")])
def test_an_incident_of_salesforce_is_over_when_its_impacts_are(end, status):
    incident = only(salesforce(endTime=end, severity="major"))

    assert (incident.status, incident.impact, incident.updates[-1].status) == (status, Impact.MAJOR, status)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("OK", ComponentStatus.OPERATIONAL),
        ("MINOR_INCIDENT_NONCORE", ComponentStatus.DEGRADED_PERFORMANCE),
        ("MAJOR_INCIDENT_CORE", ComponentStatus.MAJOR_OUTAGE),
        ("MAINTENANCE_CORE", ComponentStatus.UNDER_MAINTENANCE),
        ("NEW_WORD", ComponentStatus.UNKNOWN),
        (None, ComponentStatus.UNKNOWN),
    ],
)
def test_the_status_of_an_instance_of_salesforce_is_its_component_s(word, status):
    assert [component.status for component in read(salesforce(word)).components] == [status]


# --- Slack ---


def note(time, body):
    return {"date_created": f"2026-01-01T{time}:00-08:00", "body": body}


def slack(*notes: Any, status="active", **fields: Any):
    incident = {"id": 7, "title": "Errors", "type": "outage", "status": status, "services": [], "notes": list(notes)}
    return {**incident, "date_created": "2026-01-01T04:00:00-08:00", **fields}


def current(*incidents: Any):
    return wire({"status": "active", "date_created": "x", "active_incidents": list(incidents)})


def history(*incidents: Any):
    return wire(list(incidents))


def test_notes_of_slack_have_the_same_ids_in_current_and_history():
    first, second = note("04:00", "<p>One&nbsp;thing.</p>"), note("05:00", "Two.")
    now, then = only(current(slack(second, first))), only(history(slack(first, second, status="resolved")))

    assert ids(now) == ids(then)
    assert bodies(now) == bodies(then) == ["One thing.", "Two."]
    assert [update.status for update in then.updates] == ["active", "resolved"]


def test_a_note_of_slack_with_another_date_is_the_same_update():
    before, after = only(current(slack(note("04:00", "One.")))), only(current(slack(note("04:30", "<p>one</p>"))))

    assert ids(before) == ids(after)


def test_a_note_of_slack_that_repeats_another_one_is_an_update_of_its_own():
    incident = only(current(slack(note("05:00", "No news."), note("04:00", "No news."))))

    assert len(set(ids(incident))) == 2
    assert [update.created_at.hour for update in incident.updates] == [12, 13]


def test_only_current_of_slack_lists_what_goes_on_and_nothing_else():
    assert read(current(slack())).open_only
    assert not read(history(slack())).open_only


@pytest.mark.parametrize(("status", "is_open"), [("scheduled", False), ("completed", False), ("cancelled", False)])
def test_planned_work_of_slack_is_maintenance(status, is_open):
    shown = read(history(slack(status=status)))

    assert shown.incidents == ()
    assert [(work.status, work.impact, work.is_open) for work in shown.maintenances] == [
        (status, Impact.MAINTENANCE, is_open)
    ]


# --- xAI ---


def xai(description, **fields: Any):
    shown = item(description=description, **fields)
    return f"<rss><channel><title>xAI System Status</title>{shown}</channel></rss>".encode()


def post(time, status, text):
    return f"<div><p><strong>{time}</strong></p>\n<h3>{status}</h3><p>{text}</p></div>"


def test_updates_of_xai_are_in_one_description_newest_first():
    posts = post("Thu, 01 Jan 2026 12:30:15 GMT", "Resolved", "Over.") + post(
        "Thu, 01 Jan 2026 12:00:05 GMT", "Investigating", "Slow."
    )
    incident = only(xai(posts, title="[API (us-east-1.api.x.ai)] Errors"))

    assert [(update.id, update.status, update.body) for update in incident.updates] == [
        ("20260101T120005Z", "investigating", "Slow."),
        ("20260101T123015Z", "resolved", "Over."),
    ]
    assert (incident.name, incident.status) == ("Errors", "resolved")
    assert (incident.components, incident.regions) == (("API (us-east-1.api.x.ai)",), ("us-east-1",))


@pytest.mark.parametrize("time", ["soon", "Thu, 01 Jan 2026 12:30:15", "Thu, 99 Jan 2026 12:30:15 GMT"])
def test_a_time_of_xai_that_is_none_is_left_out(time):
    assert [update.id for update in only(xai(post(time, "Update", "x"))).updates] == ["undated"]


def test_an_item_of_xai_without_updates_is_read_as_any_feed_s():
    assert bodies(only(xai("Just a text."))) == ["Just a text."]
