"""The limits hold as often as they say, on guards whose truth is known; few draws here, many in docs/gate.md."""

import pytest

from tests.gate_simulation import World, simulated

DRAWS = 60


@pytest.mark.parametrize("world", [World(100), World(300, right=0.98, churn=0.01), World(150, weights=True)], ids=str)
def test_limits_hold(world: World) -> None:
    """Of 60 draws at 95 % at least 51 hold the truth, but for one time in ten thousand."""
    assert min(simulated(world, DRAWS).held.values()) >= 51 / DRAWS


def test_who_lost_more_than_is_borne_is_hardly_ever_passed_and_who_lost_nothing_mostly_is() -> None:
    lost, equal = simulated(World(500, loss=0.1, churn=0.12), DRAWS), simulated(World(800, churn=0.02), DRAWS)
    assert lost.passed <= 0.05
    assert lost.failed >= 0.5
    assert equal.passed >= 0.8
