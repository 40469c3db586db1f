"""Curves fitted to reviewed triples: P(harmful | harm score), judged on triples that each fit has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold

from auditor.calibration import Curve, Isotonic, Method, Temperature, logit
from auditor.reliability import Point, Reliability, effective_number, measure_reliability

MIN_REVIEWS = 50
MIN_OF_CLASS = 10
N_FOLDS = 5  # at most MIN_OF_CLASS
TEMPERATURES = (0.05, 100.0)  # at the upper one the score tells nothing: the risk is about 0.5 for all


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A triple that reviewers decided on.

    Attributes:
        score: the harm score, in [0, 1].
        weight: see Point.
    """

    score: float
    harmful: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A curve and what it is worth.

    Attributes:
        n_reviews, n_harmful: triples that it was fitted on.
        before, after: of the scores as they are, and of the risks: both over the same triples, each of which was held
            out of the fit that its risk comes from. The curve itself is fitted on all.
    """

    curve: Curve
    n_reviews: int
    n_harmful: int
    before: Reliability
    after: Reliability


def too_few(cases: Sequence[Reviewed], min_reviews: int) -> str | None:
    """Why no curve can be fitted, in words; None where one can."""
    n_harmful = sum(case.harmful for case in cases)
    if len(cases) < min_reviews:
        return f"{len(cases)} reviewed triples, and at least {min_reviews} are needed"
    if min(n_harmful, len(cases) - n_harmful) < MIN_OF_CLASS:
        found = f"{n_harmful} harmful and {len(cases) - n_harmful} safe triples reviewed"
        return f"{found}, and at least {MIN_OF_CLASS} of each are needed"
    return None


def fit(cases: Sequence[Reviewed], method: Method | None) -> Fitted:
    """The curve of a kind, or of whichever kind has the lower log loss on held out triples (a tie goes to temperature).

    Args:
        cases: in an order that is always the same; `too_few` has nothing against them.
        method: None to choose.
    """
    before = measure_reliability([Point(case.score, case.harmful, case.weight) for case in cases])
    tried = {one: measure_reliability(held_out(cases, FITS[one])) for one in ([method] if method else FITS)}
    best = min(tried, key=lambda one: tried[one].log_loss)
    return Fitted(FITS[best](cases), len(cases), sum(case.harmful for case in cases), before, tried[best])


def held_out(cases: Sequence[Reviewed], fit_curve: Callable[[Sequence[Reviewed]], Curve]) -> list[Point]:
    """Each case with the risk by a curve that was fitted on other folds than its own."""
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    points: list[Point] = []
    for seen, unseen in folds.split(cases, [case.harmful for case in cases]):
        curve = fit_curve([cases[i] for i in seen])
        points += [Point(curve.at(cases[i].score), cases[i].harmful, cases[i].weight) for i in unseen]
    return points


def fit_temperature(cases: Sequence[Reviewed]) -> Temperature:
    """The temperature with the lowest log loss."""
    against = np.array([-logit(case.score) if case.harmful else logit(case.score) for case in cases])
    weights = np.array([case.weight for case in cases])

    def loss(log_temperature: float) -> float:
        return float(np.sum(weights * np.logaddexp(0, against / np.exp(log_temperature))))

    found = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-8})
    return Temperature(float(np.exp(found.x)))


def fit_isotonic(cases: Sequence[Reviewed]) -> Isotonic:
    """The rising steps nearest to what was observed, kept off 0 and 1 by the rule of succession."""
    least = 1 / (effective_number([case.weight for case in cases]) + 2)
    regression = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    columns = [[case.score for case in cases], [float(case.harmful) for case in cases], [case.weight for case in cases]]
    regression.fit(*columns)
    return Isotonic(tuple(regression.X_thresholds_.tolist()), tuple(regression.y_thresholds_.tolist()))


FITS: dict[Method, Callable[[Sequence[Reviewed]], Curve]] = {
    Method.TEMPERATURE: fit_temperature,
    Method.ISOTONIC: fit_isotonic,
}
