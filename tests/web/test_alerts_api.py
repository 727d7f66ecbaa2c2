"""Alerts over HTTP, on a real data server: what is listed, what acts do, and who may do them."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from msgspec.structs import replace

from tests.history.record import event
from tests.patience import eventually
from tests.web.running import RunningWeb, failing, provider, utc
from tracker.alerting.channel import Message
from tracker.alerting.decider import Decider
from tracker.alerting.sender import Sender
from tracker.environment.web import WebSettings
from tracker.errors import ChannelRefused, DrillFailed
from tracker.model.channel import WebhookChannelConfig
from tracker.model.event import EventKind
from tracker.model.page import Impact
from tracker.model.route import Alerting, Route
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts

READ, ACT = secrets.token_hex(12), secrets.token_hex(12)
ELSEWHERE = {"x-forwarded-for": "198.51.100.1"}
CONFIG = Alerting(
    channels=tuple(WebhookChannelConfig(name=name, url="https://hooks.example") for name in ("chat", "oncall")),
    routes=(Route(to=("oncall",), min_impact=Impact.CRITICAL, continues=True), Route(to=("chat",))),
)


class Taking:
    """A channel that takes, or refuses, what it is sent."""

    sends_every_update = False
    resend_every = None

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.refusal: str | None = None

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        del handle, in_doubt
        if self.refusal is not None:
            raise ChannelRefused(self.refusal)
        self.taken.append(message)
        return message.key


class Bench:
    """A web server with one incident that was sent to one channel."""

    def __init__(self, web: RunningWeb) -> None:
        self.web = web
        self.chat = Taking()
        self.alerts = RedisAlerts(web.client)
        self.alerts.sync(CONFIG)
        web.watch((provider(), failing()))
        self.begun = event(
            "u1", kind=EventKind.NEW_INCIDENT, incident_id="i1", incident="Requests fail", impact="major"
        )
        self.begun = replace(self.begun, seen_at=utc(), provider="acme", published_at=utc())
        web.happen(self.begun)
        self.work()
        (self.alert,) = self.alerts.open_alerts()
        self.path = f"/api/v1/alerts/{self.alert.id}"

    def work(self) -> None:
        """Decide and send, as workers do."""
        Decider(self.alerts, utc).run()
        Sender(RedisRows(self.web.client), {"chat": self.chat}, utc, self.web.parts.links).send("chat")

    def post(self, path: str, body: Any = None, token: str | None = ACT, **more: Any) -> Any:
        # Without a token it comes from elsewhere: on this machine everybody may read.
        headers = {"authorization": f"Bearer {token}"} if token else ELSEWHERE
        return self.web.post(path, json=body, headers=headers, **more)

    def get(self, path: str) -> Any:
        answer = self.web.get(path, headers={"authorization": f"Bearer {READ}"})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def bench(valkey: "redis.Redis", tmp_path: Path) -> Iterator[Bench]:
    with RunningWeb(valkey, tmp_path, WebSettings(token=READ, act_token=ACT)) as web:
        yield Bench(web)


def test_an_alert_says_who_was_sent_what_and_which_rule_decided(bench: Bench) -> None:
    (listed,) = bench.get("/api/v1/alerts?open=true")["items"]
    detail = bench.get(bench.path)
    (delivery,) = bench.get("/api/v1/deliveries")["items"]
    explained = bench.get(f"/api/v1/alerts/explain?event={bench.begun.id}")

    assert (listed["id"], listed["state"], listed["subject"]) == (bench.alert.id, "open", "i1")
    (chat,) = listed["channels"]
    assert (chat["channel"], chat["phase"], chat["messages"], chat["sent_version"]) == ("chat", "open", 1, 1)
    assert chat["opened_at"] is not None
    assert delivery["channel"] == chat
    assert [(route["route"], route["matches"]) for route in detail["routes"]] == [(1, False), (2, True)]
    assert "min_impact is critical" in detail["routes"][0]["reason"]
    assert explained["routes"] == detail["routes"]
    assert explained["sent"] == [{"channel": "chat", "act": "open", "version": 1}]


def test_a_list_goes_on_where_its_cursor_says_and_another_cursor_is_refused(bench: Bench) -> None:
    others = [
        replace(bench.begun, id=f"acme/x{n}/1", incident_id=f"x{n}", update_id=f"x{n}", incident=f"Also {n}")
        for n in range(3)
    ]
    bench.web.happen(*others)
    bench.work()
    listed: dict[str, list[str]] = {}
    for query in ("open=true", "provider=acme", ""):
        page = bench.get(f"/api/v1/alerts?limit=3&{query}")
        rest = bench.get(f"/api/v1/alerts?limit=3&{query}&cursor={quote(page['next'])}")
        listed[query] = [each["id"] for each in (*page["items"], *rest["items"])]
        assert rest["next"] is None
    refused = bench.web.get("/api/v1/alerts?cursor=nan+x", headers={"authorization": f"Bearer {READ}"})

    assert [len(set(ids)) for ids in listed.values()] == [4, 4, 4]
    assert len({tuple(ids) for ids in listed.values()}) == 1
    assert bench.get("/api/v1/alerts?open=false")["items"] == []
    assert refused.status_code == 400
    assert "the cursor is not valid" in refused.text


def test_what_people_do_is_shown_sent_and_written_down(bench: Bench) -> None:
    snoozed = bench.post(f"{bench.path}/snooze", {"for": "4h", "by": "Ada"}).json()
    woken = bench.post(f"{bench.path}/wake").json()
    noted = bench.post(f"{bench.path}/note", {"text": "We fail over.", "by": "Ada"}).json()
    taken = bench.post(f"{bench.path}/ack", {"by": "Ada"}).json()
    bench.work()

    assert [each["state"] for each in (snoozed, woken, noted, taken)] == ["snoozed", "open", "open", "acknowledged"]
    marks = bench.get(bench.path)["alert"]["marks"]
    assert [mark["act"] for mark in marks] == ["snoozed", "woken", "noted", "acknowledged"]
    assert marks[-1]["text"] == "Acknowledged by Ada."
    link = bench.chat.taken[-1].act_link or ""
    assert bench.web.parts.links is not None
    assert bench.web.parts.links.is_valid(bench.alert.id, link.rpartition("/")[2], utc())
    assert "Ada: “We fail over.”" in [entry.text for entry in bench.chat.taken[-1].updates]
    acts = bench.web.get("/api/v1/audit", headers={"authorization": f"Bearer {ACT}"}).json()["items"]
    assert [act["act"] for act in acts] == ["acknowledge", "note", "wake", "snooze"]
    assert {act["subject"] for act in acts} == {bench.alert.id}


def test_a_dead_letter_is_listed_and_sent_again(bench: Bench) -> None:
    bench.chat.refusal = "400 too long"
    bench.web.happen(replace(bench.begun, id="acme/i1/u2", update_id="u2", event=EventKind.INCIDENT_UPDATE))
    bench.work()
    (dead,) = bench.get("/api/v1/deliveries?dead=true")["items"]
    bench.chat.refusal = None
    again = bench.post(f"{bench.path}/resend").json()
    bench.work()

    assert "too long" in dead["channel"]["dead_letter"]
    assert again["channels"] == ["chat"]
    assert bench.chat.taken[-1].version == 2
    assert bench.get("/api/v1/deliveries?dead=true")["items"] == []


def test_silences_begin_are_listed_and_end(bench: Bench) -> None:
    refused = bench.post("/api/v1/silences", {"reason": "all of it"})
    made = bench.post("/api/v1/silences", {"reason": "their move", "providers": ["acme*"], "for": "2h"}).json()
    (silence,) = bench.get("/api/v1/silences")["items"]
    ended = bench.web.session.delete(
        f"{bench.web.url}/api/v1/silences/{silence['id']}", headers={"authorization": f"Bearer {ACT}"}
    )

    assert refused.status_code == 400
    assert made["items"] == [silence]
    assert (silence["reason"], silence["providers"]) == ("their move", ["acme*"])
    assert ended.json() == {"items": []}
    assert bench.alerts.silences() == []


@pytest.mark.parametrize(("failure", "state"), [(None, "passed"), (DrillFailed("route: nobody"), "failed")])
def test_a_drill_is_begun_and_its_end_is_shown(bench: Bench, failure: Exception | None, state: str) -> None:
    bench.web.drill_failure = failure
    begun = bench.post("/api/v1/drills", {"provider": "acme", "channel": "chat"}).json()
    path = f"/api/v1/drills/{begun['drill']['id']}"
    eventually(lambda: bench.get(path)["state"] != "running")

    found = bench.get(path)
    assert (found["state"], found["drill"]["failure"]) == (state, None if failure is None else "route: nobody")
    assert found["drill"]["steps"] == ["routed to chat"]
    assert bench.web.drilled == [("acme", "chat")]
    assert bench.get("/api/v1/drills")["items"] == [found]


def test_channels_show_how_they_do_and_when_a_drill_came_through(bench: Bench) -> None:
    at = utc()
    bench.alerts.note_drill(["chat"], at)
    found = {each["state"]["name"]: each for each in bench.get("/api/v1/channels")["items"]}

    assert found["chat"]["state"]["delivered"] == 1
    assert found["chat"]["last_good_drill_at"][:19] == at.isoformat()[:19]
    assert found["oncall"]["last_good_drill_at"] is None
    assert "hooks.example" not in str(found)


ACTS = ("ack", "snooze", "wake", "note", "resend")


@pytest.mark.parametrize("act", [*ACTS, "silences", "drills"])
def test_only_who_may_act_acts(bench: Bench, act: str) -> None:
    path = f"{bench.path}/{act}" if act in ACTS else f"/api/v1/{act}"
    body = {"silences": {"reason": "x", "providers": ["acme"]}, "drills": {"provider": "acme"}, "note": {"text": "x"}}
    asked = body.get(act)
    session = {"tracker_session": _session(bench)}

    assert bench.post(path, asked, token=None).status_code == 401
    assert bench.post(path, asked, token=READ).status_code == 403
    foreign = bench.web.post(path, json=asked, cookies=session, headers={"sec-fetch-site": "cross-site"})
    assert (foreign.status_code, foreign.json()["title"]) == (403, "another site sent this request")
    bench.web.session.cookies.clear()
    assert bench.get(bench.path)["alert"]["marks"] == []
    assert bench.web.drilled == []
    assert bench.post(path, asked).status_code == 200


def _session(bench: Bench) -> str:
    answer = bench.web.post("/login", data={"token": ACT}, headers={"sec-fetch-site": "same-origin"})
    bench.web.session.cookies.clear()
    return str(answer.cookies["tracker_session"])


@pytest.mark.parametrize("path", ["/api/v1/alerts", "/api/v1/deliveries", "/api/v1/silences", "/api/v1/drills"])
def test_only_who_may_read_reads(bench: Bench, path: str) -> None:
    assert bench.web.get(path, headers=ELSEWHERE).status_code == 401
    assert bench.web.get(path, headers={"authorization": f"Bearer {READ}"}).status_code == 200


def test_what_is_not_there_or_over_is_refused_in_a_sentence(bench: Bench) -> None:
    missing = bench.post("/api/v1/alerts/acme/0000000000000000/1/ack")
    misspelt = bench.post(f"{bench.path}/snooze", {"for": "soon"})
    bench.web.happen(replace(bench.begun, id="acme/i1/u9", update_id="u9", status="resolved"))
    bench.work()
    over = bench.post(f"{bench.path}/ack")

    assert (missing.status_code, missing.json()["title"]) == (404, "there is no such alert")
    assert misspelt.status_code == 400
    assert "30m, 4h or 2d" in misspelt.json()["detail"]
    assert (over.status_code, over.json()["title"]) == (409, "the alert is over")
