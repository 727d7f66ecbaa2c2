"""Flower as people start it: on this machine alone or with a password, and not at all otherwise."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.flower_process import CELERY, ask, await_worker, environ_of, flower
from tests.e2e.test_exposure import listening
from tests.patience import PATIENCE_S, eventually
from tests.workers.queues import connected
from tests.workers.test_slots_process import send, worker
from workers.application import app

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

MODULE = (sys.executable, "-m", "workers.flower")
PASSWORD = "correct-horse-battery"
#: Addresses of /proc/net/tcp.
LOOPBACK, ANYWHERE = "0100007F", "00000000"


def reported(port: int, credentials: str, **least: int) -> list[dict[str, Any]]:
    """Return the tasks that Flower shows, once there are so many in these states."""

    def shown() -> list[dict[str, Any]] | None:
        tasks = list(json.loads(ask(port, "/api/tasks?limit=100", credentials).body).values())
        states = Counter(task["state"] for task in tasks)
        return tasks if all(states[state] >= count for state, count in least.items()) else None

    return eventually(shown, every_s=0.2) or []


PATHS = ("/", "/workers", "/tasks", "/metrics", "/healthcheck", "/static/css/flower.css", "/api/workers", "/nowhere")


def test_without_a_password_it_does_not_start_where_others_could_reach_it(tmp_path: Path) -> None:
    (tmp_path / "flowerconfig.py").write_text("address = '0.0.0.0'")
    done = subprocess.run(
        CELERY,
        cwd=tmp_path,
        env=environ_of("redis://127.0.0.1:1/0"),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "others could reach 0.0.0.0" in line


def test_without_one_it_is_there_for_this_machine_alone(valkey_url: str, free_port: int, tmp_path: Path) -> None:
    with flower(valkey_url, free_port, folder=tmp_path) as pid:
        heard = {address for _, address, port in listening([pid]) if port == free_port}
        status = ask(free_port, "/").status
        elsewhere = {path: ask(free_port, path, Host="evil.example.com").status for path in PATHS}

    assert heard - {"00000000000000000000000001000000"} == {LOOPBACK}
    assert status == 200
    assert elsewhere == dict.fromkeys(PATHS, 403)


@pytest.mark.parametrize(
    ("command", "options", "variables", "credentials"),
    [
        pytest.param(
            *(CELERY, ("--address=0.0.0.0",), {"FLOWER_BASIC_AUTH": f"you:x,me:{PASSWORD}"}, f"me:{PASSWORD}"),
            marks=pytest.mark.faults,
        ),
        (MODULE, (), {"FLOWER_PASSWORD": PASSWORD}, f"tracker:{PASSWORD}"),
    ],
)
def test_with_one_nothing_is_shown_without_it(
    command: tuple[str, ...],
    options: tuple[str, ...],
    variables: dict[str, str],
    credentials: str,
    valkey_url: str,
    free_port: int,
    tmp_path: Path,
) -> None:
    with flower(valkey_url, free_port, *options, folder=tmp_path, command=command, **variables) as pid:
        heard = {address for _, address, port in listening([pid]) if port == free_port}
        without = {path: ask(free_port, path).status for path in PATHS}
        wrong = ask(free_port, "/", credentials + "x").status
        shown = {path: ask(free_port, path, credentials).status for path in PATHS}

    assert heard - {"0" * 32} == {ANYWHERE}
    assert without == dict.fromkeys(PATHS, 401)
    assert wrong == 401
    assert shown == dict.fromkeys(PATHS, 200) | {"/nowhere": 404}


@pytest.mark.faults
def test_guesses_are_slowed_and_lock_nobody_out(valkey_url: str, free_port: int, tmp_path: Path) -> None:
    right = f"tracker:{PASSWORD}"
    with flower(valkey_url, free_port, folder=tmp_path, FLOWER_PASSWORD=PASSWORD):
        cookie = (ask(free_port, "/", right).getheader("Set-Cookie") or "").partition(";")[0]
        guessed = [ask(free_port, "/metrics", f"tracker:guess {number}") for number in range(30)]
        slowed = [answer for answer in guessed if answer.status == 429]
        known = ask(free_port, "/", right, Cookie=cookie).status
        forged = ask(free_port, "/", right, Cookie=cookie[:-1] + ("0" if cookie[-1] != "0" else "1")).status
        unasked = ask(free_port, "/").status
        eventually(lambda: ask(free_port, "/", right).status == 200, every_s=0.2)

    assert {answer.status for answer in guessed} == {401, 429}
    assert len(slowed) >= 20
    assert {answer.getheader("Retry-After") for answer in slowed} <= {"1", "2"}
    assert (known, forged, unasked) == (200, 429, 401)


@pytest.mark.faults
def test_where_people_sign_in_elsewhere_what_flower_shows_to_everybody_is_off(
    valkey_url: str, free_port: int, tmp_path: Path
) -> None:
    with flower(valkey_url, free_port, "--auth=me@example.com", folder=tmp_path):
        shown = {path: ask(free_port, path).status for path in ("/metrics", "/healthcheck", "/workers")}

    assert shown == {"/metrics": 404, "/healthcheck": 404, "/workers": 302}


@pytest.mark.parametrize("lean", ["1", pytest.param("0", marks=pytest.mark.faults)], ids=["lean", "general"])
def test_it_shows_what_ran_what_hangs_and_what_failed(
    valkey_url: str, free_port: int, tmp_path: Path, lean: str
) -> None:
    credentials = f"tracker:{PASSWORD}"
    (tmp_path / "done.go").touch()
    with (
        flower(valkey_url, free_port, folder=tmp_path, FLOWER_PASSWORD=PASSWORD),
        worker(tmp_path, lean, valkey_url, "-n", "shown@here"),
        connected(app, valkey_url) as connection,
    ):
        await_worker(free_port, credentials, "shown@here")
        for arguments in (("done",), ("hangs",), ("too", "many")):
            send(connection, "waits", *arguments)
        tasks = {task["args"]: task for task in reported(free_port, credentials, SUCCESS=1, STARTED=1, FAILURE=1)}

    done, hangs, failed = tasks["('done',)"], tasks["('hangs',)"], tasks["('too', 'many')"]
    assert {task["name"] for task in (done, hangs, failed)} == {"slots.waits"}
    assert {task["worker"] for task in (done, hangs, failed)} == {"shown@here"}
    assert all(task["received"] <= task["started"] for task in (done, hangs, failed))
    assert (done["result"], done["runtime"] >= 0) == ("'done'", True)
    assert (hangs["runtime"], hangs["succeeded"]) == (None, None)
    assert failed["exception"].startswith("TypeError(")
    assert "Traceback" in failed["traceback"]
