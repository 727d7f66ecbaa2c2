"""Alerts of the whole stack: a vendor's page, real processes, a real data server, a receiver on loopback."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import RunningTracker, provider
from tests.receiver import Delivery, Receiver, answers
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page


def channel(name: str, url: str, **keys: Any) -> str:
    """Return a [[channel]] on this machine that takes JSON."""
    return table("channel", name=name, type="webhook", url=url, allow_private=True, **keys)


def table(kind: str, **keys: Any) -> str:
    """Return an entry of providers.toml."""
    values = "".join(f"{key.removesuffix('_')} = {json.dumps(value)}\n" for key, value in keys.items())
    return f"[[{kind}]]\n{values}"


def shown(delivery: Delivery) -> tuple[str, str, str]:
    """Return what a message is, of which alert, and its newest status."""
    event = delivery.event
    return event["type"].removeprefix("alert."), event["data"]["title"], event["data"]["status"]


@dataclass
class Watched:
    """A tracker with two pages and two channels: one hears of all, one of what is major."""

    tracker: RunningTracker
    page: Page
    chat: Receiver
    oncall: Receiver


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver() as chat, Receiver() as oncall:
        entries = (
            provider("acme", vendor.url("acme"))
            + channel("chat", chat.url)
            + channel("oncall", oncall.url)
            + table("route", to=["oncall"], min_impact="major", continue_=True)
            + table("route", to=["chat"])
        )
        with RunningTracker(entries, tmp_path_factory.mktemp("alerts"), "--format", "json") as tracker:
            tracker.wait_until_watching()
            yield Watched(tracker, page, chat, oncall)


def test_an_incident_opens_changes_and_closes_where_its_impact_says(watched: Watched) -> None:
    page, chat, oncall = watched.page, watched.chat, watched.oncall
    chat_had, oncall_had = len(chat.accepted), len(oncall.accepted)
    incident = page.open_incident("Errors", body="We look into it.", impact="minor")
    chat.wait_for(lambda r: len(r.accepted) == chat_had + 1)
    page.amend(incident, impact="major")
    oncall.wait_for(lambda r: len(r.accepted) == oncall_had + 1)
    page.post_update(incident, "identified", "A cable.")
    oncall.wait_for(lambda r: len(r.accepted) == oncall_had + 2)
    page.resolve(incident, "It is over.")
    oncall.wait_for(lambda r: len(r.accepted) == oncall_had + 3)
    chat.wait_for(lambda r: len(r.accepted) == chat_had + 4)

    in_chat, paged = chat.accepted[chat_had:], oncall.accepted[oncall_had:]
    assert [shown(each) for each in in_chat] == [
        ("opened", "Errors", "investigating"),
        ("changed", "Errors", "investigating"),
        ("changed", "Errors", "identified"),
        ("closed", "Errors", "resolved"),
    ]
    assert [shown(each)[0] for each in paged] == ["opened", "changed", "closed"]
    reported_late = paged[0].event["data"]
    assert [update["status"] for update in reported_late["updates"]] == ["investigating"] * 2
    assert reported_late["updates"][1]["text"] == "impact now major, was minor"
    assert {each.event["data"]["key"] for each in (*in_chat, *paged)} == {reported_late["key"]}


def test_a_drill_reaches_each_channel_and_leaves_no_trace_but_its_mark(watched: Watched) -> None:
    before = len(watched.chat.accepted)
    ended = watched.tracker.command("drill", "acme", "--patience", "30")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1] == "the drill succeeded"
    assert "chat" in watched.tracker.command("ask", "HKEYS", "tracker:drills").stdout.split()
    drilled = [each.event["data"] for each in watched.chat.accepted[before:]]
    assert [(data["state"], data["is_drill"]) for data in drilled] == [("open", True), ("closed", True)]
    marked = watched.tracker.wait_for(
        lambda t: two if len(two := [e for e in t.record if e.get("drill") == "*"]) == 2 else None
    )
    assert [line["event"] for line in marked] == ["new_incident", "incident_update"]
    assert "Drill" not in watched.tracker.command("status", "--format", "json").stdout


@pytest.mark.faults
def test_a_drill_of_one_channel_names_what_it_does_not_take(watched: Watched) -> None:
    before = len(watched.chat.accepted)
    last_good = watched.tracker.command("ask", "HGETALL", "tracker:drills").stdout
    watched.oncall.then(answers("400 Bad Request", b"no such service"))
    ended = watched.tracker.command("drill", "acme", "--channel", "oncall", "--patience", "30")

    assert ended.returncode == 1
    assert watched.tracker.command("ask", "HGETALL", "tracker:drills").stdout == last_good
    assert "channel oncall did not take the open" in ended.stdout
    assert "no such service" in ended.stdout
    assert len(watched.chat.accepted) == before


def test_acknowledged_alerts_say_by_whom_and_what_was_sent_is_what_backtest_lists(watched: Watched) -> None:
    tracker, page, chat = watched.tracker, watched.page, watched.chat
    before = len(chat.accepted)
    incident = page.open_incident("Slow", body="We look into it.", impact="minor")
    chat.wait_for(lambda r: len(r.accepted) == before + 1)
    (opened,) = json.loads(tracker.command("alerts", "list", "--format", "json").stdout)
    acked = tracker.command("alerts", "ack", f"acme/{incident}", "--by", "Ann")
    chat.wait_for(lambda r: len(r.accepted) == before + 2)
    page.resolve(incident, "It is over.")
    chat.wait_for(lambda r: len(r.accepted) == before + 3)
    gone = tracker.command("alerts", "ack", f"acme/{incident}", "--by", "Ann")
    explained = tracker.command(
        "alerts", "explain", f"{tracker.record[-1]['id']}", "--providers", str(tracker.providers_file)
    )
    replayed = tracker.command(
        "alerts", "backtest", "--record-only", "--config", str(tracker.providers_file), "--format", "json"
    )

    assert (opened["state"], opened["severity"]) == ("open", "warning")
    assert acked.stdout.strip() == f"{opened['id']} is acknowledged"
    assert chat.accepted[before + 1].event["data"]["text"] == "Acknowledged by Ann."
    assert gone.stdout.strip() == f"{opened['id']} is resolved"
    assert "route 1 (oncall) does not match: min_impact is major, and the impact is minor" in explained.stdout
    assert "route 2 (chat) matches" in explained.stdout
    assert "sent: close to chat" in explained.stdout
    replay = [each for each in json.loads(replayed.stdout) if not each["title"].startswith("Drill")]
    sent = [(each["channel"], each["alert"], each["act"]) for each in replay]
    words = {"alert.opened": "open", "alert.changed": "change", "alert.closed": "close"}
    live = [
        (name, each.event["data"]["key"], words[each.event["type"]])
        for name, receiver in (("chat", chat), ("oncall", watched.oncall))
        for each in receiver.accepted
        if not each.event["data"]["text"].startswith("Acknowledged") and not each.event["data"]["is_drill"]
    ]
    assert sorted(sent) == sorted(live)


@pytest.mark.faults
def test_a_deliverer_that_dies_leaves_one_open_and_one_close(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver() as chat:
        entries = provider("acme", vendor.url("acme")) + channel("chat", chat.url) + table("route", to=["chat"])
        with RunningTracker(entries, tmp_path, "--format", "json") as tracker:
            tracker.wait_until_watching()
            incident = page.open_incident("Errors", body="We look into it.")
            for victim in tracker.children("deliverer@"):
                os.kill(victim, signal.SIGKILL)
            chat.wait_for(lambda r: r.accepted)
            page.resolve(incident, "It is over.")
            chat.wait_for(lambda r: any(shown(each)[0] == "closed" for each in r.accepted))

    kinds = [shown(each)[0] for each in chat.accepted]
    assert (kinds[0], kinds[-1]) == ("opened", "closed")
    assert kinds.count("closed") == 1


def about_itself(receiver: Receiver) -> list[tuple[str, str]]:
    """Return what the tracker said of itself."""
    sent = [(each.event["data"]["kind"], *shown(each)[:2]) for each in receiver.accepted]
    return [(act, title) for kind, act, title in sent if kind == "tracker"]


@pytest.mark.faults
def test_what_stops_within_the_tracker_opens_one_alert_and_closes_it_when_it_works_again(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver() as chat, Receiver() as watchdog:
        entries = provider("acme", vendor.url("acme")) + channel("chat", chat.url) + table("route", to=["chat"])
        environ = {"TRACKER_HEARTBEAT_URL": watchdog.url}
        with RunningTracker(entries, tmp_path, "--format", "json", environ=environ) as tracker:
            tracker.wait_until_watching()
            watchdog.wait_for(lambda r: r.deliveries)
            for process, title in (
                (" beat ", "Beat has stopped"),
                ("worker1@", "No worker takes tasks"),
                ("printer@", "The printer is behind"),
            ):
                (stopped,) = tracker.children(process)
                os.kill(stopped, signal.SIGSTOP)
                if title.startswith("The printer"):
                    page.open_incident("Errors", body="We look into it.")
                chat.wait_for(lambda r, title=title: about_itself(r)[-1:] == [("opened", title)])
                os.kill(stopped, signal.SIGCONT)
                chat.wait_for(lambda r, title=title: about_itself(r)[-1:] == [("closed", title)])

    assert [act for act, _ in about_itself(chat)] == ["opened", "closed"] * 3
