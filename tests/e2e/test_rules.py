"""A real Prometheus over a tracker: beat, a worker, the printer and the data server hang one by one, and are reported.

The rules are those of `deploy/prometheus`, with their minutes made seconds; `promtool test rules` covers the minutes.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.e2e.running import RunningTracker, provider
from tests.metrics.test_prometheus_files import RULES
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="Prometheus is what evaluates the rules"),
]
PATIENCE_S = 90.0
#: Of the rules: minutes become seconds.
_SHORTER = {"> 300": "> 10", "< 300": "< 10", "> 900": "> 15"}


def scaled_rules() -> str:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for rule in (each for group in rules["groups"] for each in group["rules"]):
        for minutes, seconds in _SHORTER.items():
            rule["expr"] = rule["expr"].replace(minutes, seconds)
        rule["for"] = "2s" if "for" in rule else "0s"
    text: str = yaml.safe_dump(rules)
    assert "300" not in text
    return text


class RunningPrometheus:
    """Prometheus that scrapes one address with the rules."""

    def __init__(self, directory: Path, target: str, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        directory.mkdir()
        (directory / "rules.yml").write_text(scaled_rules())
        config = {
            "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [{"job_name": "tracker", "static_configs": [{"targets": [target]}]}],
        }
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._process = subprocess.Popen(
            ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def query(self, expression: str) -> list[Any]:
        """Return what an expression is now; nothing while Prometheus starts."""
        try:
            answer = requests.get(f"{self._url}/api/v1/query", params={"query": expression}, timeout=10)
        except requests.ConnectionError:
            return []
        found: list[Any] = answer.json()["data"]["result"] if answer.ok else []
        return found

    def firing(self) -> set[str]:
        """Return which alerts fire now."""
        return {each["metric"]["alertname"] for each in self.query('ALERTS{alertstate="firing"}')}

    def wait_for(self, reached: Callable[[], Any]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < until, self.firing()
            time.sleep(0.25)


@contextmanager
def hanging(tracker: RunningTracker, marker: str) -> Iterator[None]:
    """Have the processes of a kind stand still: they are there, and do nothing."""
    stopped = tracker.children(marker)
    assert stopped, marker
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.faults
def test_what_hangs_is_reported_by_the_matching_rule_and_taken_back(tmp_path: Path, free_port: int) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor:
        entry = provider("acme", vendor.url("acme"), interval=2)
        with RunningTracker(entry, tmp_path, "--web", "127.0.0.1:0") as tracker:
            tracker.wait_until_watching()
            found = tracker.wait_for(lambda t: re.search(r"page is at http://(127\.0\.0\.1:\d+)/", "".join(t.log)))
            prometheus = RunningPrometheus(tmp_path / "prometheus", found[1], free_port)
            try:
                _check(prometheus, tracker, page)
            finally:
                prometheus.stop()


def _check(prometheus: RunningPrometheus, tracker: RunningTracker, page: Page) -> None:
    read = 'tracker_provider_state{provider="acme", state="operational"} == 1'
    prometheus.wait_for(lambda: prometheus.query(read))

    def reported(rule: str, marker: str) -> None:
        prometheus.wait_for(lambda: not prometheus.firing())
        with hanging(tracker, marker):
            if rule == "DeliveryStuck":
                page.open_incident("Errors", impact="minor", body="We look into it.", components={})
            prometheus.wait_for(lambda: rule in prometheus.firing())
        prometheus.wait_for(lambda: rule not in prometheus.firing())

    reported("DeliveryStuck", "-Q print")
    reported("TrackerBlind", "-Q fetch")
    reported("TrackerLate", " beat ")
    reported("TrackerScrapeFailing", "valkey")
