"""`docker compose up` for real: what runs, what it survives, and what it cannot do. In any order, on one stack.

    TRACKER_COMPOSE=1 .venv/bin/python -m pytest tests/compose

It needs docker with compose 2.26 or later, the base images, and nothing beyond this machine while it runs.
"""

import json
import logging
import os
import subprocess
import time

import pytest

from tests.compose.stack import HERE, LASTING, ONE_SHOT, PATIENCE_S, PROJECT, Stack, readable

pytestmark = pytest.mark.skipif(
    os.environ.get("TRACKER_COMPOSE") != "1", reason="builds an image and runs containers; TRACKER_COMPOSE=1 allows it"
)

log = logging.getLogger(__name__)

#: The longest that any service is given to stop.
GRACE_S = 90.0
OWN = ("worker", "deliverer", "printer", "beat", "web", "flower", "vendor")


def test_updates_reach_log_and_record(stack):
    stack.wait_for_more_updates(3)
    stack.assert_nothing_is_lost()
    newest = [line for line in stack.record() if line["event"] == "incident_update"][-1]
    console = stack.logs("printer")
    assert f"Incident: {newest['incident']} ({newest['impact']})" in console
    assert newest["message"][:60] in console
    assert newest["link"] in console


def test_the_demo_page_stands_beside_the_pages_of_the_file(stack):
    listed = stack.exec("worker", "tracker", "providers", "list", "--format", "json").stdout
    assert {provider["id"] for provider in json.loads(listed)} == {"one", "two", "three", "four", "demo-vendor"}
    assert any(line["provider"] == "demo-vendor" for line in stack.record())


def test_killed_workers_lose_nothing(stack):
    stack("kill", "worker")
    stack.wait_for_more_updates(5)
    stack.up()
    stack.assert_nothing_is_lost()


def test_a_killed_printer_loses_nothing(stack):
    stack("kill", "printer")
    stack.wait_for_more_updates(5)
    stack.up()
    stack.assert_nothing_is_lost()


_KILL_ALL = """
import os, signal
for process in filter(str.isdigit, os.listdir("/proc")):
    if int(process) not in (1, os.getpid()):
        os.kill(int(process), signal.SIGKILL)
"""


def test_what_dies_is_started_again(stack):
    services = ("worker", "printer", "beat", "flower")
    before = {service: stack.inspect(service)[0]["RestartCount"] for service in services}
    for service in services:
        stack.exec(service, "python", "-c", _KILL_ALL)
    stack.wait_for(
        lambda: all(stack.inspect(service)[0]["RestartCount"] > before[service] for service in services), "restart"
    )
    stack.wait_for(lambda: not stack.unhealthy(), "health", stack.unhealthy)
    stack.assert_nothing_is_lost()


def test_a_killed_data_server_keeps_everything(stack):
    stack("stop", "beat", "worker")
    known = stack.exec("printer", "tracker", "providers", "list", "--format", "json").stdout
    time.sleep(1.5)
    stack("kill", "redis")
    stack("start", "redis")
    stack.wait_for(lambda: stack.exec("printer", "tracker", "providers", "list").returncode == 0, "data server")
    assert stack.exec("printer", "tracker", "providers", "list", "--format", "json").stdout == known
    assert "younger than the record" not in stack.logs("printer")
    stack.up()
    stack.assert_nothing_is_lost()


def test_more_workers_share_the_work(stack):
    try:
        stack.up("--scale=worker=3")
        workers = stack.inspect("worker")
        assert len(workers) == 3
        stack.wait_for(
            lambda: all("polled" in _docker("logs", worker["Id"]) for worker in workers), "poll by each of the workers"
        )
        stack.assert_nothing_is_lost()
    finally:
        stack.up("--scale=worker=1")
    stack.assert_nothing_is_lost()


def test_flower_asks_for_the_password_that_its_log_reports(stack):
    password = stack.secret("flower", "/secrets/flower/password")
    assert f"sign in as tracker with the password {password}\n" in stack.logs("flower")
    for path in ("/", "/workers", "/tasks", "/broker", "/api/tasks", "/api/workers", "/api/queues/length"):
        assert stack.flower(path, signed_in=False)[0] == 401, path
        assert stack.flower(path)[0] == 200, path
    assert stack.flower("/healthcheck") == (200, "OK")


def test_flower_shows_tasks_and_their_throughput(stack):
    def finished(name: str) -> bool:
        tasks = json.loads(stack.flower(f"/api/tasks?limit=5&taskname=workers.tasks.{name}&state=SUCCESS")[1])
        return bool(tasks)

    stack.wait_for(lambda: finished("fetch_provider"), "fetch_provider in Flower")
    metrics = stack.flower("/metrics")[1]
    assert 'task="workers.tasks.fetch_provider",type="task-succeeded"' in metrics
    assert json.loads(stack.flower("/api/queues/length")[1])["active_queues"]


def test_flower_changes_nothing(stack):
    for path in ("task/send-task/workers.tasks.print_updates", "worker/shutdown/any", "task/revoke/any"):
        assert stack.flower(f"/api/{path}", "POST")[0] == 403, path


def test_flower_does_not_start_without_a_password(stack):
    done = stack.run("run", "--rm", "--no-deps", "-e", "FLOWER_PASSWORD_FILE=", "flower")
    assert done.returncode == 2
    assert "flower: there is no password" in done.stdout + done.stderr


def test_an_edited_catalogue_is_applied_by_one_command(stack, tmp_path):
    before = (HERE / "providers.toml").read_text(encoding="utf-8")
    edited = readable(tmp_path, before + '\n[[provider]]\nname = "Five"\nurl = "http://vendor:8080/acme-2"\n')
    done = stack.run("run", "--rm", "catalogue", providers=edited)
    assert "6 pages: 1 added, 0 changed, 0 removed" in done.stdout, "the page of the demo stays while its vendor runs"
    stack.wait_for(lambda: any(line["provider"] == "five" for line in stack.record()), "update of the new page")
    stack.up()
    stack.assert_nothing_is_lost()


def test_an_error_in_the_catalogue_is_one_sentence(stack, tmp_path):
    done = stack.run("run", "--rm", "catalogue", providers=readable(tmp_path, '[[provider]]\nname = "One"\n'))
    assert done.returncode == 2
    reported = [line for line in (done.stdout + done.stderr).splitlines() if "tracker:" in line]
    assert len(reported) == 1
    assert 'provider 1 "One"' in reported[0]


@pytest.mark.parametrize("service", [*LASTING, *ONE_SHOT])
def test_containers_have_no_rights(stack, service):
    for container in stack.inspect(service):
        host = container["HostConfig"]
        assert container["Config"]["User"] not in ("", "root", "0")
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert not host["Privileged"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        # A worker has threads for polls and look-ups.
        assert 0 < host["PidsLimit"] <= (512 if service == "worker" else 256)
        assert 0 < host["Memory"] <= 1 << 30
        assert 0 < host["NanoCpus"] <= 1_000_000_000, "more than a core cannot be had on the smallest machine"
        assert host["LogConfig"]["Config"]["max-size"]


@pytest.mark.parametrize("service", LASTING)
def test_processes_can_write_nowhere_else(stack, service):
    status = stack.exec(service, "cat", "/proc/self/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split()[0] != "0"
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    for path in ("/x", "/etc/x", "/usr/local/x", "/opt/x", "/var/tmp/x", "/secrets/x", "/secrets/tracker/x"):
        assert stack.exec(service, "touch", path).returncode != 0, path
    assert stack.exec(service, "touch", "/tmp/x").returncode == 0
    assert stack.exec(service, "sh", "-c", "cp /bin/true /tmp/true && /tmp/true").returncode != 0


def test_pages_alone_have_a_port_and_only_on_loopback(stack):
    for container in stack.inspect(*LASTING):
        bindings = {
            binding["HostIp"] for ports in container["NetworkSettings"]["Ports"].values() for binding in ports or []
        }
        service = container["Config"]["Labels"]["com.docker.compose.service"]
        assert bindings == ({"127.0.0.1"} if service in ("flower", "web") else set()), service


def test_networks_are_apart(stack):
    reach = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"
    reachable = [("worker", "redis", 6379), ("worker", "vendor", 8080), ("beat", "redis", 6379)]
    unreachable = [("vendor", "redis", 6379), ("beat", "vendor", 8080), ("printer", "vendor", 8080)]
    for source, target, port in reachable:
        assert stack.exec(source, "python", "-c", reach, target, str(port)).returncode == 0, (source, target)
    for source, target, port in unreachable:
        assert stack.exec(source, "python", "-c", reach, target, str(port)).returncode != 0, (source, target)
    assert json.loads(_docker("network", "inspect", f"{PROJECT}_inside"))[0]["Internal"]


_COMMANDS = """
import json, os, redis, sys
from tracker.environment.settings import Settings
client = redis.Redis.from_url(Settings.from_environment(os.environ).redis_url)
answers = []
for command in json.loads(sys.argv[1]):
    try:
        client.execute_command(*command)
        answers.append("done")
    except redis.RedisError as error:
        answers.append(type(error).__name__)
print(json.dumps(answers))
"""
_REFUSED = (
    ["FLUSHALL"],
    ["FLUSHDB"],
    ["CONFIG", "GET", "*"],
    ["CONFIG", "SET", "dir", "/tmp"],
    ["KEYS", "*"],
    ["SHUTDOWN"],
    ["ACL", "LIST"],
    ["CLIENT", "KILL", "TYPE", "normal"],
    ["MONITOR"],
    ["REPLICAOF", "127.0.0.1", "1"],
    ["MODULE", "LIST"],
    ["FUNCTION", "FLUSH"],
    ["SCRIPT", "FLUSH"],
    ["EVAL", "return 1", "0"],
    ["BGREWRITEAOF"],
    ["SUBSCRIBE", "other"],
)


def test_the_trackers_user_administers_nothing(stack):
    done = stack.exec("worker", "python", "-c", _COMMANDS, json.dumps([["PING"], *_REFUSED]))
    assert json.loads(done.stdout) == ["done", *["NoPermissionError"] * len(_REFUSED)]


def test_flowers_user_has_no_access_to_what_the_tracker_knows(stack):
    commands = [["LLEN", "fetch"], ["HGETALL", "tracker:providers"], ["DEL", "tracker:updates"], *_REFUSED]
    done = stack.exec("flower", "python", "-c", _COMMANDS, json.dumps(commands))
    assert json.loads(done.stdout) == ["done", *["NoPermissionError"] * (len(commands) - 1)]


def test_nobody_else_gets_into_the_data_server(stack):
    assert "NOAUTH" in stack.exec("redis", "redis-cli", "GET", "x").stdout
    assert "WRONGPASS" in stack.exec("redis", "redis-cli", "-a", "guess", "PING").stderr
    assert "NOPERM" in stack.exec("redis", "redis-cli", "--user", "health", "--pass", "none", "GET", "x").stdout


def test_no_permission_was_missing(stack):
    logs = stack.logs()
    assert "NOPERM" not in logs
    assert "No permissions" not in logs


def test_secrets_stay_where_they_are(stack):
    paths = (
        *("tracker/redis-password", "flower/redis-password", "flower/password", "flower/cookie-secret"),
        *("web/token", "web/hook-key"),
    )
    printed = {"flower/password": "flower", "web/token": "web"}
    secrets = {
        path: stack.secret(path.split("/")[0].replace("tracker", "worker"), f"/secrets/{path}") for path in paths
    }
    assert len(set(secrets.values())) == len(paths)
    assert all(len(secret) >= 20 for secret in secrets.values())
    containers = [container["Id"] for container in stack.inspect()]
    public = [stack("config"), json.dumps(stack.inspect()), stack.logs(*set(LASTING + ONE_SHOT) - {*printed.values()})]
    public += [_docker("top", container["Id"]) for container in stack.inspect() if container["State"]["Running"]]
    public += [
        _docker("logs", container) for container in containers if container not in _ids(stack, *printed.values())
    ]
    for path, secret in secrets.items():
        assert not [text for text in public if secret in text], path
        assert [service for service in ("flower", "web") if secret in stack.logs(service)] == [
            service for each, service in printed.items() if each == path
        ], path
    for service in OWN:
        theirs = {
            "worker": {"tracker"},
            "deliverer": {"tracker"},
            "printer": {"tracker"},
            "beat": {"tracker"},
            "web": {"tracker", "web"},
            "flower": {"flower"},
            "vendor": set(),
        }
        for owner in ("tracker", "flower", "web", "redis"):
            files = stack.exec(service, "ls", f"/secrets/{owner}").stdout.split()
            assert bool(files) == (owner in theirs[service]), (service, owner)


def test_stopping_takes_less_than_the_grace_and_going_on_repeats_nothing(stack):
    # The vendor goes on, and the page that it ends with: one that is started anew forgets what it posted.
    stopped = [service for service in LASTING if service not in ("vendor", "web")]
    began = time.monotonic()
    stack("stop", *stopped)
    log.warning("stopped after %.1f s", time.monotonic() - began)
    assert time.monotonic() - began < GRACE_S / 2
    for container in stack.inspect(*stopped):
        assert container["State"]["ExitCode"] == 0, container["Name"]
        assert not container["State"]["OOMKilled"], container["Name"]
    stack.wait_for_more_updates(5)
    stack.up()
    stack.assert_nothing_is_lost()


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    return done.stdout + done.stderr


def _ids(stack: Stack, *services: str) -> list[str]:
    return [container["Id"] for container in stack.inspect(*services)]
