"""Numbers from samples: what is known exactly stays exact, and what cannot be told is said."""

import numpy as np
import pytest

from reports.what_if.estimates import Estimate, Reviews, TooFew, limits, number, share
from reports.what_if.weights import weights


def reviews(harmful: list[bool], weight: float = 1.0, stratum: int = 0) -> Reviews:
    n = len(harmful)
    return Reviews(np.full(n, weight), np.array(harmful), np.full(n, stratum), np.zeros(n, dtype=np.int64))


def test_what_is_reviewed_whole_is_known() -> None:
    told = share(reviews([True] * 3 + [False]), np.array([4]))
    assert told == Estimate(0.75, 0.75, 0.75, 4, 3)


def test_limits_are_those_of_the_beta() -> None:
    """10 of 100: Clopper and Pearson's low limit is 0.0490, Jeffreys' high one 0.1694 (R: binom 1.1)."""
    low, high = limits(np.array([0.1]), np.array([100.0]))
    assert low[0] == pytest.approx(0.0490, abs=1e-4)
    assert high[0] == pytest.approx(0.1694, abs=2e-3)


def test_limits_are_alike_at_both_ends() -> None:
    low, high = limits(np.array([0.02, 0.98, 0.0, 1.0]), np.array([100.0] * 4))
    assert low[0] == pytest.approx(1 - high[1])
    assert high[0] == pytest.approx(1 - low[1])
    assert (low[2], high[3]) == (0.0, 1.0)
    assert high[2] == pytest.approx(1 - low[3])


def test_a_sample_stands_for_the_population_that_was_counted() -> None:
    told = number(reviews([True] * 10 + [False] * 90, weight=20), np.array([3000]), per=30)
    assert isinstance(told, Estimate)
    assert told.value == pytest.approx(3000 * 0.1 / 30)
    assert told.low < told.value < told.high


@pytest.mark.parametrize("harmful", [[], [True] * 3, [False] * 15])
def test_few_reviews_tell_nothing(harmful: list[bool]) -> None:
    assert isinstance(share(reviews(harmful, 10), np.array([1000])), TooFew)


def test_strata_that_differ_make_the_interval_narrower() -> None:
    harmful = np.arange(400) % 200 < np.where(np.arange(400) < 200, 20, 160)
    one, zero = np.full(400, 10.0), np.zeros(400, dtype=np.int64)
    mixed = share(Reviews(one, harmful, zero, zero), np.array([4000]))
    apart = share(Reviews(one, harmful, zero, np.arange(400) // 200), np.array([4000]))
    assert isinstance(mixed, Estimate)
    assert isinstance(apart, Estimate)
    assert apart.value == mixed.value
    assert apart.high - apart.low < 0.9 * (mixed.high - mixed.low)


def test_few_harmful_ones_give_a_limit_and_no_number() -> None:
    told = number(reviews([False] * 300, 10), np.array([3000]), per=10)
    assert isinstance(told, TooFew)
    assert told.at_most is not None
    assert 1 < told.at_most < 4


def test_a_class_that_nobody_reviewed_is_not_guessed() -> None:
    assert isinstance(share(reviews([True] * 50 + [False] * 50, 2), np.array([1000, 1000])), TooFew)


def test_no_alerts_have_no_precision() -> None:
    assert share(reviews([]), np.array([0])) == TooFew(0, 0)


def test_what_is_not_reviewed_yet_is_shared_out_within_its_cell_then_its_reason() -> None:
    """Cell a: 4 drawn of 8, 2 reviewed: each stands for 4. Cell b has none, so a stands for its 10 too: 4 * 18 / 8."""
    inclusion = np.array([0.5] * 4 + [0.1])
    reviewed = np.array([True, True, False, False, False])
    assert weights(inclusion, reviewed, list("aaaab"), ["below"] * 5).tolist() == [9.0, 9.0, 0, 0, 0]
