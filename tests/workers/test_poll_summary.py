"""The line a minute about polls."""

import pytest

from workers.poll_summary import EVERY_S, PollSummary


def test_a_line_sums_what_was_counted_since_the_last_one() -> None:
    poll_summary = PollSummary(100.0)
    for _ in range(98):
        poll_summary.add("quiet", 0.05)
    poll_summary.add("changed", 0.4)
    poll_summary.add("failed", 20.0)

    assert poll_summary.due(100.0 + EVERY_S - 1) is None
    line = poll_summary.due(100.0 + EVERY_S)

    assert line is not None
    assert line.startswith("100 polls in 60 s: 98 quiet, 1 changed, 1 failed, 0 postponed; 99 % took less than ")
    assert 400 <= float(line.split()[-2]) <= 480, "a class is a fifth wide"
    assert poll_summary.due(100.0 + 3 * EVERY_S) is None, "nothing was counted"


@pytest.mark.parametrize(("seconds", "least_ms"), [(0.0, 1.0), (1e9, 3_600_000.0)])
def test_a_duration_beyond_the_classes_is_counted_in_the_last_of_them(seconds: float, least_ms: float) -> None:
    poll_summary = PollSummary(0.0)
    poll_summary.add("without a lease", seconds)
    line = poll_summary.line(1.0)

    assert line is not None
    assert "1 without a lease" in line
    assert float(line.split()[-2]) >= least_ms
