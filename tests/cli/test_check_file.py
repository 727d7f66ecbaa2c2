"""`tracker check FILE` and `tracker status`, as somebody calls them who has only begun."""

from pathlib import Path

import pytest

from tests.cli.test_commands import run

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
