"""`tracker status` against a real data server: some pages, what updates took, what polls spared."""

import json
from datetime import timedelta
from functools import partial

import pytest
import redis

from tests.contract.conftest import Run
from tests.fakes import NOON, provider
from tracker.delivery.latency import Timing
from tracker.errors import ConfigError
from tracker.model.clock import utc_now
from tracker.polling.page_store import Commit
from tracker.polling.poll_cost import FAILED, PollCost, ResponseClass
from tracker.scheduling.dispatch_lag import SchedulerReport
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import DUE
from tracker.store.pages import RedisPages
from tracker.store.stream import RedisStream


@pytest.fixture
def server(valkey: "redis.Redis") -> "redis.Redis":
    """A data server that knows three pages."""
    names = {"acme": "Acme", "bolt": "Bolt", "calm": "Calm"}
    RedisCatalogue(valkey).put([provider(id=name, name=shown) for name, shown in names.items()], NOON)
    return valkey


@pytest.fixture
def run(run: Run, server: "redis.Redis") -> Run:
    """Runs `tracker status` with that data server."""
    assert server is not None
    return partial(run, "status")


@pytest.fixture
def timed(server: "redis.Redis") -> None:
    """Three updates of one page, one of them late, and one of another."""
    took = {
        "acme": [(12.0, 60.0, 0.02), (48.0, 60.0, 0.03), (5000.0, 60.0, 0.02)],
        "bolt": [(200.0, 300.0, 2.0), (-9.0, 300.0, 2.0)],
    }
    timings = {
        name: [
            Timing(stream_id=f"{number}-0", published_s=published, unseen_s=unseen, logged_s=logged)
            for number, (published, unseen, logged) in enumerate(known, start=1)
        ]
        for name, known in took.items()
    }
    RedisStream(server).save_timings("record", "9-0", timings)


@pytest.fixture
def polled(server: "redis.Redis") -> None:
    """One page with a change and three quiet polls, and one that failed."""
    pages, now = RedisPages(server), utc_now() - timedelta(minutes=5)
    changed = PollCost(ending=ResponseClass.CHANGED, received_bytes=9000, answer_bytes=5000)
    polls = [("acme", changed), *[("acme", PollCost(ending=ResponseClass.NOT_MODIFIED))] * 3]
    for name, cost in [*polls, ("bolt", PollCost(ending=FAILED))]:
        now += timedelta(seconds=60)
        pages.commit(pages.begin(name, now), Commit(checked_at=now, cost=cost))


def test_some_pages_are_shown_by_their_ids(run: Run) -> None:
    assert len(run().stdout.splitlines()) == 6
    heads, *rows, summary = run("bolt", "CALM").stdout.splitlines()
    assert heads.split() == ["STATE", "ID", "PROVIDER", "CHECKED", "CHANGED", "WHAT"]
    assert [row.split("  ")[1] for row in rows] == ["bolt", "calm"]
    assert summary == "2 pages: 2 not asked yet"
    assert [page["provider"] for page in json.loads(run("bolt", "--format", "json").stdout)] == ["bolt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("amce", "acme"), "there is no provider amce; did you mean acme?"),
        (("amce", "acme", "--latency"), "there is no provider amce; did you mean acme?"),
        (("amce", "acme", "--savings"), "there is no provider amce; did you mean acme?"),
        (("--latency", "--savings"), "--savings"),
        (("--latency", "--scheduling"), "--scheduling"),
        (("--scheduling", "bolt"), "--scheduling"),
        (("--group", "none"), "there is no group none; the groups are"),
        (("--watch",), "--watch redraws a terminal"),
        (("--latency", "--state", "problem"), "are for the table of states"),
    ],
    ids=" ".join,
)
def test_what_is_unknown_or_does_not_go_together_is_said(run: Run, arguments: tuple[str, ...], said: str) -> None:
    error = run(*arguments).exception

    assert isinstance(error, ConfigError)
    assert said in str(error)


# --- latency ---


@pytest.mark.usefixtures("timed")
def test_a_row_for_every_page_with_updates_and_one_for_all(run: Run) -> None:
    heads, acme, bolt, total = run("--latency").stdout.splitlines()

    assert heads.startswith("PROVIDER  UPDATES  SEEN AFTER p50 / p95")
    assert acme.split("  ")[0] == "Acme"
    for cell in ("12.0 s / 48.0 s", "60.0 s / 60.0 s", "20 ms / 30 ms"):
        assert cell in acme
    assert bolt.split()[-2:] == ["0", "1"]
    assert (total.split()[0], total.split()[1], total.split()[-2:]) == ("total", "3", ["1", "1"])
    assert "48.0 s / 3.3 min" in total


@pytest.mark.usefixtures("timed")
def test_latency_is_json_for_programs(run: Run) -> None:
    document = json.loads(run("acme", "calm", "--latency", "--format", "json").stdout)

    acme, slow = document["pages"]
    figures = {
        "updates": 2,
        "published_to_seen": {"p50_s": 12.0, "p95_s": 48.0},
        "ours_at_most": {"p50_s": 60.0, "p95_s": 60.0},
        "seen_to_logged": {"p50_s": 0.02, "p95_s": 0.03},
        "late": 1,
        "ahead": 0,
    }
    assert acme == {"provider": "acme", "provider_name": "Acme", **figures}
    assert slow["published_to_seen"] == {"p50_s": None, "p95_s": None}
    assert document["total"] == figures


def test_without_any_update_a_sentence_says_so(run: Run) -> None:
    assert run("--latency").stdout.startswith("no update was timed yet")
    assert json.loads(run("--latency", "--format", "json").stdout)["total"]["updates"] == 0


# --- savings ---


@pytest.mark.usefixtures("polled")
def test_a_row_for_every_page_that_was_polled_and_one_for_all(run: Run) -> None:
    _, acme, bolt, total = run("--savings").stdout.splitlines()

    assert acme.split()[:3] == ["Acme", "4", "75.0%"]
    for cell in ("25.0%", "9.0 kB", "15.0 kB", "min ago"):
        assert cell in acme
    assert "100.0%" in bolt
    assert total.split()[:3] == ["total", "5", "60.0%"]


@pytest.mark.usefixtures("polled")
def test_savings_are_json_for_programs(run: Run) -> None:
    document = json.loads(run("acme", "--savings", "--format", "json").stdout)

    (acme,) = document["pages"]
    since = acme.pop("since")
    assert acme == {
        "provider": "acme",
        "provider_name": "Acme",
        "polls": 4,
        "endings": {
            "not_modified": 3,
            "same_body": 0,
            "stale": 0,
            "same_meaning": 0,
            "changed": 1,
            "in_part": 0,
            "failed": 0,
        },
        "received_bytes": 9000,
        "spared_bytes": 15_000,
        "spared_parses": 3,
    }
    assert document["total"] == {key: acme[key] for key in acme if "provider" not in key} | {"since": since}


def test_without_any_poll_a_sentence_says_so(run: Run) -> None:
    assert run("--savings").stdout == "no poll was counted yet\n"


# --- scheduling ---


@pytest.fixture
def reported(server: "redis.Redis") -> None:
    """Two schedulers, one of which had nothing to do; of the three pages one is overdue."""
    catalogue, now = RedisCatalogue(server), utc_now()
    server.zadd(DUE, {"acme": now.timestamp() - 300, "bolt": now.timestamp() + 60, "calm": now.timestamp() + 60})
    busy = SchedulerReport(
        name="one:7",
        at=now,
        dispatched=123456,
        dispatched_last_minute=1998,
        late_p50_s=0.02,
        late_p99_s=0.04,
        late_max_s=0.3,
    )
    for report in (busy, SchedulerReport(name="two:8", at=now - timedelta(seconds=5), dispatched=0)):
        catalogue.report(report)


@pytest.mark.usefixtures("reported")
def test_the_state_of_all_pages_ends_with_how_late_they_are_asked(run: Run) -> None:
    assert run().stdout.splitlines()[-1] == (
        "scheduling: 3 providers, 33.3/s, at most 300 ms late (p99 over the last minute 40 ms), "
        "1 overdue, the longest by 5.0 min"
    )
    assert "scheduling" not in run("acme").stdout
    assert len(json.loads(run("--format", "json").stdout)) == 3


def test_that_no_scheduler_runs_is_said(run: Run) -> None:
    last = run().stdout.splitlines()[-1]

    assert last.startswith("scheduling: 3 providers, no scheduler reports, 3 overdue, the longest by ")


@pytest.mark.usefixtures("reported")
def test_each_scheduler_is_shown(run: Run) -> None:
    heads, one, two, line = run("--scheduling").stdout.splitlines()

    assert heads.split("  ")[0] == "SCHEDULER"
    assert one.split() == ["one:7", "0", "s", "ago", "123,456", "1,998", "20", "ms", "40", "ms", "300", "ms"]
    assert two.split() == ["two:8", "5", "s", "ago", "0", "0", "-", "-", "-"]
    assert line.startswith("scheduling: 3 providers, ")


@pytest.mark.usefixtures("reported")
def test_scheduling_as_json_is_for_programs(run: Run) -> None:
    shown = json.loads(run("--scheduling", "--format", "json").stdout)

    assert (shown["providers"], shown["overdue"], shown["dispatched_per_s"]) == (3, 1, 33.3)
    assert shown["overdue_s"] == pytest.approx(300, abs=30)
    assert [scheduler["name"] for scheduler in shown["schedulers"]] == ["one:7", "two:8"]
    assert shown["schedulers"][0]["late_p99_s"] == 0.04
    assert shown["schedulers"][1]["late_p99_s"] is None
