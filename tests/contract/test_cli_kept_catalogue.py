"""What commands make of a list of pages that has a mistake, or is not there."""

from pathlib import Path

import pytest

from tests.contract.conftest import Run
from tracker.errors import ConfigError

GOOD = '[[provider]]\nname = "A"\nurl = "https://a.example"\n'
TYPO = '[[provider]]\nname = "A"\nurk = "https://a.example"\n'


@pytest.fixture
def run(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a directory without a list of pages."""
    monkeypatch.chdir(tmp_path)
    return run


def test_an_error_can_leave_the_pages_of_before_and_is_reported(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.toml"
    file.write_text(GOOD)
    run("providers", "sync", str(file))
    file.write_text(TYPO)

    kept, strict = run("providers", "sync", "--or-keep", str(file)), run("providers", "sync", str(file))

    assert kept.exit_code == 0
    assert isinstance(strict.exception, ConfigError)
    error, rest = kept.stderr.splitlines()
    assert error == f"tracker: {strict.exception}"
    assert rest == "nothing was changed: 1 page as before, until the file is corrected"
    assert "https://a.example" in run("providers", "list").stdout


def test_without_pages_of_before_an_error_is_an_error(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.toml"
    file.write_text(TYPO)

    refused = run("providers", "sync", "--or-keep", str(file))

    assert isinstance(refused.exception, ConfigError)
    assert "as before" not in refused.stderr


def test_without_a_list_the_pages_are_those_that_are_watched(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.toml"
    file.write_text('[[provider]]\nname = "Watched"\nurl = "http://127.0.0.1:9"\nallow_private = true\n')
    run("providers", "sync", str(file))

    asked, past = run("once", "--format", "json"), run("backtest", "watched")

    assert '"watched"' in asked.stdout
    assert "tracker: Watched cannot be read" in past.stderr
    (tmp_path / "providers.toml").write_text(TYPO)
    assert isinstance(run("backtest", "watched").exception, ConfigError), (
        "a list that is there is the one that is meant"
    )
