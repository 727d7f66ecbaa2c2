"""`deploy/prometheus` and `deploy/grafana`: rules that hold what they promise, and names of metrics that exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import redis
import yaml

from tests.metrics.running import running
from tests.metrics.test_metrics import busy
from tests.web.running import failing, provider
from tracker.store.connection import CHANNEL_PREFIX, SINK_PREFIX

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboard.json"
RULES = DEPLOY / "prometheus" / "rules.yml"
TESTS = sorted(RULES.parent.glob("rules*.test.yml"))
_NAME = re.compile(r"\b(?:tracker|process)_[a-z_]+\b")

has_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is what judges the rules")


@has_promtool
def test_each_rule_fires_in_its_time_and_not_before() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", *(file.name for file in TESTS)],
        cwd=RULES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_test() -> None:
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    tested = "".join(file.read_text(encoding="utf-8") for file in TESTS)
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert len(names) == 9
    assert [name for name in names if name not in tested] == []


def test_rules_and_dashboard_name_only_metrics_that_exist(valkey: "redis.Redis", tmp_path: Path) -> None:
    with running(valkey, tmp_path) as web:
        web.watch((provider(components=("API",)), failing()))
        busy(valkey)
        for key in (f"{SINK_PREFIX}ops", f"{CHANNEL_PREFIX}chat"):
            valkey.hset(key, mapping={"failures": 1, "failing_since": 1})
        text = web.get("/metrics").text
    served = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}

    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    variables = [json.dumps(each["query"]) for each in dashboard["templating"]["list"]]
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]

    for where in (panels, variables, expressions):
        named = set(_NAME.findall(" ".join(where)))
        assert named
        assert named - served == set()
    # And nothing that is served is shown nowhere, but for what somebody has to ask for.
    shown = set(_NAME.findall(" ".join(panels)))
    unseen = {name for name in served if name.startswith("tracker_")} - shown
    assert unseen == {
        "tracker_component_state",
        "tracker_record_waiting_since_timestamp_seconds",
        "tracker_schedule_lateness_seconds_count",
        "tracker_update_delay_seconds_count",
        "tracker_update_delay_seconds_sum",
    }


@has_promtool
def test_the_configuration_and_every_expression_of_the_dashboard_are_understood(tmp_path: Path) -> None:
    shutil.copytree(RULES.parent, tmp_path / "prometheus")
    config = tmp_path / "prometheus" / "prometheus.yml"
    (tmp_path / "token").write_text("t" * 20)
    config.write_text(config.read_text().replace("/secrets/metrics/token", str(tmp_path / "token")))
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    rules = [
        {"record": f"panel:{panel['id']}:{target['refId'].lower()}",
         "expr": target["expr"].replace("$provider", ".*").replace("$__rate_interval", "1m")}
        for panel in panels for target in panel.get("targets", ())
    ]  # fmt: skip
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    for words in (["config", str(config)], ["rules", str(tmp_path / "panels.yml")]):
        done = subprocess.run(["promtool", "check", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
