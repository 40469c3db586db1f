"""Whether the candidate takes no longer for the same cases, measured in turns; an analysis that rambles costs here."""

import numpy as np

from auditor.registry.results import Check, Ruling
from training.gate.rulings import too_few
from training.gate.trial import Trial

NAME, MEASURE = "latency", "seconds a case"
LEAST = 4  # pairs of measurements without which there is no figure
RESAMPLES = 2000


def checks(trial: Trial) -> list[Check]:
    """The ratio of the times of all that both were asked."""
    took = trial.guards.took
    if len(took) < LEAST:
        return [too_few(NAME, MEASURE, f"{len(took)} pairs of measurements; {LEAST} are needed", n=len(took))]
    one, other = (np.array([getattr(pair, name) for pair in took]) for name in ("candidate", "champion"))
    weights = np.random.default_rng(1).standard_exponential((RESAMPLES, len(took)))
    low, high = np.quantile((weights @ one) / (weights @ other), [0.025, 0.975])
    ratio, limit = float(one.sum() / other.sum()), trial.config.gate.max_slowdown
    n = sum(pair.n for pair in took)
    each, each_other = float(one.sum() / n), float(other.sum() / n)
    ruling = Ruling.FAILED if ratio > limit and low > 1 else Ruling.PASSED if high <= limit else Ruling.TOO_FEW
    reason = (
        f"{ratio:.2f} times the champion's {each_other * 1e3:.1f} ms a case, between {low:.2f} and {high:.2f}; "
        f"{limit:.2f} times is borne"
    )
    less, more, borne = (float(x - 1) * each_other for x in (low, high, limit))
    return [Check(NAME, ruling, reason, MEASURE, each, each_other, less, more, borne, n)]
