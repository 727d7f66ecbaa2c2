"""The tracker as people install it: a wheel in an environment of its own, away from any checkout."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What a build needs of the project; nothing that lies beside it by chance.
PARTS = ("pyproject.toml", "README.md", "LICENSE", "celeryconfig.py", "tracker", "workers")

pytestmark = pytest.mark.faults


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "REDIS_", "TRACKER_"))
    }
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A source distribution and the wheel that is made from it."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for part in (*PARTS, *(path.name for path in ROOT.glob("requirements*.txt"))):
        origin = ROOT / part
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(origin, source / part, ignore=ignored) if origin.is_dir() else shutil.copy(origin, source)
    done = run(sys.executable, "-m", "build", "--outdir", built, source, cwd=built)
    if "Could not find a version" in done.stdout + done.stderr:
        pytest.skip("no package index to build with")
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(built.iterdir())


@pytest.fixture(scope="module")
def installed(distributions: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of the commands in an environment that holds the wheel and what it asks for."""
    (wheel,) = (path for path in distributions if path.suffix == ".whl")
    folder = tmp_path_factory.mktemp("environment")
    assert run(sys.executable, "-m", "venv", folder / "venv", cwd=folder).returncode == 0
    done = run(folder / "venv/bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    yield folder / "venv/bin"
    shutil.rmtree(folder)


def test_an_index_would_take_both_distributions(distributions: list[Path]) -> None:
    done = run(sys.executable, "-m", "twine", "check", "--strict", *distributions, cwd=distributions[0].parent)

    assert done.returncode == 0, done.stdout
    assert len(distributions) == 2


def test_every_extra_is_declared(installed: Path, tmp_path: Path) -> None:
    files = {path.stem.removeprefix("requirements-") for path in ROOT.glob("requirements-*.txt")}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["dynamic"]
    code = "import importlib.metadata as m; print(*m.metadata('status-page-tracker').get_all('Provides-Extra'))"

    known = run(installed / "python", "-c", code, cwd=tmp_path).stdout.split()

    assert set(known) == set(declared["optional-dependencies"]) == files


def test_a_first_file_is_written_and_checked_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    written = run(installed / "tracker", "init", "openai", "github/Actions", cwd=tmp_path)
    checked = run(installed / "tracker", "config", "check", cwd=tmp_path)

    assert written.returncode == 0, written.stderr
    assert checked.stdout == "providers.toml: 2 pages, 0 sinks\n"
    assert run(installed / "tracker", "init", "openai", cwd=tmp_path).returncode == 2


def test_the_demo_runs_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [installed / "tracker", "demo", "--speed", "100"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        first = demo.stdout.readline()
        demo.terminate()
        demo.stdout.read()

    assert "Product: " in first
