"""The compose profile `metrics`: what it mounts is there, and nothing is published without a sign-in."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]


def mounts(service: str) -> dict[str, str]:
    """Return what is mounted, by its place in the container."""
    pairs = [volume.split(":") for volume in SERVICES[service]["volumes"]]
    return {place: source for source, place, *_ in pairs}


def test_prometheus_has_its_files_and_asks_the_page_with_a_token_that_only_reads() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    host, port = target.split(":")
    web = SERVICES["web"]["environment"]
    assert host in web["TRACKER_WEB_HOSTS"].split(",")
    assert SERVICES["web"]["command"][-1].endswith(f":{port}")
    token = job["authorization"]["credentials_file"]
    assert token == web["TRACKER_WEB_TOKEN_FILE"] != web["TRACKER_WEB_ACT_TOKEN_FILE"]
    assert mounts("prometheus")["/secrets/metrics"] == mounts("web")["/secrets/metrics"]
    assert (ROOT / mounts("prometheus")["/etc/tracker"] / config["rule_files"][0]).is_file()
    assert not SERVICES["prometheus"].get("ports")
    assert SERVICES["prometheus"]["networks"] == ["inside"]


def test_grafana_finds_its_dashboard_its_source_and_its_password() -> None:
    environ, found = SERVICES["grafana"]["environment"], mounts("grafana")
    provisioning = ROOT / found[environ["GF_PATHS_PROVISIONING"]]
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in SERVICES
    (provider,) = yaml.safe_load((provisioning / "dashboards/tracker.yml").read_text())["providers"]
    home = environ["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.startswith(provider["options"]["path"])
    assert (ROOT / found[home]).is_file()
    assert environ["GF_SECURITY_ADMIN_PASSWORD__FILE"].startswith("/secrets/grafana/")
    assert SERVICES["grafana"]["ports"][0].startswith("127.0.0.1:")


def test_the_first_start_makes_each_secret_that_is_mounted() -> None:
    made = (ROOT / "deploy/first-start.sh").read_text(encoding="utf-8")
    for path in ("/secrets/metrics/token", "/secrets/grafana/password"):
        assert f"secret {path} " in made
        assert mounts("setup")[str(Path(path).parent)] in COMPOSE["volumes"]
        assert str(Path(path).parent) in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_images_of_others_have_a_fixed_version() -> None:
    for name in ("prometheus", "grafana"):
        assert SERVICES[name]["profiles"] == ["metrics"]
        assert SERVICES[name]["image"].rpartition(":")[2].count(".") == 2
