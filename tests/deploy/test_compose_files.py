"""`deploy/compose/` as compose reads it; `tests/compose` runs it."""

import json
import os
import re
import shutil
import subprocess
from typing import Any

import pytest

from tests.deploy.manifests import ROOT
from tracker import __version__

DEPLOY = ROOT / "deploy" / "compose"
ONE, SCALED, SHARED, WORKER = (
    ROOT / "docker-compose.yml",
    *(DEPLOY / f"{it}.yml" for it in ("scaled", "shared", "worker")),
)


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _has_compose(), reason="docker compose puts the files together")


def run(*files: Any, **environ: str) -> "subprocess.CompletedProcess[str]":
    names = [word for file in files for word in ("-f", str(file))]
    command = ["docker", "compose", *names, "config", "--format", "json"]
    base = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(command, cwd=ROOT, env=base | environ, capture_output=True, text=True, check=False)


def config(*files: Any, **environ: str) -> dict[str, Any]:
    """Return the services."""
    done = run(*files, **environ)
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services


def test_our_image_has_the_version_for_a_tag_and_is_built_once_and_never_pulled():
    services = config(ONE)
    ours = {name: it for name, it in services.items() if it["image"].startswith("status-page-tracker")}
    assert {it["image"] for it in ours.values()} == {f"status-page-tracker:{__version__}"}
    assert {name for name, it in ours.items() if "build" in it} == {"setup"}
    assert {it["pull_policy"] for it in ours.values()} == {"never"}


def test_base_images_can_be_named_by_digest():
    pins = (DEPLOY / "images.env").read_text(encoding="utf-8")
    named = dict(line.split("=", 1) for line in pins.splitlines() if line and not line.startswith("#"))
    assert all(re.fullmatch(r"[\w.-]+:\d+\.\d+\.\d+-[\w.-]+@sha256:[0-9a-f]{64}", image) for image in named.values())
    services = config(ONE, **named)
    assert services["redis"]["image"] == named["REDIS_IMAGE"]
    assert services["setup"]["build"]["args"] == {"PYTHON_IMAGE": named["PYTHON_IMAGE"]}
    assert re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2


def test_scaled_means_two_beats_and_as_many_workers_as_you_like():
    one, scaled, more = config(ONE), config(ONE, SCALED), config(ONE, SCALED, WORKERS="9", REDIS_MAXMEMORY="3gb")

    assert (scaled["beat"]["scale"], scaled["worker"]["scale"], more["worker"]["scale"]) == (2, 4, 9)
    assert more["redis"]["entrypoint"] == [*one["redis"]["entrypoint"], "--maxmemory", "3gb"]
    changed = {name for name in one if one[name] != scaled[name]}
    assert changed == {"beat", "worker", "redis"}
    assert scaled["printer"].get("scale", 1) == 1


def test_shared_publishes_tls_on_the_named_address_and_nothing_else():
    redis = config(ONE, SCALED, SHARED, REDIS_BIND="10.0.0.5", REDIS_MAXMEMORY="3gb")["redis"]

    assert [(port["host_ip"], port["published"], port["target"]) for port in redis["ports"]] == [
        ("10.0.0.5", "6380", 6380)
    ]
    command = redis["entrypoint"]
    assert command[command.index("--tls-port") + 1] == "6380"
    assert command[command.index("--maxmemory") + 1] == "3gb"
    assert "inside" in redis["networks"]
    mounts = {mount["target"]: mount.get("read_only", False) for mount in redis["volumes"]}
    assert mounts == {"/etc/redis": True, "/secrets/redis": True, "/data": False, "/tls": True}


def test_shared_does_not_guess_an_address():
    done = run(ONE, SCALED, SHARED)

    assert done.returncode != 0
    assert "the address of this machine" in done.stderr


def test_a_worker_elsewhere_is_the_same_worker_and_keeps_nothing():
    own = ("build", "depends_on", "environment", "networks", "scale", "volumes")
    here, elsewhere = config(ONE)["worker"], config(WORKER, WORKERS="3")

    assert elsewhere.keys() == {"worker"}
    there = elsewhere["worker"]
    assert {key: value for key, value in there.items() if key not in own} == {
        key: value for key, value in here.items() if key not in own
    }
    assert there["scale"] == 3
    assert "depends_on" not in there
    assert {(mount["type"], mount["read_only"]) for mount in there["volumes"]} == {("bind", True)}
    assert there["environment"]["REDIS_URL_FILE"] in {mount["target"] for mount in there["volumes"]}
    assert set(there["environment"]) - {"REDIS_URL_FILE"} <= set(here["environment"])
    assert list(there["networks"]) == ["outside"]
