"""The capacity page: its table is what the script makes of what was measured, and the arithmetic holds."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import capacity
from benchmarks.capacity import ASSUMED, CONCURRENCY, FULL, Costs, measured, most_checks_s, need, written_into

DOCUMENT = Path(__file__).parents[2] / "docs" / "capacity.md"


def test_the_document_has_the_table_of_what_was_measured() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    again = written_into(text, measured(json.loads(capacity.RESULTS.read_text(encoding="utf-8"))))

    assert text == again, "write it anew: python -m benchmarks.capacity --write docs/capacity.md"
    assert "| 1,000,000 | 30 s |" in text


def test_without_a_measurement_the_costs_are_assumed_and_the_table_says_so() -> None:
    assert measured({}) is ASSUMED
    assert "assumed" in capacity.tables(measured({"throughput": {"numbers": {}}}))


@pytest.mark.parametrize("name", ["sustained", "sustained/10,000 pages"])
@pytest.mark.parametrize(
    "numbers",
    [
        {
            "cpu_ms_per_check": {"worker": 1.5, "beat": 0.02, "data server": 0.25, "printer": 0.01},
            "rss_mb": {"worker": 180},
            "redis_bytes_per_provider": 4321,
        },
        {
            "of which worker": 1.5,
            "of which beat": 0.02,
            "of which data server": 0.25,
            "RSS of a worker, MB": 180,
            "data server's bytes per page": 4321,
        },
    ],
)
def test_what_was_measured_replaces_what_is_assumed(name: str, numbers: dict[str, object]) -> None:
    costs = measured({"throughput/x": {"numbers": {}}, name: {"numbers": numbers}})

    assert (costs.worker_ms, costs.beat_ms, costs.data_server_ms) == (1.5, 0.02, 0.25)
    assert (costs.worker_mb, costs.redis_bytes_per_page) == (180, 4321)
    assert costs.file_bytes == ASSUMED.file_bytes
    assert "measured" in costs.source


@given(
    st.integers(1, 10**7),
    st.integers(10, 3600),
    st.floats(0.01, 20),
    st.floats(0.01, 5),
)
def test_no_process_is_fuller_than_it_may_be(pages: int, interval_s: int, worker_ms: float, server_ms: float) -> None:
    costs = Costs(
        source="", worker_ms=worker_ms, beat_ms=0.1, data_server_ms=server_ms, worker_mb=100, redis_bytes_per_page=1
    )

    it = need(costs, pages, interval_s)

    assert it.workers >= 2
    assert it.beats >= 2
    assert it.checks_s * worker_ms / 1e3 / it.workers <= FULL + 1e-9
    assert it.checks_s * capacity.ANSWER_S / it.workers <= CONCURRENCY * FULL + 1e-9
    assert (it.data_server_share <= FULL + 1e-9) == (it.checks_s <= most_checks_s(costs) + 1e-9)


def test_twice_the_pages_need_twice_the_data_server() -> None:
    one, two = need(ASSUMED, 10_000, 30), need(ASSUMED, 20_000, 30)

    assert math.isclose(two.data_server_share, 2 * one.data_server_share)
    assert math.isclose(two.file_mb_s, 2 * one.file_mb_s)
    assert math.isclose(two.data_server_mb, 2 * one.data_server_mb)
