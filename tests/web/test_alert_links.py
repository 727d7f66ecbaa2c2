"""Links in messages: what they let one do, and what no link lets anybody do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.channels.story import message
from tests.web import world
from tests.web.served import LINKS, asking
from tracker.alerting.channel import Operation
from tracker.alerting.channels import wording
from tracker.alerting.links import LASTS, Links
from tracker.environment.link_key import link_key
from tracker.environment.web import WebSettings
from tracker.errors import ConfigError
from tracker.web.parts import Parts

OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[TestClient, Parts]]:
    """An app on an address that asks everybody for a token, with the made-up world."""
    settings = WebSettings(token="t" * 20, hosts=frozenset({"tracker.example"}))
    with asking(tmp_path, settings, url="https://tracker.example") as asked:
        yield asked


def _alert(parts: Parts) -> str:
    return next(each.id for each in parts.desk.alerts.open_alerts() if each.provider_id == "kestrel-pay")


def test_a_get_shows_and_only_a_post_acts(served: tuple[TestClient, Parts]) -> None:
    client, parts = served
    alert_id = _alert(parts)
    link = LINKS.link(alert_id, world.NOW)
    for _ in range(3):
        shown = client.get(link)
    assert shown.status_code == 200
    assert "Card authorisations declined" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert parts.desk.find(alert_id).state == "open"
    assert parts.acts.acts(10) == ()

    done = client.post(link, data={"act": "acknowledge", "by": "Ada"}, headers=OURS)
    assert "Acknowledged by Ada." in done.text
    assert parts.desk.find(alert_id).state == "acknowledged"
    (act,) = parts.acts.acts(10)
    assert (act.act, act.actor, act.subject, act.via) == ("acknowledge", "Ada", alert_id, "link")
    # It lets one do nothing else.
    assert client.get("/alerts", follow_redirects=False).status_code in (303, 401)


def test_a_link_snoozes(served: tuple[TestClient, Parts]) -> None:
    client, parts = served
    client.post(LINKS.link(_alert(parts), world.NOW), data={"act": "snooze", "for": "4h"}, headers=OURS)
    assert parts.desk.find(_alert(parts)).snoozed_until == world.NOW + timedelta(hours=4)


def test_wrong_old_and_foreign_links_are_refused(served: tuple[TestClient, Parts]) -> None:
    client, parts = served
    alert_id = _alert(parts)
    other = next(each.id for each in parts.desk.alerts.open_alerts() if each.id != alert_id)
    good = LINKS.link(alert_id, world.NOW)
    token = good.rpartition("/")[2]
    day, _, mac = token.partition(".")
    wrong = (
        LINKS.link(alert_id, world.NOW - LASTS - timedelta(days=2)),
        Links(b"another secret").link(alert_id, world.NOW),
        good.replace(alert_id, other),
        good.replace(token, f"{int(day) + 1}.{mac}"),
        good.replace(token, f"{day}.{mac[:-1]}"),
        good.replace(token, f"{day}."),
        good.replace(token, "x"),
        good.replace(token, f"{'9' * 400}.{mac}"),
    )
    for link in wrong:
        assert client.get(link).status_code == 403, link
        assert client.post(link, data={"act": "acknowledge"}, headers=OURS).status_code == 403, link
    assert client.post(good, data={"act": "acknowledge"}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert parts.desk.find(alert_id).state == "open"


def test_a_link_lasts_a_week_and_stays_the_same_for_a_day() -> None:
    link = LINKS.link("acme/0/1", world.NOW)
    token = link.rpartition("/")[2]
    assert link == LINKS.link("acme/0/1", world.NOW + timedelta(hours=20))
    assert LINKS.is_valid("acme/0/1", token, world.NOW + LASTS)
    assert not LINKS.is_valid("acme/0/1", token, world.NOW + LASTS + timedelta(days=1))


def test_messages_have_a_link_only_while_there_is_something_to_take_on() -> None:
    link = Links(b"k" * 20, "https://tracker.example").link("acme/0d1f6a2b3c4d5e6f/1", world.NOW)
    assert ("Acknowledge or snooze", link) in list(wording.facts(message(act_link=link)))
    assert [name for name, _ in wording.facts(message(Operation.OPEN)) if "Ack" in name] == []


def test_the_key_is_given_or_made_once(tmp_path: Path) -> None:
    made = link_key(tmp_path, {})
    assert made == link_key(tmp_path, {})
    assert len(made) >= 32
    assert (tmp_path / "link.key").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["link.key"]
    assert link_key(tmp_path, {"TRACKER_LINK_KEY": "x" * 20}) == b"x" * 20
    with pytest.raises(ConfigError, match="TRACKER_LINK_KEY is shorter"):
        link_key(tmp_path, {"TRACKER_LINK_KEY": "short"})
