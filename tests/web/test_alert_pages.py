"""The page Alerts over HTTP: what it shows, in which order, and what its forms do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.web.served import TOKEN, asking, form_token
from tracker.errors import StoreError
from tracker.web.parts import Parts

OURS = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[TestClient, Parts]]:
    with asking(tmp_path) as asked:
        yield asked


@pytest.fixture
def parts(asked: tuple[TestClient, Parts]) -> Parts:
    return asked[1]


@pytest.fixture
def client(asked: tuple[TestClient, Parts]) -> TestClient:
    return asked[0]


@pytest.fixture
def actor(client: TestClient) -> TestClient:
    client.post("/login", data={"token": TOKEN})
    return client


def _alert(parts: Parts, provider: str) -> str:
    return next(each.id for each in parts.desk.alerts.open_alerts() if each.provider_id == provider)


def test_what_nobody_has_taken_on_comes_first(client: TestClient) -> None:
    body = client.get("/alerts").text

    assert "<h1>2 alerts wait for somebody</h1>" in body
    assert '<span class="count"><span class="vh">, </span>2<span class="vh"> waiting' in client.get("/").text
    places = [body.index(text) for text in ("Nobody yet", "Card authorisations", "Elevated error", "一部のお客様")]
    assert places == sorted(places)
    assert "Dana K., " in body
    assert "Failing reads over to us-west-2" in body
    assert "550 mailbox unavailable" in body
    assert "Slack answered not_in_channel" in body


def test_why_an_alert_was_sent_is_said_by_route(client: TestClient) -> None:
    body = client.get("/alerts/why?event=kestrel-pay/88/u1").text

    assert "Route 1 does not match" in body
    assert "min_impact is critical, and the impact is major" in body
    assert "Route 2 matches" in body
    assert client.get("/alerts/why?event=kestrel-pay/88/none").status_code == 404


def test_an_incident_says_who_was_sent_what_and_when(client: TestClient, parts: Parts) -> None:
    body = client.get("/incidents/meridian-cloud/7hq2k").text
    shown = body[body.index('id="alerts"') : body.index('id="ledger"')]
    assert re.search(r"oncall.*?Open.*?01:37.*?12", shown, re.DOTALL)

    def away(_provider: str, _incident: str) -> None:
        raise StoreError("the data server is away")

    parts.desk.of_incident = away  # type: ignore[method-assign, assignment]
    assert "the messages sent are not known now" in client.get("/incidents/meridian-cloud/7hq2k").text


def test_who_may_only_read_sees_no_forms(client: TestClient, parts: Parts) -> None:
    assert 'method="post" action="/alerts' not in client.get("/alerts").text
    for act in ("acknowledge", "snooze", "wake", "note", "resend"):
        assert client.post(f"/alerts/{_alert(parts, 'kestrel-pay')}/{act}", headers=OURS).status_code == 403


def test_an_act_needs_the_token_of_a_page(actor: TestClient, parts: Parts) -> None:
    path = f"/alerts/{_alert(parts, 'kestrel-pay')}/acknowledge"
    token = form_token(actor, "/alerts")
    assert actor.post(path, headers=OURS).status_code == 403
    assert actor.post(path, data={"form_token": token}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert parts.acts.acts(5) == ()

    done = actor.post(path, data={"form_token": token}, headers=OURS, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/alerts")
    assert parts.desk.find(_alert(parts, "kestrel-pay")).state == "acknowledged"
    assert [(act.act, act.via) for act in parts.acts.acts(5)] == [("acknowledge", "session")]


def test_each_form_does_what_it_says(actor: TestClient, parts: Parts) -> None:
    alert_id = _alert(parts, "kestrel-pay")

    def send(path: str, **fields: str) -> str:
        done = actor.post(path, data={"form_token": form_token(actor, "/alerts"), **fields}, headers=OURS)
        assert done.status_code == 200, done.text
        return done.text

    send(f"/alerts/{alert_id}/snooze", **{"for": "4h"})
    assert parts.desk.find(alert_id).state == "snoozed"
    send(f"/alerts/{alert_id}/wake")
    assert parts.desk.find(alert_id).state == "open"
    assert "We call the bank" in send(f"/alerts/{alert_id}/note", text="We call the bank")
    assert "550 mailbox" not in send(f"/alerts/{alert_id}/resend", channel="finance")
    assert "a planned move" in send("/silences", providers="acme, aws-*", reason="a planned move", **{"for": "1d"})
    made = parts.desk.silences()[-1]
    assert made.providers == ("acme", "aws-*")
    send(f"/silences/{made.id}/end")
    assert made not in parts.desk.silences()
    assert "Drill of kestrel-pay" in send("/drills", provider="kestrel-pay", channel="oncall")
    refused = actor.post(
        "/silences", data={"form_token": form_token(actor, "/alerts"), "reason": "everything"}, headers=OURS
    )
    assert refused.status_code == 400
    assert "would hide all" in refused.text


def test_without_channels_it_says_what_to_write(tmp_path: Path) -> None:
    with asking(tmp_path, pages=()) as (client, _):
        body = client.get("/alerts").text

    assert "Alerts go nowhere yet" in body
    assert "[[route]]" in body
