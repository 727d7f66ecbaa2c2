"""`tracker providers add`, `search` and `import`, against a real data server where they need one."""

import json
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner, Result

from tests.contract.conftest import Run
from tracker.catalogue.presets import Preset, presets
from tracker.cli import cli, exit_status
from tracker.errors import ConfigError, TrackerError
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.catalogue import RedisCatalogue

FEEDS = """<opml version="2.0"><body>
  <outline text="Clouds"><outline text="Acme Status - Incident History" xmlUrl="https://a.example/history.atom"/></outline>
  <outline text="Acme" xmlUrl="https://a.example/history.atom"/>
  <outline text="Old" xmlUrl="feed://old.example/rss"/>
</body></opml>"""


@pytest.fixture
def run(run: Run) -> Run:
    """Runs a command about providers."""
    return partial(run, "providers")


@pytest.fixture
def catalogue(valkey: "redis.Redis") -> RedisCatalogue:
    return RedisCatalogue(valkey)


def without_a_tracker(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["providers", *arguments], env={"REDIS_URL": "", "TRACKER_DATA_DIR": "/nowhere"})


# add


def test_several_pages_are_added_at_once(run: Run, catalogue: RedisCatalogue) -> None:
    result = run(
        "add", "--no-check", "openai", "gh", "aws:us-east-1/ec2", "https://status.example.com", "--interval", 30
    )

    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == [
        "added openai",
        "added github",
        "added aws-us-east-1-ec2",
        "added example",
    ]
    added = {provider.id: provider for provider in catalogue.providers()}
    assert set(added) == {"openai", "github", "aws-us-east-1-ec2", "example"}
    assert {(provider.interval_s, provider.format, provider.origin) for provider in added.values()} == {
        (30, "auto", "command")
    }
    cloud = added["aws-us-east-1-ec2"]
    assert (cloud.name, cloud.regions) == ("AWS us-east-1 ec2", ("us-east-1",))
    assert cloud.components[0] == "*Elastic Compute Cloud*"


@pytest.mark.parametrize(
    ("pages", "part"),
    [
        (["openai", "opnai"], "did you mean openai?"),
        (["openai", "ftp://status.example.com"], "does not begin with http"),
        (["openai", "chatgpt"], "2 of these pages would have the id openai"),
        (["openai", "https://status.acme.example"], "there is a provider acme already"),
        (["openai", "github", "--name", "X"], "--name is for one page"),
        (["openai", "--interval", "0"], "interval is 0"),
        (["openai", "--cadence", "slow"], 'cadence is "slow"; known are adaptive, fixed'),
    ],
)
def test_one_error_and_nothing_is_added(run: Run, catalogue: RedisCatalogue, pages: list[str], part: str) -> None:
    run("add", "--no-check", "https://status.acme.example")

    result = run("add", "--no-check", *pages)

    assert isinstance(result.exception, ConfigError)
    assert part in str(result.exception)
    assert [provider.id for provider in catalogue.providers()] == ["acme"]


def test_the_list_shows_interval_and_cadence(run: Run) -> None:
    run("add", "--no-check", "openai", "--cadence", "fixed")
    run("add", "--no-check", "github", "--interval", 300)

    head, github, openai = run("list").stdout.splitlines()
    assert head.split()[2:4] == ["INTERVAL", "CADENCE"]
    assert "300 s     adaptive" in github
    assert "60 s      fixed" in openai


def test_one_page_may_get_another_name(run: Run, catalogue: RedisCatalogue) -> None:
    run("add", "--no-check", "github/Actions", "--name", "Builds")

    (provider,) = catalogue.providers()
    assert (provider.id, provider.name, provider.components) == ("builds", "Builds", ("*Actions*",))


def test_blocks_for_the_file_need_no_tracker() -> None:
    asked = ("--interval", "30", "--cadence", "fixed")
    result = without_a_tracker("add", "--toml", "openai", "aws:us-east-1/ec2", *asked)

    assert result.exit_code == 0
    first, second = tomllib.loads(result.stdout)["provider"]
    assert first == {"name": "OpenAI", "url": "https://status.openai.com", "interval": 30, "cadence": "fixed"}
    assert second["regions"] == ["us-east-1"]


# search


def test_a_search_needs_no_tracker() -> None:
    result = without_a_tracker("search", "GOOGLE", "cloud")

    head, first, *_ = result.stdout.splitlines()
    assert head.split() == ["ID", "NAME", "CATEGORY", "PLATFORM", "READ", "ALSO", "URL"]
    assert first.startswith("google-cloud ")
    assert first.endswith(" https://status.cloud.google.com")


def test_a_search_without_a_word_shows_all() -> None:
    result = without_a_tracker("search", "--format", "json")

    rows = json.loads(result.stdout)
    assert len(rows) == len(presets())
    assert rows[0].keys() == set(Preset.__struct_fields__)


@pytest.mark.parametrize(("word", "part"), [("gihub", "did you mean github?"), ("xyzzyx", "added by its address")])
def test_a_search_that_finds_nothing_says_what_to_do(word: str, part: str) -> None:
    result = without_a_tracker("search", word)

    assert isinstance(result.exception, TrackerError)
    assert exit_status(result.exception) == 1
    assert part in str(result.exception)


# import


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    file = tmp_path / "feeds.opml"
    file.write_text(FEEDS)
    return file


def test_subscriptions_are_added_once_and_what_is_not_is_reported(
    run: Run, catalogue: RedisCatalogue, feeds: Path
) -> None:
    dry, result, again = run("import", feeds, "--dry-run"), run("import", feeds), run("import", feeds)

    assert "would add acme" in dry.stdout
    assert (result.exit_code, again.exit_code) == (0, 0)
    assert result.stdout.splitlines() == [
        "added acme: https://a.example/history.atom every 60 s",
        "1 page added, 2 skipped",
    ]
    assert "0 pages added, 3 skipped" in again.stdout
    repeated, invalid = result.stderr.splitlines()
    assert "is there already, as acme" in repeated
    assert "feed://old.example" in invalid
    (provider,) = catalogue.providers()
    assert (provider.id, provider.origin) == ("acme", "command")


@pytest.mark.parametrize("command", ["add", "import"])
def test_toml_and_json_at_once_are_refused(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["providers", command, "openai", "--toml", "--json", "--data-dir", str(tmp_path)])

    assert str(result.exception) == "--toml prints TOML; leave out --json"


def test_what_a_list_holds_is_shown_before_a_tracker_ran(tmp_path: Path) -> None:
    file = tmp_path / "vendors.txt"
    file.write_text("OpenAI\n" + "\n".join(map("Stranger {}".format, range(60))))
    words = ["providers", "import", str(file), "--data-dir", str(tmp_path)]

    shown, printed, refused = (CliRunner().invoke(cli, [*words, *more]) for more in (["--dry-run"], ["--toml"], []))

    assert shown.stdout.splitlines() == [
        "would add openai: https://status.openai.com every 60 s",
        "1 page to add, 60 skipped",
    ]
    assert len(shown.stderr.splitlines()) == 51
    assert "skipped: 10 more; --json lists all" in shown.stderr
    assert tomllib.loads(printed.stdout)["provider"] == [{"name": "OpenAI", "url": "https://status.openai.com"}]
    assert isinstance(refused.exception, TrackerError)


def test_what_was_done_is_said_as_json(run: Run, feeds: Path, tmp_path: Path) -> None:
    tracker, file = run.func, tmp_path / "providers.toml"
    file.write_text('[[provider]]\nname = "Acme"\nurl = "https://status.acme.example"\n')

    def said(*words: object) -> Any:
        done = tracker(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    assert [each["id"] for each in said("providers", "add", "--no-check", "openai")["added"]] == ["openai"]
    imported = said("providers", "import", feeds, "--dry-run")
    assert ([each["id"] for each in imported["would_add"]], len(imported["skipped"])) == (["acme"], 2)
    synced = said("providers", "sync", file)
    assert (synced["providers"]["added"], synced["sinks"]["added"]) == (1, 0)
    assert said("providers", "remove", "ACME") == {"removed": ["acme"]}
    made = said("silence", "add", "--provider", "acme*", "--reason", "planned")
    assert (made["providers"], made["reason"]) == (["acme*"], "planned")
    assert said("silence", "end", made["id"]) == {"ended": made["id"]}
    assert said("silence", "list") == []


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ('<opml><body><outline text="A" xmlUrl="feed://a.example"/></body></opml>', 1, "feed://a.example"),
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', 2, ""),
    ],
    ids=["without a page that can be watched", "hostile"],
)
def test_a_file_of_which_nothing_can_be_imported_is_a_failure(
    run: Run, catalogue: RedisCatalogue, tmp_path: Path, text: str, status: int, said: str
) -> None:
    file = tmp_path / "feeds.opml"
    file.write_text(text)

    result = run("import", file)

    assert isinstance(result.exception, TrackerError)
    assert exit_status(result.exception) == status
    assert said in result.stderr
    assert catalogue.providers() == ()


# credentials


def test_a_header_s_variable_is_kept_by_its_name(run: Run, catalogue: RedisCatalogue) -> None:
    pages = ("https://status.example.com", "--header-env", "Authorization=ACME_AUTH", "--header-env", "X-Key=ACME_KEY")
    result = run("add", "--no-check", *pages)

    assert result.exit_code == 0
    (added,) = [provider for provider in catalogue.providers() if provider.id == "example"]
    assert added.headers_env == (("Authorization", "ACME_AUTH"), ("X-Key", "ACME_KEY"))
    assert 'headers_env = { "Authorization" = "ACME_AUTH" }' in without_a_tracker("add", "--toml", *pages[:3]).output


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("Authorization=Basic hunter2", "not the name of a variable"),
        ("Authorization: hunter2", "takes HEADER=VARIABLE"),
        ("hunter2", "takes HEADER=VARIABLE"),
        ("Host=hunter2", "which the tracker sets itself"),
    ],
)
def test_a_secret_in_the_place_of_a_variable_is_refused_and_not_repeated(run: Run, given: str, part: str) -> None:
    result = run("add", "--no-check", "https://status.example.com", "--header-env", given)

    assert result.exit_code != 0
    assert part in str(result.exception)
    assert "hunter2" not in result.output + str(result.exception)


# add asks first


def test_add_asks_a_page_first_and_says_what_it_found(run: Run, catalogue: RedisCatalogue) -> None:
    page = Page("Acme", id="acme")
    page.open_incident("Errors", body="We look into it.")
    with SimulatedVendor([page]) as vendor:
        result = run("add", vendor.url("acme"), "--name", "Acme", "--allow-private", "--components", "Nothing*")

    assert result.exit_code == 0
    found, added = result.stdout.splitlines()
    assert found.startswith("found acme: Atlassian Statuspage at 127.0.0.1:")
    assert "1 incident (1 open)" in found
    assert added.startswith("added acme: http://127.0.0.1:")
    assert "filter components" in result.stderr
    assert [provider.id for provider in catalogue.providers()] == ["acme"]


def test_a_page_that_cannot_be_read_is_refused_with_all_that_were_given(
    run: Run, catalogue: RedisCatalogue, free_port: int
) -> None:
    with SimulatedVendor([Page("Acme", id="acme")]) as vendor:
        pages = (vendor.url("acme"), f"http://127.0.0.1:{free_port}/")
        result = run("add", *pages, "--allow-private")
        added = run("add", pages[1], "--allow-private", "--no-check", "--name", "Gone")

    assert isinstance(result.exception, TrackerError)
    assert not isinstance(result.exception, ConfigError)
    assert "or add --no-check to watch it anyway" in str(result.exception)
    assert "cannot be read: no connection" in result.stderr
    assert added.exit_code == 0
    assert [provider.id for provider in catalogue.providers()] == ["gone"]
