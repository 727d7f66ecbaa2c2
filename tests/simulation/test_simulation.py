"""What the tracker promises holds in whatever order its processes go on, and whatever breaks at which call."""

import pytest

from tests.simulation.planted import PLANTED
from tests.simulation.run import found_by, simulated
from tests.simulation.world import World

SEEDS = 100
#: Of them `make test` runs the first; a seed takes a tenth of a second.
FIRST = 60
#: Of so many seeds at least one finds each planted fault; a change of the product moves them.
ENOUGH = 300


@pytest.mark.parametrize(
    "first", [pytest.param(seed, marks=pytest.mark.faults if seed >= FIRST else ()) for seed in range(0, SEEDS, 20)]
)
def test_every_update_is_on_record_once_and_in_order_and_reaches_webhook_and_channels(first: int) -> None:
    assert simulated(range(first, first + 20)).broken == []


def test_a_seed_replays_exactly() -> None:
    """Each call, its time and what broke are the same, with whatever ran before in the process."""

    def replayed() -> tuple[object, ...]:
        with World(9) as world:
            world.run()
            channels = [(channel.taken, channel.shown) for channel in world.alerts.channels.values()]
            return world.scheduler.trace, [event.id for event in world.record], world.receiver.accepted, channels

    first = replayed()
    simulated(range(3))

    assert replayed() == first
    assert any(step.fate for step in first[0])  # type: ignore[attr-defined]


@pytest.mark.faults
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name: str) -> None:
    assert next(found_by(name, range(ENOUGH)), None) is not None
