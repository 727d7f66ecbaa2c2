"""What the tracker promises holds in whatever order its processes go on, and whatever breaks at which call."""

import pytest

from tests.simulation.planted import PLANTED
from tests.simulation.run import found_at, simulated
from tests.simulation.world import World

SEEDS = 100
#: The seeds that find each planted fault are below 70; a change of the product moves them.
ENOUGH = 300


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_every_update_is_on_record_once_in_order_and_reaches_the_webhook(first: int) -> None:
    assert simulated(range(first, first + 25)).broken == []


def test_a_seed_replays_exactly() -> None:
    def replayed() -> tuple[list[str], list[str], list[str]]:
        with World(7) as world:
            world.run()
            return world.scheduler.trace, [event.id for event in world.record], world.receiver.accepted

    assert replayed() == replayed()


@pytest.mark.faults
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str) -> None:
    assert found_at(name, ENOUGH) is not None
