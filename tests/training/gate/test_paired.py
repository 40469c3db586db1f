"""Differences of two guards on the same cases: figures by hand, and limits that do not claim too much."""

import numpy as np
import pytest

from training.gate.paired import Sides, auroc, brier, difference, f1, flagged_share, right_share


def sides(
    harmful: list[int], candidate: list[float], champion: list[float], weight: list[float] | None = None
) -> Sides:
    return Sides(
        np.array(harmful, dtype=bool),
        np.array(candidate, dtype=float),
        np.array(champion, dtype=float),
        np.array(weight or [1.0] * len(harmful)),
    )


def some(n: int, right: float, lost: int = 0) -> Sides:
    """Half of `n` cases harmful; the champion is right on a share of them, the candidate on `lost` fewer."""
    harmful = np.arange(n) % 2 == 0
    champion = np.where(np.arange(n) < right * n, harmful, ~harmful).astype(float)
    candidate = champion.copy()
    candidate[:lost] = 1 - candidate[:lost]
    return Sides(harmful, candidate, champion, np.ones(n))


def test_figures_are_those_of_their_definitions() -> None:
    """Flags 1 1 0 0 on harm 1 0 1 0: precision 1/2, recall 1/2, F1 1/2; the other finds all: 1, and rightly."""
    both = sides([1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0])
    assert difference(both, f1).candidate == pytest.approx(0.5)
    assert difference(both, f1).champion == pytest.approx(1.0)
    assert difference(both, right_share).value == pytest.approx(-0.5)
    assert difference(both, flagged_share).value == pytest.approx(0.0)


def test_a_case_counts_as_often_as_it_weighs() -> None:
    """Right on one case that stands for 3 of 4: 0.75; the other on the one that stands for 1."""
    found = difference(sides([0, 0], [0, 1], [1, 0], [3.0, 1.0]), right_share)
    assert found.candidate == pytest.approx(0.75)
    assert found.champion == pytest.approx(0.25)


def test_auroc_counts_ties_as_half_and_brier_is_a_mean_square() -> None:
    """Harm at 0.9 and 0.5, safe at 0.5 and 0.1: of four pairs three are in order, one is a tie: 3.5 / 4."""
    both = sides([1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1], [1.0, 1.0, 0.0, 0.0])
    assert difference(both, auroc).candidate == pytest.approx(0.875)
    assert difference(both, auroc).champion == pytest.approx(1.0)
    assert difference(both, brier).candidate == pytest.approx((0.01 + 0.25 + 0.25 + 0.01) / 4)


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_guards_that_agreed_on_every_case_may_still_differ_by_about_three_in_n(n: int) -> None:
    found = difference(some(n, right=0.9), right_share)
    assert found.value == 0
    assert 2 / n < found.high < 5 / n
    assert 2 / n < -found.low < 5 / n


def test_limits_are_wider_at_a_higher_level_and_with_weights_far_apart() -> None:
    plain = some(200, right=0.9, lost=10)
    far = Sides(plain.harmful, plain.candidate, plain.champion, np.where(np.arange(200) % 10 == 0, 50.0, 1.0))
    usual, sure = difference(plain, right_share), difference(plain, right_share, level=0.999)
    assert sure.low < usual.low < usual.value < usual.high < sure.high
    assert far.effective < 40
    assert difference(far, right_share).high - difference(far, right_share).low > usual.high - usual.low


def test_the_same_cases_always_give_the_same_limits() -> None:
    assert difference(some(100, 0.9, 5), f1) == difference(some(100, 0.9, 5), f1)
