"""What other programs read: each format is read back by a program that is not ours, or by our own reader of vendors."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import feedparser
import pytest
from icalendar import Calendar

from tests.history.record import event
from tests.web.running import RunningWeb, failing, provider, utc, well
from tracker.model.event import EventKind
from tracker.model.keys import event_id
from tracker.model.page import Component, ComponentStatus, Impact, OpenIncident
from tracker.parse import detect, read
from tracker.web.badges import as_svg, badge_of
from tracker.web.plain import link_of

HOSTILE = "<script>alert(1)</script>&\"'\x1b[31m\u202eevil\ufffe\r\nEND:VEVENT\r\nX-EVIL:1 \x00" + "A" * 100_000


def incident_events() -> list[Any]:
    """Return an incident as a tracker logs it, from minutes ago."""
    start = utc() - timedelta(minutes=30)
    about = {
        "incident_id": "i1",
        "incident": "Requests fail",
        "link": "https://acme.example/i1",
        "components": ("API",),
    }
    return [
        event("u1", kind=EventKind.NEW_INCIDENT, published_at=start, seen_at=start, message="We look.", **about),
        event(
            "u2",
            published_at=start + timedelta(minutes=5),
            seen_at=start + timedelta(minutes=5),
            status="identified",
            message="A cable.",
            **about,
        ),
        event(
            "u1",
            kind=EventKind.UPDATE_EDITED,
            id="acme/i1/u1/edited/1",
            published_at=start,
            seen_at=start + timedelta(minutes=9),
            message="We look closely.",
            **about,
        ),
    ]


def test_our_own_reader_of_vendors_reads_us(web: RunningWeb) -> None:
    """What goes in at one end comes out at the other: states of components, incident, updates."""
    view = failing()
    view = well(
        open_incidents=view.open_incidents,
        components={
            "api": Component(id="api", name="API", status=ComponentStatus.MAJOR_OUTAGE),
            "web": Component(id="web", name="Web", status=ComponentStatus.OPERATIONAL),
        },
        indicator=Impact.MAJOR,
    )
    web.watch((provider(), view))
    web.happen(*incident_events())
    body = web.get("/acme/api/v2/summary.json").content
    snapshot = read(body, url=f"{web.url}/acme/api/v2/summary.json", content_type="application/json")
    assert detect(body, "application/json").name == "statuspage"
    assert {part.id: part.status for part in snapshot.components} == {
        "api": ComponentStatus.MAJOR_OUTAGE,
        "web": ComponentStatus.OPERATIONAL,
    }
    (incident,) = snapshot.incidents
    assert (incident.name, incident.status, incident.impact) == ("Requests fail", "identified", Impact.MAJOR)
    assert [(update.status, update.body) for update in incident.updates] == [
        ("investigating", "We look."),
        ("identified", "A cable."),
    ]
    assert snapshot.indicator is Impact.CRITICAL


#: Prints what the exporter makes of each address; its settings are read when it is imported.
FOREIGN = """
import json, sys
from statuspage_prometheus_exporter.service_checker import check_service_status
print(json.dumps({url: check_service_status(str(number), {"url": url}) for number, url in enumerate(sys.argv[1:])}))
"""


def read_by_a_foreign_client(urls: Sequence[str], folder: Path) -> dict[str, Any]:
    """Return what statuspage-prometheus-exporter, which reads Statuspage and nothing else, makes of our answers."""
    (folder / "services.json").write_text("{}")
    command = [sys.executable, "-c", FOREIGN, *urls]
    environ = {"PATH": os.environ["PATH"], "SERVICES_JSON_PATH": str(folder / "services.json")}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_foreign_client_reads_what_our_own_reader_does(web: RunningWeb, tmp_path: Path) -> None:
    start = utc()
    works = {
        "kind": EventKind.MAINTENANCE_UPDATE,
        "provider": "zeta",
        "incident_id": "m1",
        "incident": "Cables move",
        "status": "in_progress",
        "impact": "maintenance",
        "scheduled_for": start - timedelta(hours=1),
        "scheduled_until": start + timedelta(hours=1),
    }
    window = OpenIncident(id="m1", name="Cables move", status="in_progress", impact=Impact.MAINTENANCE)
    parts = {
        "api": Component(id="api", name="API", status=ComponentStatus.MAJOR_OUTAGE),
        "web": Component(id="web", name="Web", status=ComponentStatus.OPERATIONAL),
    }
    web.watch(
        (provider(group="shop"), well(components=parts, open_incidents=failing().open_incidents)),
        (provider("zeta", group="shop"), well(open_maintenances=(window,))),
        (provider("fine"), well()),
    )
    web.happen(*incident_events(), event("m1", published_at=start, seen_at=start, **works))
    urls = [f"{web.url}{of}/api/v2/summary.json" for of in ("", "/shop", "/acme", "/zeta", "/fine")]
    foreign = read_by_a_foreign_client(urls, tmp_path)
    for url in urls:
        own = read(web.get(url.removeprefix(web.url)).content, url=url, content_type="application/json")
        theirs = foreign[url]
        assert theirs["success"], theirs
        assert {each["name"]: each["status"] for each in theirs["component_metadata"]} == {
            part.name: part.status.value for part in own.components
        }
        assert {
            (each["id"], each["name"], each["status"], each["impact"], tuple(each["affected_components"]))
            for each in theirs["incident_metadata"]
        } == {(each.id, each.name, each.status, each.impact, tuple(each.components)) for each in own.incidents}
        assert {
            (
                each["id"],
                each["name"],
                each["status"],
                *map(datetime.fromisoformat, (each["scheduled_start"], each["scheduled_end"])),
            )
            for each in theirs["maintenance_metadata"]
        } == {(each.id, each.name, each.status, each.scheduled_for, each.scheduled_until) for each in own.maintenances}
    assert [foreign[url]["status_text"] for url in urls] == [
        "Major Outage", "Major Outage", "Major Outage", "Operational", "Operational",
    ]  # fmt: skip


def test_what_is_unknown_never_looks_well(web: RunningWeb) -> None:
    web.watch((provider(group="shop"), well()), (provider("zeta", group="shop"), well()), read_s_ago=7200)
    web.watch((provider("zeta", group="shop"), well()))
    answer = web.get("/acme/api/v2/summary.json")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    group = web.get("/shop/api/v2/summary.json").json()
    unknown, fine = group["components"]
    assert (unknown["status"], unknown["unknown"]) == ("degraded_performance", True)
    assert "not readable since" in unknown["name"]
    assert (fine["status"], group["status"]["indicator"]) == ("operational", "minor")
    assert "unknown" in group["status"]["description"]
    badge = web.get("/badge/acme.json").json()
    assert badge["message"].startswith("unknown, 2 h")
    asked = web.get("/api/v1/is-it-them?provider=acme").json()
    assert (asked["answer"], asked["state"]) == ("unknown", "unknown")
    assert asked["age"] >= 7200
    state = web.get("/api/v1/providers/acme").json()
    assert (state["state"], state["last_state"]) == ("unknown", "operational")


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("provider=acme", "yes"),
        ("provider=acme&component=Web", "no"),
        ("provider=acme&component=API", "no"),
        ("provider=acme&max_age=0.5", "unknown"),
        ("provider=zeta", "no"),
    ],
)
def test_is_it_them(web: RunningWeb, query: str, answer: str) -> None:
    web.watch((provider(), failing()), (provider("zeta"), well()))
    found = web.get(f"/api/v1/is-it-them?{query}").json()
    assert found["answer"] == answer
    assert found["link"]
    assert found["age_seconds"] >= 1


def test_atom_and_json_feed_say_the_same_and_an_edit_changes_its_entry(web: RunningWeb) -> None:
    web.watch((provider(), failing()))
    first, *rest = incident_events()
    web.happen(first)
    before = feedparser.parse(web.get("/feed.atom").content)
    web.happen(*rest)
    atom = feedparser.parse(web.get("/feed.atom?provider=acme").content)
    assert not atom.bozo
    feed = web.get("/feed.json?provider=acme").json()
    assert atom.feed.title == feed["title"] == "Status updates of Acme"
    assert [entry.id for entry in atom.entries] == [item["id"] for item in feed["items"]]
    entries = {entry.id: entry for entry in atom.entries}
    assert len(entries) == 2
    edited = entries[before.entries[0].id]
    assert edited.content[0].value == "We look closely."
    assert edited.published == before.entries[0].published
    assert edited.updated > before.entries[0].updated
    assert edited.link == "https://acme.example/i1"
    other = web.get("/feed.json?provider=zeta").json()
    assert (other["title"], other["items"]) == ("Status updates of some vendors", [])


def test_a_maintenance_stays_one_event_of_the_calendar(web: RunningWeb) -> None:
    web.watch((provider(), well()))
    now = utc().replace(microsecond=0)
    about = {"kind": EventKind.MAINTENANCE_UPDATE, "status": "scheduled", "incident": "Disks"}

    def reported(update: str, minutes: int, days: int, **more: Any) -> dict[str, Any]:
        at = now - timedelta(minutes=60 - minutes)
        window = {"scheduled_for": now + timedelta(days=days), "scheduled_until": now + timedelta(days=days, hours=1)}
        web.happen(event(update, published_at=at, seen_at=at, **{**about, **window, **more}))
        calendar = Calendar.from_ical(web.get("/calendar.ics").content)
        (only,) = calendar.walk("VEVENT")
        return {name: only.decoded(name) for name in ("uid", "sequence", "dtstart", "dtend", "last-modified", "status")}

    announced = reported("m1", 0, 2)
    moved = reported("m2", 5, 3)
    again = reported("m3", 7, 3, message="Still then.")
    cancelled = reported("m4", 9, 3, status="cancelled")
    assert {each["uid"] for each in (announced, moved, again, cancelled)} == {announced["uid"]}
    assert [each["sequence"] for each in (announced, moved, again, cancelled)] == [0, 1, 1, 2]
    assert (announced["dtstart"], moved["dtstart"]) == (now + timedelta(days=2), now + timedelta(days=3))
    assert (announced["status"], cancelled["status"]) == ("CONFIRMED", "CANCELLED")
    assert announced["last-modified"] < moved["last-modified"] < cancelled["last-modified"]


def test_hostile_text_is_inert_in_every_format(web: RunningWeb) -> None:
    now = utc()
    incident = failing().open_incidents[0]
    bad_link = "javascript:alert(1)"
    view = well(
        open_incidents=(type(incident)(id="i1", name=HOSTILE, status="investigating", link=bad_link),),
        components={"x": Component(id="x", name=HOSTILE, status=ComponentStatus.MAJOR_OUTAGE)},
    )
    web.watch((provider(name="acme", group="shop"), view))
    about = {"incident": HOSTILE, "message": HOSTILE, "link": bad_link, "components": (HOSTILE,), "product": HOSTILE}
    window = {"scheduled_for": now + timedelta(days=1), "scheduled_until": now + timedelta(days=1, hours=1)}
    web.happen(
        event("u1", kind=EventKind.NEW_INCIDENT, **about),
        event("m1", kind=EventKind.MAINTENANCE_UPDATE, incident_id="m", status="scheduled", **about, **window),
    )
    atom = web.get("/feed.atom").content
    ET.fromstring(atom)
    shown = {
        "atom": atom,
        "feed": web.get("/feed.json").content,
        "calendar": web.get("/calendar.ics").content,
        "v2": web.get("/api/v2/summary.json").content,
        "single": web.get("/acme/api/v2/summary.json").content,
        "badge": web.get("/badge/acme.svg").content,
    }
    for name, body in shown.items():
        text = body.decode()
        assert "javascript:" not in text, name
        assert not any(mark in text for mark in ("\x1b", "\u202e", "\ufffe", "\x00")), name
        assert len(body) < 150_000, name
    assert b"<script" not in shown["atom"] + shown["badge"]
    (only,) = Calendar.from_ical(shown["calendar"]).walk("VEVENT")
    assert "X-EVIL" not in only
    # JSON says the vendor's words as they are, and says that it is JSON.
    raw = web.get("/api/v1/incidents")
    assert raw.headers["content-type"] == "application/json"
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert json.loads(raw.content)["items"][0]["title"].startswith("<script>")
    for path in ("/api/v1/incidents", "/api/v1/updates", "/api/v1/components"):
        text = web.get(path).content.decode()
        assert "evil" in text, path
        assert "\u202e" not in text, path


def test_a_badge_names_hostile_names_harmlessly(web: RunningWeb) -> None:
    web.watch((provider(), well()))
    assessment = web.parts.board.now.pages["acme"].assessment
    svg = ET.fromstring(as_svg(badge_of(HOSTILE, assessment)))
    assert svg.attrib["aria-label"].endswith(": operational")


@pytest.mark.parametrize(
    ("link", "is_kept"),
    [
        ("https://acme.example/i?x=1#y", True),
        ("javascript:alert(1)", False),
        ("java\tscript:alert(1)", False),
        ("//acme.example/x", False),
        ("https://acme.example/\"onclick='x", False),
        ("https:///x", False),
        ("https://[x", False),
        (None, False),
    ],
)
def test_which_links_are_shown(link: str | None, is_kept: bool) -> None:
    assert (link_of(link) is not None) is is_kept


def test_a_client_that_has_it_already_is_answered_so(web: RunningWeb) -> None:
    web.watch((provider(), well()))
    for path in (
        "/api/v1/providers",
        "/api/v1/providers/acme",
        "/feed.atom",
        "/badge/acme.svg",
        "/acme/api/v2/status.json",
    ):
        first = web.get(path)
        again = web.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b""), path
    before = web.get("/api/v1/providers/acme").headers["etag"]
    web.watch((provider(), failing()))
    assert web.get("/api/v1/providers/acme", headers={"If-None-Match": before}).status_code == 200


def test_lists_go_on_page_by_page(web: RunningWeb) -> None:
    web.watch(*((provider(f"p{number}", group="even" if number % 2 == 0 else None), well()) for number in range(5)))
    seen, query = [], ""
    while query is not None:
        found = web.get(f"/api/v1/components?limit=3{query}").json()
        seen += [f"{item['provider']}/{item['id']}" for item in found["items"]]
        query = f"&cursor={found['next']}" if found["next"] else None
    assert seen == [f"p{number}/{part}" for number in range(5) for part in ("api", "web")]
    assert [item["id"] for item in web.get("/api/v1/providers?group=even").json()["items"]] == ["p0", "p2", "p4"]
    assert web.get("/api/v1/providers?group=odd").status_code == 404
    assert web.get("/api/v1/providers/nobody").status_code == 404
    assert web.get("/api/v1/providers?limit=0").status_code == 422


ODD_IDS = ("https://acme.example/i/1?x=%20#ü", "line\nbreak", "a/b", "a", "a%2Fb", "/", "東京 🜚", "page")


def test_an_incident_of_any_id_has_its_ledger_and_its_entries(web: RunningWeb) -> None:
    web.watch((provider(), well()))
    updates = [(each, f"{'b/' if each == 'a' else ''}u{n}") for each in ODD_IDS for n in (1, 2)]
    web.happen(*(event(update, incident_id=each, id=event_id("acme", each, update)) for each, update in updates))
    for each in ODD_IDS:
        answer = web.get(f"/api/v1/incidents/acme/{quote(each, safe='')}").json()
        assert [entry["event"]["update_id"][-2:] for entry in answer["entries"]] == ["u1", "u2"]
    feed = [item["id"] for item in web.get("/feed.json").json()["items"]]
    assert len(set(feed)) == len(feed) == len(updates)
    page = web.get("/acme/api/v2/incidents.json").json()["incidents"]
    assert len({each["id"] for each in page}) == len(ODD_IDS)
    assert len({update["id"] for each in page for update in each["incident_updates"]}) == len(updates)
    assert web.get("/api/v1/incidents/acme/none").status_code == 404
