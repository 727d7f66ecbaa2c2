"""`tracker check FILE` and `tracker status`, as somebody calls them who has only begun."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.test_commands import run
from tracker.cli import cli

PRIVATE = """
[[provider]]
name = "Acme"
url = "https://status.acme.example"
headers_env = { Authorization = "ACME_AUTH" }
"""


def test_what_a_file_needs_of_the_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(PRIVATE)
    monkeypatch.delenv("ACME_AUTH", raising=False)

    without = run("check", file)
    monkeypatch.setenv("ACME_AUTH", "Bearer secret")
    given = run("check", file)

    assert without.output.splitlines() == [
        f"{file}: 1 page, 0 sinks",
        (
            'note: provider "acme": headers_env names ACME_AUTH, which is not set; set it, or ACME_AUTH_FILE to a file '
            "that holds it; the page cannot be read without it"
        ),
    ]
    assert given.output == f"{file}: 1 page, 0 sinks\n"


def test_a_tracker_that_has_stopped_is_said_to_have_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.delenv("REDIS_URL_FILE", raising=False)
    (tmp_path / "redis.url").write_text("redis://tracker:secret@127.0.0.1:1/0")

    result = CliRunner().invoke(cli, ["status", "--data-dir", str(tmp_path)])

    assert str(result.exception or result.output).endswith(
        f"no tracker runs on {tmp_path} now; start `tracker up`, give its --data-dir, or set REDIS_URL"
    )
    assert "REDIS_URL (rediss" not in str(result.exception)
