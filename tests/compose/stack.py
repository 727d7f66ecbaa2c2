"""The compose stack under a project name of its own, and what can be seen of it from outside."""

import base64
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PROJECT = "status-page-tracker-test"
#: Services that stay; the others do one thing and end.
LASTING = ("redis", "worker", "deliverer", "printer", "beat", "web", "flower", "vendor")
ONE_SHOT = ("setup", "sync")
#: A bound for waiting, not an expectation: a run that needs it has failed.
PATIENCE_S = 120.0
PAGES = {"one": "acme-1", "two": "acme-2", "three": "acme-3", "four": "acme-4"}

Update = tuple[str, str, str]


class Stack:
    """`docker compose` for one project, with the pages of a simulated vendor instead of the real ones."""

    def __init__(self, project: str = PROJECT, *overlays: Path, **environ: str) -> None:
        self.project = project
        self._files = [ROOT / "docker-compose.yml", *overlays, HERE / "override.yml"]
        self._environ = {
            key: value for key, value in os.environ.items() if not key.startswith(("TRACKER_", "COMPOSE_"))
        }
        self._environ |= {
            "FLOWER_PORT": "0",
            "WEB_PORT": "0",
            "TRACKER_LOG_LEVEL": "INFO",
            "TRACKER_PROVIDERS": str(HERE / "providers.toml"),
        } | environ

    def command(self, *arguments: str, demo: bool = True) -> list[str]:
        """Return the words of a command, with the profile `demo` or as it is without."""
        files = [word for file in self._files for word in ("-f", str(file))]
        profile = ["--profile=demo"] if demo else []
        return ["docker", "compose", "-p", self.project, "--progress=quiet", *files, *profile, *arguments]

    def environ(self, **changes: str) -> dict[str, str]:
        """Return the environment of a command."""
        return self._environ | changes

    def run(
        self, *arguments: str, providers: Path | None = None, demo: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        environ = self.environ(**({"TRACKER_PROVIDERS": str(providers)} if providers else {}))
        command = self.command(*arguments, demo=demo)
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)

    def __call__(self, *arguments: str) -> str:
        """Run it, which has to work, and return its standard output."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def exec(self, service: str, *command: str) -> "subprocess.CompletedProcess[str]":
        return self.run("exec", "-T", service, *command)

    def up(self, *arguments: str) -> None:
        """Bring up what is not, and wait until all of it is healthy."""
        self("up", "--detach", *arguments)
        self.wait_for(lambda: not self.unhealthy(), "health", self.unhealthy)

    def unhealthy(self) -> dict[str, str]:
        """Return what is not as it should be."""
        states = {name: state for service in LASTING for name, state in self._health(service)}
        wrong = {name: state for name, state in states.items() if state != "healthy"}
        for service in ONE_SHOT:
            state = self.inspect(service)[0]["State"]
            if state["Status"] != "exited" or state["ExitCode"] != 0:
                wrong[service] = f"{state['Status']} {state['ExitCode']}"
        return wrong

    def _health(self, service: str) -> Iterator[tuple[str, str]]:
        containers = self.inspect(service)
        if not containers:
            yield service, "absent"
        for container in containers:
            state = container["State"]
            yield container["Name"], state["Health"]["Status"] if state["Running"] else state["Status"]

    def inspect(self, *services: str) -> list[dict[str, Any]]:
        ids = self("ps", "--all", "--quiet", *services).split()
        if not ids:
            return []
        done = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True)
        containers: list[dict[str, Any]] = json.loads(done.stdout)
        return containers

    def logs(self, *services: str) -> str:
        # A line begins with a control sequence, whatever the options say.
        return self("logs", "--no-color", "--no-log-prefix", *services).replace("\x1b[2K", "")

    def secret(self, service: str, path: str) -> str:
        done = self.exec(service, "cat", path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def published(self, service: str, port: int) -> str:
        """Return the address of a port on this machine."""
        address = self("port", service, str(port)).strip()
        assert address.startswith("127.0.0.1:")
        return address

    def flower(self, path: str, method: str = "GET", *, signed_in: bool = True) -> tuple[int, str]:
        """Ask Flower, and return status and body of its answer."""
        request = urllib.request.Request(
            f"http://{self.published('flower', 5555)}{path}", method=method, data=b"" if method == "POST" else None
        )
        if signed_in:
            password = self.secret("flower", "/secrets/flower/password")
            request.add_header("Authorization", f"Basic {base64.b64encode(f'tracker:{password}'.encode()).decode()}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def record(self) -> list[dict[str, Any]]:
        """Return the lines of `updates.jsonl`."""
        done = self.exec("printer", "cat", "/data/updates.jsonl")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def recorded_updates(self) -> set[Update]:
        return {
            (line["provider"], line["incident_id"], line["update_id"])
            for line in self.record()
            if line["update_id"] and line["provider"] in PAGES
        }

    def vendor_updates(self) -> set[Update]:
        """Return all that the vendor says it ever posted."""
        done = self.exec("vendor", "python", "-c", _ALL_UPDATES, json.dumps(PAGES))
        assert done.returncode == 0, done.stderr
        return {(provider, incident, update) for provider, incident, update in json.loads(done.stdout)}

    def wait_for(self, is_so: Callable[[], bool], what: str, detail: Callable[[], object] = str) -> float:
        """Wait until it is so; return the seconds that it took."""
        began = time.monotonic()
        while not is_so():
            assert time.monotonic() - began < PATIENCE_S, f"no {what} in {PATIENCE_S:.0f} s: {detail()}"
            time.sleep(0.5)
        return time.monotonic() - began

    def wait_for_more_updates(self, count: int) -> None:
        """Wait until the vendor has posted so many more."""
        before = len(self.vendor_updates())
        self.wait_for(lambda: len(self.vendor_updates()) >= before + count, f"{count} more updates of the vendor")

    def assert_nothing_is_lost(self) -> None:
        """Assert that what the vendor posted up to now is or comes on record, each update once and nothing else."""
        posted = self.vendor_updates()
        missing: set[Update] = set()

        def is_complete() -> bool:
            missing.clear()
            missing.update(posted - self.recorded_updates())
            return not missing

        self.wait_for(is_complete, "complete record", lambda: missing)
        ids = [line["id"] for line in self.record()]
        assert len(ids) == len(set(ids))
        assert self.recorded_updates() <= self.vendor_updates()


_ALL_UPDATES = """
import json, sys, urllib.request
found = []
for provider, page in json.loads(sys.argv[1]).items():
    for path, key in (("incidents", "incidents"), ("scheduled-maintenances", "scheduled_maintenances")):
        with urllib.request.urlopen(f"http://127.0.0.1:8080/{page}/api/v2/{path}.json", timeout=10) as answer:
            incidents = json.load(answer)[key]
        assert len(incidents) < 50, "the vendor's window is full; older incidents cannot be compared"
        found += [(provider, incident["id"], update["id"]) for incident in incidents
                  for update in incident["incident_updates"]]
print(json.dumps(found))
"""


def readable(directory: Path, text: str) -> Path:
    """Return a file that a user in a container can read, as a file of a clone is."""
    for parent in (directory, *directory.parents[:2]):
        parent.chmod(0o755)
    file = directory / "providers.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o644)
    return file
