"""Webhooks of the whole stack: real processes, a real data server, a receiver on loopback."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.e2e.running import RunningTracker, provider
from tests.receiver import SECRET, Receiver, answers, close, stall
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

ENVIRON = {"OPS_SECRET": SECRET}


def sink(name: str, **keys: Any) -> str:
    """Return a [[sink]] on this machine."""
    values = {"name": name, "allow_private": True, **keys}
    return "\n".join(["[[sink]]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()), ""])


def test_every_event_arrives_signed_and_in_order_though_the_receiver_fails_now_and_then(tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    failures = (answers("503 Service Unavailable"), close, answers("429 Too Many Requests", Retry_After="1"))
    with SimulatedVendor([page]) as vendor, Receiver() as receiver:
        entries = provider("acme", vendor.url("acme")) + sink("ops", url_env="OPS_URL", secret_env="OPS_SECRET")
        environ = {"OPS_URL": receiver.url, **ENVIRON}
        with RunningTracker(entries, tmp_path, "--format", "json", environ=environ) as tracker:
            tracker.wait_until_watching()
            incident = page.open_incident("Errors", body="We look into it.", components={"API": "major_outage"})
            receiver.wait_for(lambda r: len(r.accepted) == 2)
            for number, failure in enumerate(failures):
                receiver.then(failure)
                page.post_update(incident, "identified", f"It is cause {number}.")
                receiver.wait_for(lambda r, number=number: len(r.accepted) == 3 + number)
            page.resolve(incident, "It is over.")
            receiver.wait_for(lambda r: len(r.accepted) == 7)
            tracker.wait_for(lambda t: len(t.events) == 7)
            listed = tracker.command("sinks", "list", "--format", "json")
            shown = tracker.command("sinks", "list")

    assert receiver.accepted_ids == [event["id"] for event in tracker.events]
    assert [delivery.event for delivery in receiver.accepted] == tracker.events
    assert len(receiver.deliveries) == 7 + len(failures)
    assert all(delivery.is_signed_with(SECRET) for delivery in receiver.deliveries)
    assert all(delivery.headers["idempotency-key"] == delivery.id for delivery in receiver.deliveries)
    (report,) = json.loads(listed.stdout)
    assert (report["delivered"], report["waiting"], report["dead"], report["state"]) == (7, 0, 0, "ok")
    assert "$OPS_URL" in shown.stdout
    assert "hunter2" not in shown.stdout + listed.stdout + "".join(tracker.log)


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


def test_a_sink_that_comes_while_the_tracker_runs_is_told_of_what_comes_then(tmp_path: Path) -> None:
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

    assert "1 sinks: 1 added" in synced.stdout
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
