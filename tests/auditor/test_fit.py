"""Fits, against scikit-learn asked directly, and on cases whose answer is known."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from auditor.calibration import Isotonic, Method, Temperature, logit, sigmoid
from auditor.fit import Reviewed, fit, fit_isotonic, fit_temperature, too_few


def too_sure(n: int, temperature: float, seed: int = 0, weight: float = 1.0) -> list[Reviewed]:
    """Cases whose scores have log-odds `temperature` times those of the truth."""
    draw = random.Random(seed)  # noqa: S311 - the same each time
    odds = [draw.gauss(0, 2) for _ in range(n)]
    return [Reviewed(sigmoid(temperature * one), draw.random() < sigmoid(one), weight) for one in odds]


def test_the_temperature_is_one_over_scikit_learns_slope() -> None:
    """Logistic regression on the log-odds, without intercept and penalty, fits the same curve."""
    cases = [Reviewed(one.score, one.harmful, 1 + n % 3) for n, one in enumerate(too_sure(400, 3))]
    model = LogisticRegression(fit_intercept=False, C=np.inf, tol=1e-10)
    model.fit(
        [[logit(one.score)] for one in cases], [one.harmful for one in cases], sample_weight=[c.weight for c in cases]
    )
    assert fit_temperature(cases).temperature == pytest.approx(1 / model.coef_[0][0], rel=1e-4)


def test_a_guard_that_is_three_times_too_sure_is_found_out() -> None:
    assert fit_temperature(too_sure(20_000, 3)).temperature == pytest.approx(3, rel=0.05)


def test_two_levels_of_which_a_quarter_is_wrong() -> None:
    """Scores 0.9 and 0.1, a quarter wrong on either side: odds of 9 stand for odds of 3, so T = ln 9 / ln 3 = 2."""
    cases = [Reviewed(0.9, n % 4 != 0) for n in range(40)] + [Reviewed(0.1, n % 4 == 0) for n in range(40)]
    curve = fit_temperature(cases)
    assert curve.temperature == pytest.approx(2, rel=1e-4)
    assert curve.at(0.9) == pytest.approx(0.75, rel=1e-4)
    steps = fit_isotonic(cases)
    assert (steps.at(0.1), steps.at(0.5), steps.at(0.9)) == pytest.approx((0.25, 0.5, 0.75))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(1, 4)), min_size=2))
def test_steps_are_scikit_learns(rows: list[tuple[int, bool, int]]) -> None:
    cases = [Reviewed(score / 20, harmful, weight) for score, harmful, weight in rows]
    weights = np.array([one.weight for one in cases])
    least = 1 / (weights.sum() ** 2 / (weights**2).sum() + 2)
    model = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    model.fit([one.score for one in cases], [float(one.harmful) for one in cases], sample_weight=weights)
    asked = np.linspace(0, 1, 101)
    curve = fit_isotonic(cases)
    assert [curve.at(score) for score in asked] == pytest.approx(model.predict(asked))


def test_weights_count_as_that_many_cases() -> None:
    cases = too_sure(200, 2)
    heavy = [Reviewed(one.score, one.harmful, 3.0 if n < 50 else 1.0) for n, one in enumerate(cases)]
    assert fit_temperature(heavy).temperature == pytest.approx(fit_temperature(cases + 2 * cases[:50]).temperature)


def test_held_out_figures_get_better_where_the_guard_was_too_sure() -> None:
    fitted = fit(too_sure(600, 4), None)
    assert fitted.after.log_loss < fitted.before.log_loss
    assert fitted.after.ece < fitted.before.ece
    assert fitted.after.brier < fitted.before.brier
    assert sum(one.n for one in fitted.after.diagram) == fitted.n_reviews == 600


def test_auto_takes_steps_where_no_temperature_helps() -> None:
    """Scores that say the opposite of the truth in the middle and are shifted: only steps can follow a base rate."""
    cases = [Reviewed(0.5 + n / 1000, harmful=n % 10 == 0) for n in range(200)]
    assert isinstance(fit(cases, None).curve, Isotonic)
    assert isinstance(fit(cases, Method.TEMPERATURE).curve, Temperature)
    assert isinstance(fit(too_sure(600, 4), None).curve, Temperature)


def test_the_same_cases_give_the_same_fit() -> None:
    cases = too_sure(100, 2)
    assert fit(cases, None) == fit(cases, None)


@pytest.mark.parametrize(
    ("n_harmful", "n_safe", "says"),
    [
        (25, 24, "49 reviewed triples"),
        (9, 60, "9 harmful and 60 safe"),
        (60, 9, "60 harmful and 9 safe"),
        (25, 25, None),
    ],
)
def test_too_few_reviews_are_refused_with_their_number(n_harmful: int, n_safe: int, says: str | None) -> None:
    cases = [Reviewed(0.9, harmful=True)] * n_harmful + [Reviewed(0.1, harmful=False)] * n_safe
    told = too_few(cases, 50)
    assert (told is None) if says is None else (told is not None and says in told)


def test_scores_that_are_all_0_or_1_can_be_fitted() -> None:
    cases = [Reviewed(1.0, n % 5 != 0) for n in range(50)] + [Reviewed(0.0, n % 5 == 0) for n in range(50)]
    for method in Method:
        curve = fit(cases, method).curve
        assert curve.at(1.0) == pytest.approx(0.8, abs=0.01)
        assert curve.at(0.0) == pytest.approx(0.2, abs=0.01)
