"""Webhooks of the whole stack: real processes, a real data server, a receiver on loopback."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.fetch_origin import Exchange
from tests.e2e.running import RunningTracker, provider
from tests.receiver import SECRET, Receiver, answers, stall
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

ENVIRON = {"OPS_SECRET": SECRET}


def sink(name: str, **keys: Any) -> str:
    """Return a [[sink]] on this machine."""
    values = {"name": name, "allow_private": True, **keys}
    return "\n".join(["[[sink]]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])


@pytest.mark.faults
def test_what_was_posted_but_not_acknowledged_is_delivered_again_under_the_same_key(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver(stall) as receiver:
        entries = provider("acme", vendor.url("acme")) + sink("ops", url=receiver.url)
        with RunningTracker(entries, tmp_path) as tracker:
            tracker.wait_until_watching()
            page.open_incident("Errors", body="We look into it.")
            receiver.wait_for(lambda r: r.deliveries)
            (victim,) = tracker.children("deliverer@")
            os.kill(victim, signal.SIGKILL)
            receiver.wait_for(lambda r: r.accepted)

    assert [delivery.id for delivery in receiver.deliveries] == [receiver.accepted[0].id] * 2


@pytest.mark.faults
def test_a_sink_that_comes_while_the_tracker_runs_is_reported_of_what_comes_then(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver() as receiver:
        entries = provider("acme", vendor.url("acme"))
        with RunningTracker(entries, tmp_path, "--format", "json") as tracker:
            tracker.wait_until_watching()
            incident = page.open_incident("Before", body="We look into it.")
            tracker.wait_for(lambda t: t.events)
            without = tracker.children("deliverer@")
            tracker.providers_file.write_text(entries + sink("ops", url=receiver.url))
            synced = tracker.command("providers", "sync", str(tracker.providers_file))
            page.resolve(incident)
            receiver.wait_for(lambda r: r.accepted)
            tested = tracker.command("sinks", "test", "ops")

    assert "1 sink: 1 added" in synced.stdout
    assert without == []
    assert [delivery.event["status"] for delivery in receiver.accepted[:1]] == ["resolved"]
    assert tested.returncode == 0, tested.stderr
    assert receiver.accepted[-1].event["provider"] == "tracker-test"


def test_a_missing_variable_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    entries = provider("acme", "http://127.0.0.1:9") + sink("ops", url_env="OPS_URL")
    tracker = RunningTracker(entries, tmp_path)
    tracker.start()
    assert tracker.process is not None
    status = tracker.process.wait(60)
    tracker.stop()

    assert status == 2
    (line,) = tracker.log
    assert 'sink "ops": url_env names OPS_URL, which is not set' in line


def cut_short(exchange: Exchange) -> None:
    """Answer 200, and break off before the body is whole."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")
    exchange.hang_up()


def unfinished(exchange: Exchange) -> None:
    """Answer 200 in chunks, without the last one."""
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    exchange.reset()


@pytest.mark.faults
def test_an_answer_that_breaks_off_is_no_delivery(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver(cut_short, unfinished) as receiver:
        entries = provider("acme", vendor.url("acme")) + sink("ops", url=receiver.url)
        with RunningTracker(entries, tmp_path, "-v") as tracker:
            tracker.wait_until_watching()
            page.open_incident("Errors", body="We look into it.")
            receiver.wait_for(lambda r: r.accepted)
            tracker.wait_for(lambda t: any("sink ops takes updates again" in line for line in t.log))
            listed = tracker.command("sinks", "list", "--format", "json")

    assert [delivery.id for delivery in receiver.deliveries] == [receiver.accepted[0].id] * 3
    (report,) = json.loads(listed.stdout)
    assert (report["delivered"], report["dead"], report["state"]) == (1, 0, "ok")


@pytest.mark.faults
def test_dead_letters_are_in_sight_until_they_are_delivered(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver(answers("410 Gone")) as receiver:
        entries = provider("acme", vendor.url("acme")) + sink("chat", url=receiver.url) + sink("ops", url=receiver.url)
        with RunningTracker(entries, tmp_path, "--format", "json") as tracker:
            tracker.wait_until_watching()
            page.open_incident("Errors", body="We look into it.")
            tracker.wait_for(lambda t: reported(t, "dead letters"))
            receiver.wait_for(lambda r: len(r.accepted) == 1)
            states = {row["sink"]: row["state"] for row in json.loads(listed(tracker))}
            (letters,) = [name for name, state in states.items() if state == "dead_letters"]
            status = tracker.command("status").stdout
            tracker.stop()
            before = list(tracker.log)
            tracker.start()
            again = tracker.wait_for(lambda t: reported(t, "dead letters"))
            retried = tracker.command("sinks", "retry", letters)
            tracker.wait_for(lambda t: reported(t, "all sinks take updates again"))
            after = {row["sink"]: row["state"] for row in json.loads(listed(tracker))}

    assert sorted(states.values()) == ["dead_letters", "ok"]
    assert f"dead letters, updates that a receiver did not take: {letters} (1); `tracker sinks dead" in status
    assert f"{letters} (1)" in again[0]
    assert [line for line in before if "again" in line and "sends them again" not in line] == []
    assert retried.stdout == f"1 updates are delivered to {letters} again\n"
    assert set(after.values()) == {"ok"}
    assert len(receiver.accepted) == 2


@pytest.mark.faults
def test_a_sink_that_nothing_reaches_is_named_until_there_is_a_page_for_it(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor:
        entries = provider("acme", vendor.url("acme")) + sink("ops", url="http://127.0.0.1:9/", providers=["other"])
        with RunningTracker(entries, tmp_path) as tracker:
            (line,) = tracker.wait_for(lambda t: reported(t, "matches 'other'"))
            states = [row["state"] for row in json.loads(listed(tracker))]
            shown = tracker.command("sinks", "list").stdout
            checked = tracker.command_without_data("check", str(tracker.providers_file)).stdout
            added = tracker.command("providers", "add", vendor.url("acme"), "--name", "Other", "--allow-private")
            tracker.wait_for(lambda t: reported(t, "every sink can get updates again"))
            removed = tracker.command("providers", "remove", "other")
            tracker.wait_for(lambda t: len(reported(t, "matches 'other'")) == 2)

    sentence = "providers: no page has an id that matches 'other'; there is acme"
    assert f"ops ({sentence})" in line
    assert states == ["unmatched"]
    assert f"ops: {sentence}" in shown
    assert f'note: sink "ops": {sentence}' in checked
    assert (added.returncode, added.stderr) == (0, "")
    assert f"ops ({sentence})" in removed.stderr


@pytest.mark.faults
def test_a_chat_gets_messages_and_a_header_that_nothing_shows(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver() as receiver:
        keys = {"format": "slack", "secret_env": "OPS_SECRET"}
        headers = 'headers_env = { Authorization = "OPS_AUTH" }\n'
        entries = provider("acme", vendor.url("acme")) + sink("chat", url=receiver.url, **keys) + headers
        environ = {"OPS_AUTH": "Bearer correct-horse", **ENVIRON}
        with RunningTracker(entries, tmp_path, "-v", environ=environ) as tracker:
            tracker.wait_until_watching()
            page.open_incident("Errors <!here>", body="We look into it.")
            receiver.wait_for(lambda r: r.accepted)
            tested = tracker.command("sinks", "test", "chat")
            receiver.then(answers("401 Unauthorized", b"who are you"))
            refused = tracker.command("sinks", "test", "chat")
            everything = "".join([*tracker.log, listed(tracker), tested.stdout, refused.stdout, refused.stderr])
        kept = [path for path in tmp_path.rglob("*") if path.is_file() and b"correct-horse" in path.read_bytes()]

    first, test, _ = receiver.deliveries
    assert first.event["text"].startswith("acme\n*Incident:* Errors &lt;!here&gt;")
    assert ">We look into it." in first.event["text"]
    assert "*Incident:* Test of the sink chat (none)" in test.event["text"]
    assert {delivery.headers["authorization"] for delivery in receiver.deliveries} == {"Bearer correct-horse"}
    assert all(delivery.is_signed_with(SECRET) for delivery in receiver.deliveries)
    assert tested.returncode == 0
    assert refused.returncode == 1
    assert "answered 401" in refused.stdout
    assert "see what headers_env gives it: Authorization from OPS_AUTH" in refused.stdout
    assert "correct-horse" not in everything
    assert kept == []


def listed(tracker: RunningTracker) -> str:
    return tracker.command("sinks", "list", "--format", "json").stdout


def reported(tracker: RunningTracker, words: str) -> list[str]:
    """Return the lines of the log with these words."""
    return [line for line in list(tracker.log) if words in line]
