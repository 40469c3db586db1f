"""Figures of a prediction, against hand counts and scikit-learn."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from auditor.reliability import N_BINS, Point, bins_of, measure_reliability, wilson

POINTS = st.lists(st.builds(Point, st.integers(1, 99).map(lambda n: n / 100), st.booleans()), min_size=1)


def test_figures_of_a_hand_counted_case() -> None:
    """Two points at 0.2, one of them harmful, and one harmful at 0.8, which weighs 2."""
    told = measure_reliability([Point(0.2, False), Point(0.2, True), Point(0.8, True, 2)])
    assert told.log_loss == pytest.approx(-(math.log(0.8) + math.log(0.2) + 2 * math.log(0.8)) / 4)
    assert told.brier == pytest.approx((0.2**2 + 0.8**2 + 2 * 0.2**2) / 4)
    assert told.ece == pytest.approx((2 * 0.3 + 2 * 0.2) / 4)
    assert [(one.n, one.mean, one.observed) for one in told.diagram] == [(2, 0.2, 0.5), (1, 0.8, 1.0)]


@given(POINTS)
def test_log_loss_and_brier_are_scikit_learns(points: list[Point]) -> None:
    truths, predicted = [point.harmful for point in points], [point.predicted for point in points]
    told = measure_reliability(points)
    assert told.log_loss == pytest.approx(log_loss(truths, predicted, labels=[False, True]))
    assert told.brier == pytest.approx(brier_score_loss(truths, predicted))


@given(POINTS)
def test_bins_hold_every_point_once_and_never_part_equal_predictions(points: list[Point]) -> None:
    bins = bins_of(points)
    assert sum(map(len, bins)) == len(points)
    assert len(bins) <= N_BINS
    edges = [({point.predicted for point in one}) for one in bins]
    assert all(max(low) < min(high) for low, high in pairwise(edges))


def test_the_interval_of_a_share_is_wilsons() -> None:
    """For 8 of 10 the published interval is 0.490 to 0.943."""
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0.0, 10)[0] == 0.0


def test_weights_that_differ_widen_the_interval() -> None:
    even = measure_reliability([Point(0.5, n % 2 == 0) for n in range(20)]).diagram[0]
    odd = measure_reliability([Point(0.5, n % 2 == 0, 10 if n < 2 else 1) for n in range(20)]).diagram[0]
    assert odd.observed == even.observed
    assert odd.high - odd.low > even.high - even.low


def test_a_certainty_that_was_wrong_costs_much_and_not_without_end() -> None:
    assert measure_reliability([Point(0.0, harmful=True)]).log_loss == pytest.approx(-math.log(1e-6))
