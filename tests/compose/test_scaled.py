"""`deploy/compose/` for real: two beats, several workers, and workers that join through TLS with one address alone.

Run like `test_compose.py`, which says what it needs, and openssl, which makes the certificates.
"""

import json
import logging
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.compose.stack import HERE, PATIENCE_S, ROOT, Stack

pytestmark = pytest.mark.skipif(
    os.environ.get("TRACKER_COMPOSE") != "1", reason="builds an image and runs containers; TRACKER_COMPOSE=1 allows it"
)

log = logging.getLogger(__name__)

DEPLOY = ROOT / "deploy" / "compose"
PROJECT = "status-page-tracker-scaled-test"
#: Where the containers of another project reach this machine.
GATEWAY = "172.17.0.1"
TLS_PORT = "16380"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and a certificate for the address that the data server is published on."""
    directory = tmp_path_factory.mktemp("tls")
    for parent in (directory, *directory.parents[:2]):
        parent.chmod(0o755)
    subprocess.run(["sh", DEPLOY / "certificates.sh", GATEWAY, directory], check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, certificates: Path) -> Iterator[Stack]:
    """The scaled stack, whose data server is published with TLS, with all of the vendor's history on record."""
    environ = {"WORKERS": "2", "REDIS_BIND": GATEWAY, "REDIS_TLS_PORT": TLS_PORT, "REDIS_TLS": str(certificates)}
    environ["TRACKER_LOG_LEVEL"] = "DEBUG"
    compose = Stack(PROJECT, DEPLOY / "scaled.yml", DEPLOY / "shared.yml", **environ)
    compose("down", "--volumes", "--timeout=5")
    compose("build")
    try:
        compose.up()
        compose.wait_for(
            lambda: compose.run("exec", "-T", "printer", "test", "-s", "/data/updates.jsonl").returncode == 0,
            "first update",
        )
        yield compose
    finally:
        if request.session.testsfailed:
            log.error(compose.logs("beat", "worker", "redis")[-20_000:])
        compose("down", "--volumes", "--timeout=5")


def test_two_beats_and_all_workers_share_the_work(stack):
    beats, workers = stack.inspect("beat"), stack.inspect("worker")
    assert (len(beats), len(workers)) == (2, 2)
    ids = {beat["Id"][:12] for beat in beats}
    stack.wait_for(lambda: ids <= _dispatching(stack), "claim by each of the beats")
    stack.wait_for(lambda: all("polled" in _logs(worker["Id"]) for worker in workers), "poll by each of the workers")
    stack.assert_nothing_is_lost()


@pytest.mark.parametrize("survivor", [0, 1])
def test_either_beat_does_all_of_it_when_the_other_is_killed(stack, survivor):
    beats = sorted(stack.inspect("beat"), key=lambda beat: beat["Name"])
    killed = beats[1 - survivor]["Id"]
    subprocess.run(["docker", "kill", killed], check=True, capture_output=True)
    try:
        stack.wait_for_more_updates(5)
        stack.assert_nothing_is_lost()
        states = {beat["Id"]: beat["State"]["Running"] for beat in stack.inspect("beat")}
        assert states == {killed: False, beats[survivor]["Id"]: True}
    finally:
        stack.up()
    stack.assert_nothing_is_lost()


def test_workers_of_another_machine_need_an_address_and_nothing_else(stack, certificates):
    password = stack.secret("worker", "/secrets/tracker/redis-password")
    url = certificates / "redis-url"
    url.write_text(f"rediss://tracker:{quote(password, safe='')}@{GATEWAY}:{TLS_PORT}/0?ssl_ca_certs=/tls/ca.pem\n")
    url.chmod(0o644)
    environ = {"WORKERS": "2", "REDIS_URL_FILE": str(url), "REDIS_CA": str(certificates / "ca.pem")}
    environ["TRACKER_LOG_LEVEL"] = "INFO"
    stack("stop", "worker")
    try:
        _other_machine("up", "--detach", **environ)
        stack.wait_for_more_updates(5)
        stack.assert_nothing_is_lost()
        workers = _other_machine("ps", "--quiet", "worker", **environ).split()
        assert len(workers) == 2
        stack.wait_for(lambda: all("polled" in _logs(worker) for worker in workers), "poll by each of the workers")
    finally:
        log.warning(_other_machine("logs", "--tail=5", **environ))
        _other_machine("down", "--timeout=5", **environ)
        stack.up()


def test_nobody_gets_into_the_published_data_server_without_tls_and_password(stack):
    client = ("redis-cli", "-h", GATEWAY, "-p", TLS_PORT)
    assert "PONG" not in stack.exec("redis", *client, "PING").stdout
    assert "NOAUTH" in stack.exec("redis", *client, "--tls", "--cacert", "/tls/ca.pem", "GET", "x").stdout
    (redis,) = stack.inspect("redis")
    published = {port for port, bindings in redis["NetworkSettings"]["Ports"].items() if bindings}
    assert published == {"6380/tcp"}


def _dispatching(stack: Stack) -> set[str]:
    """Return the containers of the beats that dispatched pages within the last minute."""
    done = stack.exec("printer", "tracker", "status", "--scheduling", "--format", "json")
    beats = json.loads(done.stdout)["schedulers"] if done.returncode == 0 else []
    return {beat["name"].partition(":")[0] for beat in beats if beat["dispatched_last_minute"]}


def _other_machine(*arguments: str, **environ: str) -> str:
    files = ["-f", str(DEPLOY / "worker.yml"), "-f", str(HERE / "other_machine.yml")]
    command = ["docker", "compose", "-p", f"{PROJECT}-workers", "--progress=quiet", *files, *arguments]
    done = subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _logs(container: str) -> str:
    done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return done.stdout + done.stderr
