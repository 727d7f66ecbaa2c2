"""The line a minute about polls."""

import pytest

from workers.tally import EVERY_S, Tally


def test_a_line_sums_what_was_counted_since_the_last_one() -> None:
    tally = Tally(100.0)
    for _ in range(98):
        tally.add("quiet", 0.05)
    tally.add("changed", 0.4)
    tally.add("failed", 20.0)

    assert tally.due(100.0 + EVERY_S - 1) is None
    line = tally.due(100.0 + EVERY_S)

    assert line is not None
    assert line.startswith("100 polls in 60 s: 98 quiet, 1 changed, 1 failed, 0 postponed; 99 % took less than ")
    assert 400 <= float(line.split()[-2]) <= 480, "a class is a fifth wide"
    assert tally.due(100.0 + 3 * EVERY_S) is None, "nothing was counted"


@pytest.mark.parametrize(("seconds", "least_ms"), [(0.0, 1.0), (1e9, 3_600_000.0)])
def test_a_duration_beyond_the_classes_is_counted_in_the_last_of_them(seconds: float, least_ms: float) -> None:
    tally = Tally(0.0)
    tally.add("without a turn", seconds)
    line = tally.line(1.0)

    assert line is not None
    assert "1 without a turn" in line
    assert float(line.split()[-2]) >= least_ms
