"""`tracker gate`, `status` and `maintenance` against a real data server: exit statuses, filters, waiting."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

from tests.contract.conftest import Run
from tests.fakes import component, provider
from tests.goldens import table
from tracker.cli import cli, exit_status
from tracker.errors import ConfigError, TrackerError
from tracker.model.clock import utc_now
from tracker.model.page import Impact, OpenIncident
from tracker.model.page_state import PageView
from tracker.polling.page_store import Commit
from tracker.store.catalogue import RedisCatalogue
from tracker.store.pages import RedisPages
from tracker.store.stored_state import StoredState, restored


def read(
    valkey: "redis.Redis", provider_id: str, view: PageView, ago: timedelta = timedelta(), **state: object
) -> None:
    """Have a page say that, some time ago."""
    pages, now = RedisPages(valkey), utc_now() - ago
    lease = pages.begin(provider_id, now)
    assert lease is not None
    known = restored(StoredState(**{"url": "https://status.example.com", "seeded": True, **state}))
    pages.commit(lease, Commit(checked_at=now, state=known, view=view))


@pytest.fixture
def server(valkey: "redis.Redis") -> "redis.Redis":
    """A data server with a vendor of each kind."""
    names = {"well": "Well", "bad": "Bad, Inc.", "old": "Old", "new": "New", "works": "Works", "mute": "Mute/Deaf"}
    groups, now = {"bad": "payments", "well": "Payments"}, utc_now()
    known = [provider(id=each, name=name, group=groups.get(each)) for each, name in names.items()]
    RedisCatalogue(valkey).put(known, now)
    about = {"name": "Errors", "status": "identified", "impact": Impact.MAJOR, "link": "https://x.example/i1"}
    window = {"scheduled_for": now + timedelta(hours=1), "scheduled_until": now + timedelta(hours=3)}
    planned = OpenIncident(id="m2", name="Move", status="scheduled", **window)
    parts = {"c1": component("c1", "partial_outage", name="API"), "c2": component("c2", "operational", name="Web")}
    read(valkey, "well", PageView(planned_maintenances=(planned,)))
    read(valkey, "bad", PageView(open_incidents=(OpenIncident(id="i1", **about),), components=parts))
    read(valkey, "old", PageView(), timedelta(hours=3))
    read(valkey, "works", PageView(open_maintenances=(OpenIncident(id="m1", name="Upgrade", status="in_progress"),)))
    return valkey


@pytest.fixture
def run(run: Run, server: "redis.Redis") -> Run:
    """Runs a command with that data server."""
    assert server is not None
    return run


# --- gate ---


@pytest.mark.parametrize(("arguments", "status"), table("gate_statuses"), ids=str)
def test_the_exit_status_is_the_answer(run: Run, arguments: tuple[str, ...], status: int) -> None:
    text, document = run("gate", *arguments), run("gate", *arguments, "--json")

    assert (text.exit_code, document.exit_code) == (status, status)
    assert json.loads(document.stdout)["exit_status"] == status


def test_the_answer_has_evidence_a_link_and_an_age(run: Run) -> None:
    (bad,) = json.loads(run("gate", "bad", "--json").stdout)["targets"]

    assert (bad["result"], bad["answer"], bad["state"]) == ("fail", "yes", "major")
    assert (bad["evidence"], bad["link"]) == ("Errors", "https://x.example/i1")
    assert 0 <= bad["age_s"] < 60


def test_what_is_not_watched_is_an_error_and_no_answer(run: Run) -> None:
    result = run("gate", "wel")

    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "there is no provider wel; did you mean well?"
    assert exit_status(result.exception) == 2


def test_a_drill_without_a_channel_says_what_to_write(run: Run) -> None:
    result = run("drill", "well")

    assert result.exit_code == 1
    assert "failed at route: there is no channel; write [[channel]] and [[route]]" in result.stdout


def test_a_data_server_that_is_away_has_a_status_of_its_own(tmp_path: Path, free_port: int) -> None:
    for environ in ({"REDIS_URL": f"redis://127.0.0.1:{free_port}/0"}, {"REDIS_URL": ""}):
        result = CliRunner().invoke(
            cli, ["gate", "well", "--unknown", "pass", "--data-dir", str(tmp_path)], env=environ
        )

        assert isinstance(result.exception, TrackerError)
        assert exit_status(result.exception) == 4


def test_waiting_ends_with_the_first_pass(run: Run, server: "redis.Redis") -> None:
    mended = threading.Timer(0.5, read, (server, "bad", PageView()))
    mended.start()
    result = run("gate", "bad", "--wait", "60s")
    mended.join()

    assert result.exit_code == 0
    assert "waiting: fail  bad  major: Errors" in result.stderr


def test_waiting_ends_with_the_last_answer(run: Run) -> None:
    assert run("gate", "bad", "--wait", "0.1s").exit_code == 1


def test_waiting_says_each_reason_once_however_long_it_takes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.cli.gate._LOOK_EVERY_S", 0.02)
    result = run("gate", "bad", "--wait", "0.5s")

    assert result.stderr.count("waiting: ") == 1


# --- status ---


def states(result: Result) -> list[tuple[str, str]]:
    return [(row["provider"], row["state"]) for row in json.loads(result.stdout)]


def test_the_worst_comes_first_and_a_line_sums_up(run: Run) -> None:
    assert states(run("status", "--json")) == [
        ("bad", "major"),
        ("old", "unknown"),
        ("mute", "not_asked"),
        ("new", "not_asked"),
        ("works", "maintenance"),
        ("well", "operational"),
    ]
    lines = run("status").stdout.splitlines()
    assert "6 pages: 1 major, 1 unknown, 2 not asked yet, 1 maintenance, 1 operational" in lines
    assert [line.split("  ")[0] for line in lines[1:4]] == ["major", "unknown", "not asked yet"]


def test_an_old_answer_is_unknown_with_its_age_and_what_it_was(run: Run) -> None:
    (old,) = json.loads(run("status", "old", "--json").stdout)

    assert (old["state"], old["reason"], old["last_state"]) == ("unknown", "stale", "operational")
    assert 10_000 < old["age_s"] < 11_000
    assert "not read for too long; last read 3 h ago, then operational" in run("status", "old").stdout


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--state", "problem"), ["bad"]),
        (("--state", "not-asked-yet"), ["mute", "new"]),
        (("--state", "unknown"), ["old"]),
        (("--state", "maintenance", "--state", "operational"), ["works", "well"]),
        (("--group", "PAYMENTS"), ["bad", "well"]),
        (("--group", "payments", "--state", "problem"), ["bad"]),
    ],
    ids=str,
)
def test_filters(run: Run, arguments: tuple[str, ...], shown: list[str]) -> None:
    assert [row for row, _ in states(run("status", *arguments, "--json"))] == shown


# --- maintenance ---


def test_what_runs_comes_before_what_is_planned(run: Run) -> None:
    found = json.loads(run("maintenance", "--json").stdout)

    assert [(each["provider"], each["maintenance_id"], each["is_running"]) for each in found] == [
        ("works", "m1", True),
        ("well", "m2", False),
    ]
    assert "no maintenance is ongoing or begins within 30 days" in run("maintenance", "bad").stdout
