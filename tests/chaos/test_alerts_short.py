"""The killing of deciders and senders, in short; `make chaos` does it five hundred times."""

import pytest

from tests.chaos.alerts import run


@pytest.mark.faults
def test_no_open_and_no_close_is_missing_or_doubled_where_services_know_keys() -> None:
    assert run(kills=25, seed=3) == 0
