"""The capacity page: its table is what the script makes of what was measured, and the arithmetic holds."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import capacity
from benchmarks.capacity import ASSUMED, FULL, Costs, costs_at, measured, most_checks_s, need, written_into
from benchmarks.results import Result, load

DOCUMENT = Path(__file__).parents[3] / "docs" / "capacity.md"


def result(**numbers: Any) -> Result:
    return Result(machine={}, when="2026-11-23", options={}, numbers=numbers)


SUSTAINED = {
    "checks per second": 333.0,
    "of which worker": 1.5,
    "of which beat": 0.02,
    "of which data server": 0.25,
    "RSS of a worker, MB": 180,
    "data server's bytes per page": 4321,
}


def test_the_document_has_the_table_of_what_was_measured() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    assert text == written_into(text, load()), "write it anew: python -m benchmarks.capacity --write docs/capacity.md"
    assert "| 1,000,000 | 30 s |" in text


def test_without_a_measurement_the_costs_are_assumed_and_the_table_says_so() -> None:
    assert measured({}) == [ASSUMED]
    assert "assumed" in capacity.tables(measured({"throughput/x": result()}))


def test_what_was_measured_replaces_what_is_assumed() -> None:
    (costs,) = measured(
        {
            "throughput/x": result(),
            "sustained/10,000 pages": result(**SUSTAINED),
            "data_server/200 pages": result(
                **{"bytes of the append-only file": 900.5, "bytes received": 1000, "bytes sent": 500}
            ),
        }
    )

    assert costs == Costs(
        checks_s=333.0,
        worker_ms=1.5,
        beat_ms=0.02,
        data_server_ms=0.25,
        worker_mb=180,
        redis_bytes_per_page=4321,
        file_bytes=900.5,
        network_bytes=1500,
    )


def test_each_line_has_the_costs_of_its_rate_and_the_memory_of_the_largest() -> None:
    known = measured(
        {
            "sustained/60,000 pages": result(**{**SUSTAINED, "checks per second": 2000.0, "of which worker": 0.2}),
            "sustained/10,000 pages": result(**{**SUSTAINED, "data server's bytes per page": 9000}),
        }
    )

    assert [costs_at(known, rate).worker_ms for rate in (17, 333, 1999, 2000, 33_333)] == [1.5, 1.5, 1.5, 0.2, 0.2]
    assert {costs.redis_bytes_per_page for costs in known} == {9000}


@given(st.integers(1, 10**7), st.integers(10, 3600), st.floats(0.01, 20), st.floats(0.01, 5))
def test_no_process_is_fuller_than_it_may_be(pages: int, interval_s: int, worker_ms: float, server_ms: float) -> None:
    costs = replace(ASSUMED, worker_ms=worker_ms, data_server_ms=server_ms)

    it = need(costs, pages, interval_s)

    assert it.workers >= 2
    assert it.beats >= 2
    assert it.checks_s * worker_ms / 1e3 / it.workers <= FULL + 1e-9
    assert (it.data_server_share <= FULL + 1e-9) == (it.checks_s <= most_checks_s(costs) + 1e-9)


def test_twice_the_pages_need_twice_the_data_server() -> None:
    one, two = need(ASSUMED, 10_000, 30), need(ASSUMED, 20_000, 30)

    assert math.isclose(two.data_server_share, 2 * one.data_server_share)
    assert math.isclose(two.file_mb_s, 2 * one.file_mb_s)
    assert math.isclose(two.data_server_mb, 2 * one.data_server_mb)
