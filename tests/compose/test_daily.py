"""What people do with the stack from day to day, and what it does by itself: each on one stack, in any order.

Run like `test_compose.py`. Some of it takes the stack down, so the vendor, who forgets what it posted, is not compared.
"""

import json
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from typing import Any, NamedTuple

import pytest

from tests.compose.stack import HERE, ROOT, Stack, readable
from tracker import __version__

pytestmark = pytest.mark.skipif(
    os.environ.get("TRACKER_COMPOSE") != "1", reason="builds an image and runs containers; TRACKER_COMPOSE=1 allows it"
)

TYPO = '[[provider]]\nname = "One"\nurk = "http://vendor:8080/acme-1"\n'


def watched(stack: Stack) -> set[str]:
    """Return the ids of the pages that are watched."""
    listed = stack.exec("printer", "tracker", "providers", "list", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    return {provider["id"] for provider in json.loads(listed.stdout)}


def running(stack: Stack) -> list[str]:
    """Return all running containers of the project, of whatever profile."""
    label = f"label=com.docker.compose.project={stack.project}"
    done = subprocess.run(
        ["docker", "ps", "--quiet", "--filter", label], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()


def wait_for_polls(stack: Stack, *, count: int = 3) -> None:
    """Wait until pages are polled again: the newest of the polls moves on."""
    seen: set[str] = set()

    def moved() -> bool:
        done = stack.exec("printer", "tracker", "status", "--format", "json")
        seen.update(re.findall(r'"checked_at": ?"([^"]+)"', done.stdout))
        return len(seen) >= count

    stack.wait_for(moved, "polls", lambda: seen)


# the catalogue


def test_a_typo_leaves_the_old_catalogue_running_and_says_so(stack, tmp_path):
    before = watched(stack)
    typo = readable(tmp_path, TYPO)
    stack("down", "--timeout=5")

    done = stack.run("up", "--detach", providers=typo)

    assert done.returncode == 0, done.stderr
    said = stack.logs("sync").splitlines()
    assert "provider 1" in said[-2]
    assert "urk" in said[-2]
    assert said[-1].endswith(f"nothing was changed: {len(before)} pages as before, until the file is corrected")
    assert watched(stack) == before
    wait_for_polls(stack)
    stack.up()


def test_a_typo_without_an_old_catalogue_is_an_error(stack):
    sync = "cd /tmp && echo '[[provider]]' > typo.toml && REDIS_URL=redis://redis:6379/1"
    done = stack.exec("worker", "sh", "-c", f"{sync} tracker providers sync --or-keep typo.toml")
    assert done.returncode == 2
    assert "provider 1" in done.stderr
    assert "as before" not in done.stderr


@pytest.mark.parametrize("command", ["once", "status", "backtest one --days 3"])
def test_commands_in_a_worker_find_the_pages(stack, command):
    done = stack.exec("worker", "tracker", *command.split(), "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if command == "once":
        text = json.dumps(found)
        assert all(f'"{page}"' in text for page in watched(stack))


def test_the_doctor_in_a_worker_finds_nothing_wrong(stack):
    done = stack.exec("worker", "tracker", "doctor", "--format", "json")
    checks = {check["name"]: check["level"] for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, done.stdout
    assert not {name for name, level in checks.items() if level in ("problem", "warning")}, done.stdout


# the demo


def test_scaling_does_not_end_the_demo(stack):
    vendor = stack.inspect("vendor")[0]["State"]["StartedAt"]
    done = stack.run("up", "--detach", "--scale=worker=2", demo=False)
    assert done.returncode == 0, done.stderr
    assert "demo-vendor" in watched(stack)
    assert len(stack.inspect("worker")) == 2
    assert stack.inspect("vendor")[0]["State"]["StartedAt"] == vendor
    stack.up("--scale=worker=1")


def test_down_ends_the_demo_and_the_next_start_forgets_it(stack):
    assert running(stack)
    done = stack.run("down", "--timeout=5", demo=False)
    assert done.returncode == 0
    assert "still in use" not in done.stderr
    assert not running(stack)

    stack.run("up", "--detach", demo=False)

    assert watched(stack) == {"one", "two", "three", "four"}
    assert not [each for each in stack.inspect("vendor") if each["State"]["Running"]]
    stack.up()
    assert "demo-vendor" in watched(stack)


def test_after_down_and_up_catalogue_record_and_state_are_as_before(stack):
    add = (
        "tracker",
        "providers",
        "add",
        "http://vendor:8080/acme-5",
        "--name",
        "five",
        "--no-check",
        "--allow-private",
    )
    assert stack.exec("worker", *add).returncode == 0
    wait_for_polls(stack)
    stack("stop", "vendor")  # who would be another one afterwards: what is kept now stays as it is
    kept: list[Kept] = []

    def rests() -> bool:
        kept.append(Kept.of(stack))
        return kept[-2:] == [kept[-1]] * 2

    stack.wait_for(rests, "rest")
    assert stack.run("down", "--timeout=20", demo=False).returncode == 0

    assert stack.run("up", "--detach", demo=False).returncode == 0
    wait_for_polls(stack)
    after = Kept.of(stack)

    assert after.pages == {id_: page for id_, page in kept[-1].pages.items() if id_ != "demo-vendor"}
    assert set(after.pages) == {"one", "two", "three", "four", "five"}
    assert after.record[: len(kept[-1].record)] == kept[-1].record
    assert {line["event"] for line in after.record[len(kept[-1].record) :]} <= {"page_unreadable"}
    stack.up()
    stack.wait_for(lambda: len(stack.record()) > len(after.record), "updates of the vendor that began anew")
    ids = [line["id"] for line in stack.record()]
    assert len(ids) == len(set(ids))
    assert stack.exec("worker", "tracker", "providers", "remove", "five").returncode == 0


class Kept(NamedTuple):
    """What has to outlive the containers."""

    record: list[dict[str, Any]]
    #: By id, what is known of each page, whether or not it can be read now.
    pages: dict[str, tuple[object, ...]]

    @classmethod
    def of(cls, stack: Stack) -> "Kept":
        done = stack.exec("printer", "tracker", "status", "--format", "json")
        assert done.returncode == 0, done.stderr
        known = ("url", "incidents", "maintenances", "planned_maintenances", "components")
        pages = {page["provider"]: tuple(page[key] for key in known) for page in json.loads(done.stdout)}
        return cls(stack.record(), pages)


# the log


def test_in_the_foreground_updates_show_and_nothing_else(stack):
    lines: list[str] = []
    updates = threading.Event()
    command = stack.command("up", "--no-color")
    environ = stack.environ(TRACKER_LOG_LEVEL="WARNING")
    subprocess.run([*command, "--detach"], cwd=ROOT, env=environ, check=True, capture_output=True)
    shown = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )

    def read() -> None:
        assert shown.stdout is not None
        for line in shown.stdout:
            lines.append(line.replace("\x1b[2K", "").rstrip())
            if sum("Incident:" in each for each in lines) >= 3:
                updates.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert updates.wait(120), "\n".join(lines)
    finally:
        os.killpg(shown.pid, signal.SIGKILL)  # not Ctrl-C, which stops the stack
        reader.join()
        shown.communicate()
    services = {line.partition("|")[0].strip() for line in lines if "|" in line}
    others = [line for line in lines if "|" in line and not line.startswith(("printer-", "setup-", "sync-"))]
    assert any(service.startswith("printer-") for service in services)
    assert not others
    assert not [line for line in lines if "celery" in line]
    stack.up()


def test_the_data_server_is_away_in_a_few_lines(stack):
    since = stack.exec("worker", "date", "-u", "+%Y-%m-%dT%H:%M:%SZ").stdout.strip()
    stack("kill", "redis")
    stack("start", "redis")
    stack.wait_for(lambda: not stack.unhealthy(), "health", stack.unhealthy)
    for service in ("worker", "printer", "deliverer", "beat"):
        said = [line for line in stack.logs("--since", since, service).splitlines() if line.strip()]
        assert "DeprecationWarning" not in "".join(said)
        assert "Traceback" not in "".join(said)
        assert "Unrecoverable" not in "".join(said)
        others = [line for line in said if not re.match(r"\d{4}-\d\d-\d\dT|\[|  ", line)]
        assert not others, (service, others)


# what hangs

_HANG = """
import os, signal
for process in filter(str.isdigit, os.listdir("/proc")):
    if int(process) not in (1, os.getpid(), os.getppid()):
        try:
            os.kill(int(process), signal.SIGSTOP)
        except PermissionError:
            pass  # of another user: the demo's vendor
"""


@pytest.mark.parametrize("service", ["worker", "web"])
def test_what_hangs_is_ended_and_started_again(stack, service):
    before = stack.inspect(service)[0]["RestartCount"]
    stack.exec(service, "python", "-c", _HANG)
    # Ten minutes pass.
    stack.exec(service, "touch", "-t", "202001010000", "/tmp/tick")
    stack.wait_for(lambda: stack.inspect(service)[0]["RestartCount"] > before, "restart")
    assert "health: no sign of life for ten minutes" in stack.logs(service)
    stack.up()


def test_a_data_server_that_hangs_is_started_again(stack):
    before = stack.inspect("redis")[0]["RestartCount"]
    stack.exec("redis", "sh", "-c", "kill -STOP $(pidof redis-server); touch -t 202001010000 /tmp/tick")
    stack.wait_for(lambda: stack.inspect("redis")[0]["RestartCount"] > before, "restart")
    stack.up()
    wait_for_polls(stack)


# the page


def test_the_page_opens_with_the_token_that_its_log_shows(stack):
    (token,) = set(re.findall(r"sign in with the token (\S+)", stack.logs("web")))
    assert token == stack.secret("web", "/secrets/web/token").strip()
    assert "the page is at http://127.0.0.1:8000/" in stack.logs("web")
    address = f"http://{stack.published('web', 8000)}"

    def ask(path: str, **headers: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(urllib.request.Request(address + path, headers=headers), timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""

    assert ask("/healthz")[0] == 200
    assert ask("/api/v1/providers")[0] == 401
    status, body = ask("/api/v1/providers", Authorization=f"Bearer {token}")
    assert status == 200
    assert all(f'"{page}"' in body for page in watched(stack))
    assert ask("/", Authorization=f"Bearer {token}")[0] == 200


# alerts


def test_the_deliverer_has_the_variables_of_its_file(stack, tmp_path):
    typo = (HERE / "providers.toml").read_text() + (
        '\n[[channel]]\nname = "ops"\ntype = "webhook"\nurl_env = "OPS_URL"\nallow_private = true\n'
        '\n[[route]]\nto = ["ops"]\n'
    )
    done = stack.run("run", "--rm", "catalogue", providers=readable(tmp_path, typo))
    assert done.returncode == 0, done.stderr
    assert "1 channel and 1 route: changed" in done.stdout
    try:
        file = next(each for each in stack.inspect("deliverer"))
        assert not [each for each in file["Config"]["Env"] if each.startswith("OPS_URL=")]
        command = ("-e", "OPS_URL=http://vendor:8080/acme-1/hook", "deliverer", "tracker", "channels", "test", "ops")
        done = stack.run("exec", "-T", *command)
        # The vendor takes no messages: the channel reaches it, and says what it answered.
        assert done.returncode == 1
        assert re.search(r"\b(404|405|501)\b", done.stdout + done.stderr), done.stdout + done.stderr
    finally:
        stack.up()


# the image


def test_all_of_ours_run_the_image_of_this_version_with_every_extra(stack):
    for container in stack.inspect("worker", "beat", "web", "deliverer", "flower", "vendor", "sync"):
        assert container["Config"]["Image"] == f"status-page-tracker:{__version__}"
    extras = "import apprise, cssselect, fastapi, jmespath, lxml, mcp, psycopg, uvicorn"
    assert stack.exec("deliverer", "python", "-c", extras).returncode == 0


def test_an_image_that_is_not_there_is_built_and_nothing_is_pulled(stack):
    stack("down", "--timeout=5")
    subprocess.run(["docker", "image", "rm", "--force", f"status-page-tracker:{__version__}"], check=True, timeout=60)
    command = [word.replace("quiet", "plain") for word in stack.command("up", "--detach")]
    done = subprocess.run(command, cwd=ROOT, env=stack.environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not [line for line in (done.stdout + done.stderr).splitlines() if re.search(r"\bpull", line, re.IGNORECASE)]
    stack.up()
