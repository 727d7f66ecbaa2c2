"""A list that shows the newest update of each incident, beside answers for one incident that show them all."""

import json
from pathlib import Path

import pytest

from tests.vendor import SITE, TIMEOUT, Watch
from tracker.errors import FetchTimeout, HttpStatusError
from tracker.model.provider import FirstSight

LIST, ALONE = f"{SITE}/api/v1/notices", f"{SITE}/api/v1/notices/501"


def update(number: int, state: str, text: str) -> dict[str, object]:
    return {"id": number, "state": state, "content": text, "created_at": f"2026-03-09T08:0{number}:00.000Z"}


def notice(*updates: dict[str, object], alone: bool = False) -> dict[str, object]:
    shown = {"updates": list(updates)} if alone else {"latest_update": updates[-1]}
    about = {"id": 501, "type": "unplanned", "state": updates[-1]["state"], "subject": "Mail is late"}
    return {**about, "began_at": "2026-03-09T08:00:00.000Z", **shown}


def listing(*updates: dict[str, object]) -> str:
    return json.dumps({"notices": [notice(*updates)], "meta": {"count": 1, "total_count": 1, "next_page": None}})


ONE, TWO, THREE = (
    update(1, "investigating", "We look."),
    update(2, "identified", "A cable."),
    update(3, "recovering", "It is mended."),
)


def test_two_updates_between_two_polls_are_both_reported_and_a_quiet_poll_asks_the_list_alone():
    watched = Watch(format="auto", first_sight=FirstSight.SILENT)
    watched.fetcher.answers(LIST, listing(ONE))
    watched.polls()
    watched.fetcher.answers(LIST, listing(ONE, TWO, THREE))
    watched.fetcher.answers(ALONE, json.dumps({"notice": notice(ONE, TWO, THREE, alone=True)}))

    watched.polls()

    assert [event.message for event in watched.pages.events if event.update_id] == ["A cable.", "It is mended."]
    assert watched.asks(minutes=30) == [LIST]


@pytest.mark.parametrize(
    "failure", [FetchTimeout("no byte came for 10 s"), HttpStatusError("answered 500", None, 500)], ids=["slow", "500"]
)
def test_what_an_answer_that_fails_would_have_said_is_reported_once_it_answers(failure):
    watched = Watch(format="auto", first_sight=FirstSight.SILENT)
    watched.fetcher.answers(LIST, listing(ONE))
    watched.polls()
    watched.fetcher.answers(LIST, listing(ONE, TWO, THREE))
    watched.fetcher.raises(ALONE, failure)
    watched.polls()

    watched.fetcher.answers(ALONE, json.dumps({"notice": notice(ONE, TWO, THREE, alone=True)}))
    watched.polls()

    assert sorted(event.message for event in watched.pages.events if event.update_id) == ["A cable.", "It is mended."]


# a list that comes in parts


PSP = f"{SITE}/api/getMonitorList/Abc123"
FEED = f"{SITE}/api/getEventFeed/Abc123"


def monitors(*statuses: str, first: int, total: int) -> str:
    listed = [
        {"monitorId": first + place, "name": f"Crane {first + place}", "statusClass": status}
        for place, status in enumerate(statuses)
    ]
    return json.dumps({"status": "ok", "psp": {"perPage": 2, "totalMonitors": total}, "data": listed})


def test_each_part_of_a_list_is_read_so_that_a_component_of_the_last_one_is_seen_to_go_down():
    watched = Watch(format="auto")
    watched.fetcher.answers(SITE, "<html><script>'/api/getMonitorList/Abc123'</script></html>")
    watched.fetcher.answers(FEED, json.dumps({"status": True, "results": [], "meta": {"count": 0, "total": 0}}))
    watched.fetcher.answers(PSP, monitors("success", "success", first=1, total=5))
    watched.fetcher.answers(f"{PSP}?page=2", monitors("success", "success", first=3, total=5))
    watched.fetcher.answers(f"{PSP}?page=3", monitors("success", first=5, total=5))
    watched.polls()
    watched.fetcher.answers(f"{PSP}?page=3", monitors("danger", first=5, total=5))

    assert watched.asks(minutes=1) == [FEED, PSP, f"{PSP}?page=2", f"{PSP}?page=3"]
    assert [(event.components, event.status) for event in watched.pages.events] == [(("Crane 5",), "major_outage")]


def test_a_list_that_never_ends_is_read_up_to_a_bound_and_proves_nothing_by_absence():
    watched = Watch(format="auto")
    watched.fetcher.answers(SITE, "<html><script>'/api/getMonitorList/Abc123'</script></html>")
    watched.fetcher.answers(FEED, json.dumps({"status": True, "results": [], "meta": {"count": 0, "total": 0}}))
    for part in range(1, 100):
        body = monitors("success", "success", first=2 * part, total=1_000_000)
        watched.fetcher.answers(f"{PSP}?page={part}" if part > 1 else PSP, body)
    watched.polls()

    assert len(watched.asks(minutes=1)) == 1 + 20


WORKS = f"{SITE}/api/maintenances"


def test_the_window_of_a_work_is_asked_for_while_it_is_planned_and_joins_its_texts():
    entry = (
        '<entry><title>New ropes</title><id>tag:Maintenance/Zx2</id><link href="{site}/maintenances/Zx2"/>'
        "<updated>2026-03-08T09:00:00Z</updated><content type='html'>&lt;p&gt;&lt;small&gt;Mar 8, 2026, 09:00 "
        "UTC&lt;/small&gt;&lt;br&gt;&lt;strong&gt;{status}&lt;/strong&gt; - Ropes.&lt;/p&gt;</content></entry>"
    )
    work = {"maintenanceID": "Zx2", "name": "New ropes", "status": "Scheduled", "startAt": "2026-03-10T08:00:00.000Z"}
    history = '<feed xmlns="http://www.w3.org/2005/Atom"><title>Harbor</title>{}</feed>'
    watched = Watch(url=f"{SITE}/api/components", format="lambstatus")
    watched.answers(json.dumps([{"componentID": "Ab1", "name": "Cranes", "status": "Operational"}]))
    watched.fetcher.answers(f"{SITE}/history.atom", history.format(""))
    watched.polls()
    watched.fetcher.answers(f"{SITE}/history.atom", history.format(entry.format(site=SITE, status="Scheduled")))
    watched.fetcher.answers(WORKS, json.dumps([work]))

    assert watched.asks(minutes=1) == [f"{SITE}/api/components", f"{SITE}/history.atom", WORKS]
    (event,) = watched.pages.events
    assert (event.event, event.message) == ("maintenance_update", "Ropes.")
    assert f"{event.scheduled_for:%d %H:%M}" == "10 08:00"


# answers that are read together, because one explains the codes of the others

PAGERDUTY = Path(__file__).parents[2] / "golden" / "parse" / "pagerduty-posts"
POSTS = f"{SITE}/api/posts?is_featured=true&limit=500"
NONE_IMPACTED = '{"status_page_id": "PHARBOR", "impacted_services": []}'


def posts_page(first_sight: FirstSight = FirstSight.SILENT) -> Watch:
    """Return a quiet PagerDuty page, and somebody who watches it by the address of its dashboard."""
    watched = Watch(format="auto", url=f"{SITE}/posts/dashboard", first_sight=first_sight)
    watched.answers('<html><script id="data">{"layout":{"globalStatusHeadline":"All good"}}</script></html>')
    for name in ("post_enums", "services"):
        watched.fetcher.answers(f"{SITE}/api/{name}", (PAGERDUTY / f"{name}.json").read_bytes(), etag="same")
    watched.fetcher.answers(f"{SITE}/api/posts/PPOST01", (PAGERDUTY / "post.json").read_bytes())
    shows_posts(watched, "no-posts.json", NONE_IMPACTED)
    return watched


def shows_posts(watched: Watch, posts: str, impacted: str) -> None:
    watched.fetcher.answers(POSTS, (PAGERDUTY / posts).read_bytes())
    watched.fetcher.answers(f"{SITE}/api/impacted_services", impacted)


def test_codes_are_read_as_the_words_that_another_answer_has_for_them():
    watched = posts_page()
    watched.polls()
    shows_posts(watched, "posts.json", (PAGERDUTY / "impacted_services.json").read_text())
    watched.polls()

    assert [(each.event, each.status, each.impact, each.components) for each in watched.reported()] == [
        ("maintenance_update", "scheduled", "maintenance", ("Gates",)),
        ("new_incident", "investigating", "minor", ("Cranes", "Quays")),
        ("incident_update", "investigating", "minor", ("Cranes",)),
        ("component_status_change", "partial_outage", None, ("Cranes",)),
    ]
    assert watched.asks(minutes=1) == [POSTS]

    shows_posts(watched, "no-posts.json", NONE_IMPACTED)
    watched.fetcher.raises(f"{SITE}/api/posts/PPOST01", HttpStatusError("gone", None, 404))

    assert [(each.event, each.status, each.components) for each in watched.reported_after(6)] == [
        ("component_status_change", "operational", ("Cranes",)),
        ("incident_update", "resolved", ("Cranes",)),
        ("maintenance_update", "cancelled", ("Gates",)),
    ]


def test_the_first_look_at_a_page_in_codes_has_the_text_of_what_is_open():
    watched = posts_page(FirstSight.OPEN)
    shows_posts(watched, "posts.json", (PAGERDUTY / "impacted_services.json").read_text())
    watched.polls()

    assert [(each.status, each.message) for each in watched.reported() if each.event == "new_incident"] == [
        ("investigating", "A rope is torn. We replace it with a new one, which takes an hour.")
    ]


def test_an_open_incident_that_is_listed_no_more_is_asked_for_once_how_it_ended():
    watched = posts_page()
    watched.polls()
    shows_posts(watched, "posts.json", (PAGERDUTY / "impacted_services.json").read_text())
    watched.polls()
    watched.reported()
    post = json.loads((PAGERDUTY / "post.json").read_text())["post"]
    over = {**post["latest_update"], "id": "PUPD009", "status_id": "PSTRESO", "message": "It moves."}
    over["reported_at"] += 60_000
    ended = {**post, "latest_update": over, "updates": [over, *post["updates"]]}
    watched.fetcher.answers(f"{SITE}/api/posts/PPOST01", json.dumps({"post": ended}))
    shows_posts(watched, "no-posts.json", NONE_IMPACTED)
    watched.fetcher.asked()

    reported = watched.reported_after()

    assert f"{SITE}/api/posts/PPOST01" in watched.fetcher.asked()
    assert [(each.event, each.status, each.message) for each in reported if each.update_id] == [
        ("incident_update", "resolved", "It moves.")
    ]
    watched.polls(5)
    assert watched.asks(minutes=1) == [POSTS]


def test_a_page_whose_codes_are_not_explained_reports_nothing_until_they_are():
    watched = posts_page()
    watched.polls()
    shows_posts(watched, "posts.json", (PAGERDUTY / "impacted_services.json").read_text())
    watched.fetcher.raises(f"{SITE}/api/post_enums", TIMEOUT)

    assert watched.polls().failure is not None
    assert watched.reported() == []

    watched.fetcher.answers(f"{SITE}/api/post_enums", (PAGERDUTY / "post_enums.json").read_bytes())

    assert "new_incident" in [each.event for each in watched.reported_after()]
