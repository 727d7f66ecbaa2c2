"""A page at an address that is not public is refused when it is added, with the option that allows it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

from tracker.cli import cli
from tracker.errors import ConfigError
from tracker.store.catalogue import RedisCatalogue

Run = Callable[..., Result]
OPML = """<opml version="2.0"><body>
  <outline text="Acme" xmlUrl="https://a.example/history.atom"/>
  <outline text="Inner" xmlUrl="http://169.254.169.254/feed"/>
</body></opml>"""


@pytest.fixture
def run(valkey_url: str, valkey: "redis.Redis", tmp_path: Path) -> Run:
    assert valkey.dbsize() == 0

    def invoke(*arguments: object) -> Result:
        words = [*map(str, arguments), "--data-dir", str(tmp_path)]
        return CliRunner().invoke(cli, ["providers", *words], env={"REDIS_URL": valkey_url})

    return invoke


@pytest.mark.parametrize("host", ["10.0.0.7", "127.1", "0x7f.1", "2130706433", "[::1]", "168.63.129.16"])
def test_add_refuses_it_before_anything_is_asked_and_takes_it_with_the_option(
    run: Run, valkey: "redis.Redis", host: str
) -> None:
    page = f"http://{host}:8080/"

    refused = run("add", page, "--name", "Inner", "--no-check")

    assert "is not public; add --allow-private if it is a page of your own network" in str(refused.exception)
    assert RedisCatalogue(valkey).providers() == ()
    assert run("add", page, "--name", "Inner", "--no-check", "--allow-private").exit_code == 0
    assert [provider.allow_private for provider in RedisCatalogue(valkey).providers()] == [True]


def test_a_page_that_was_added_without_the_option_is_added_again_with_it(run: Run, valkey: "redis.Redis") -> None:
    page = ["http://status.corp.example/", "--name", "Inner", "--no-check"]
    assert run("add", *page).exit_code == 0
    again = run("add", *page)
    assert "there is a provider inner already" in str(again.exception)

    assert run("add", *page, "--allow-private").exit_code == 0

    assert [provider.allow_private for provider in RedisCatalogue(valkey).providers()] == [True]


def test_import_passes_it_over_and_takes_it_with_the_option(run: Run, valkey: "redis.Redis", tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    file.write_text(OPML)

    first = run("import", file)

    assert "skipped: http://169.254.169.254/feed is not public; add --allow-private" in first.stderr
    assert first.stdout.splitlines()[-1] == "1 page added, 1 skipped"
    assert run("import", file, "--allow-private").exit_code == 0
    found = {provider.id: provider.allow_private for provider in RedisCatalogue(valkey).providers()}
    assert found == {"acme": False, "inner": True}


RECEIVERS = {
    "api_url": '[[channel]]\nname = "x"\ntype = "alertmanager"\napi_url = "http://10.0.0.7:9093"\n',
    "host": '[[channel]]\nname = "x"\ntype = "email"\nhost = "0x7f.1"\nfrom = "a@b.example"\nto = ["c@d.example"]\n',
    "url": '[[channel]]\nname = "x"\ntype = "webhook"\nurl = "http://[::1]/hunter2"\n',
    "url_env": '[[sink]]\nname = "x"\nurl_env = "OPS_URL"\n',
}


@pytest.mark.parametrize("key", RECEIVERS)
def test_a_receiver_there_is_refused_at_the_start_and_taken_once_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, key: str
) -> None:
    monkeypatch.setenv("OPS_URL", "http://169.254.169.254/hunter2")
    file = tmp_path / "providers.toml"
    file.write_text(f'[[provider]]\nname = "Acme"\nurl = "https://a.example/"\n{RECEIVERS[key]}')
    up = ["up", "--providers", str(file), "--data-dir", str(tmp_path / "data")]
    sentence = f'"x": {key} names an address that is not public; set allow_private = true if it is in your own network'

    refused = CliRunner().invoke(cli, up)

    assert isinstance(refused.exception, ConfigError)
    assert sentence in str(refused.exception)
    assert "hunter2" not in str(refused.exception)
    assert not (tmp_path / "data").exists()
    assert key == "url_env" or sentence in str(run("sync", file).exception)
    assert sentence in CliRunner().invoke(cli, ["config", "check", str(file)]).output
    file.write_text(file.read_text() + "allow_private = true\n")
    assert run("sync", file).exit_code == 0
    assert sentence not in CliRunner().invoke(cli, ["config", "check", str(file)]).output


def test_a_file_that_names_it_is_said_to(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text('[[provider]]\nname = "Inner"\nurl = "http://10.0.0.7/"\n')

    noted = CliRunner().invoke(cli, ["config", "check", str(file)])
    file.write_text(file.read_text() + "allow_private = true\n")

    assert noted.exit_code == 0
    assert 'note: provider "inner": http://10.0.0.7/ is not public; set allow_private = true' in noted.output
    assert "note:" not in CliRunner().invoke(cli, ["config", "check", str(file)]).output
