"""The limits hold as often as they say, on guards whose truth is known; few draws here, many in docs/gate.md."""

import pytest

from tests.gate_simulation import World, simulated

DRAWS = 40


@pytest.mark.parametrize("world", [World(100), World(150, weights=True)], ids=str)
def test_limits_hold(world: World) -> None:
    """Of 40 draws at 95 % at least 33 hold the truth, but for one time in ten thousand."""
    assert min(simulated(world, DRAWS).held.values()) >= 33 / DRAWS


def test_who_lost_more_than_is_borne_is_hardly_ever_passed_and_who_lost_nothing_mostly_is() -> None:
    lost, equal = simulated(World(300, loss=0.15, churn=0.16), DRAWS), simulated(World(500, churn=0.02), DRAWS)
    assert lost.passed <= 0.05
    assert lost.failed >= 0.5
    assert equal.passed >= 0.8
