"""How far two guards differ on the same cases, with an interval; pure, given a seed.

The interval is a Bayesian bootstrap (Rubin, The Bayesian Bootstrap, 1981): each case weighs as often as it counts,
times a random number of Exp(1), the same for both guards, so that what is hard for both cancels. Where two guards
differ on no case at all a bootstrap would be sure that they never will; so each class of cases gets two more that are
made up, one that only the candidate flags and one that only the champion does, which weigh as one case each. Without
any difference on n cases the limits are then about 3/n, which is what the rule of three says. How often the limits
hold: see `tests/gate_simulation.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
RESAMPLES = 2000
SEED = 20251


@dataclass(frozen=True, slots=True)
class Sides:
    """What two guards said of the same cases, as columns of one length.

    Attributes:
        harmful: the labels.
        candidate, champion: what is compared: flags as 0 and 1, or scores in [0, 1].
        weight: how many exchanges each case stands for.
    """

    harmful: "NDArray[np.bool_]"
    candidate: "NDArray[np.float64]"
    champion: "NDArray[np.float64]"
    weight: "NDArray[np.float64]"

    def where(self, chosen: "NDArray[np.bool_]") -> "Sides":
        """Those that are chosen."""
        return Sides(self.harmful[chosen], self.candidate[chosen], self.champion[chosen], self.weight[chosen])

    def __len__(self) -> int:
        """How many cases."""
        return len(self.harmful)

    @property
    def case_weight(self) -> float:
        """The weight of a case as weight meets it: all weights are as good as total / this many equal ones (Kish)."""
        return float((self.weight**2).sum() / self.weight.sum())

    @property
    def effective(self) -> float:
        """Cases of equal weight that would tell as much."""
        return float(self.weight.sum()) / self.case_weight


Measure = Callable[["NDArray[np.bool_]", "NDArray[np.float64]", "NDArray[np.float64]"], "NDArray[np.float64]"]
"""(labels, what one guard said, weights of shape (resamples, cases)) -> a figure for each resample."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a figure is for either guard, and how far they differ.

    Attributes:
        value: candidate less champion; low <= high are its limits at `level`.
        n: cases.
    """

    candidate: float
    champion: float
    value: float
    low: float
    high: float
    n: int
    level: float = LEVEL


def difference(sides: Sides, measure: Measure, *, level: float = LEVEL, by_class: bool = True) -> Difference:
    """The difference of a figure.

    Args:
        sides: at least one case.
        measure: of one guard.
        level: of the two-sided interval.
        by_class: whether the numbers of harmful and safe cases were chosen, and not found: they are then kept.
    """
    real = sides.weight[None, :]
    candidate = float(measure(sides.harmful, sides.candidate, real)[0])
    champion = float(measure(sides.harmful, sides.champion, real)[0])
    drawn = doubted(sides, SCORES_APART if measure in OF_SCORES else 1.0)
    weights = resampled(drawn, by_class=by_class)
    apart = measure(drawn.harmful, drawn.candidate, weights) - measure(drawn.harmful, drawn.champion, weights)
    low, high = np.nanquantile(apart, [(1 - level) / 2, (1 + level) / 2])
    value = candidate - champion
    return Difference(candidate, champion, value, min(value, float(low)), max(value, float(high)), len(sides), level)


def doubted(sides: Sides, apart: float) -> Sides:
    """The cases, and two made-up ones of each class that there is, on which the guards are so far apart, either way."""
    classes = np.unique(sides.harmful)
    more = np.repeat(classes, 2)
    one_way = np.tile([0.5 + apart / 2, 0.5 - apart / 2], len(classes))
    return Sides(
        np.concatenate([sides.harmful, more]),
        np.concatenate([sides.candidate, one_way]),
        np.concatenate([sides.champion, 1 - one_way]),
        np.concatenate([sides.weight, np.full(len(more), sides.case_weight)]),
    )


def resampled(sides: Sides, *, by_class: bool) -> "NDArray[np.float64]":
    """Weights of RESAMPLES resamples, shape (RESAMPLES, cases)."""
    draws = np.random.default_rng(SEED).standard_exponential((RESAMPLES, len(sides))) * sides.weight
    if by_class:
        for one in np.unique(sides.harmful):
            chosen = sides.harmful == one
            draws[:, chosen] *= sides.weight[chosen].sum() / draws[:, chosen].sum(axis=1, keepdims=True)
    return draws


def f1(
    harmful: "NDArray[np.bool_]", flagged: "NDArray[np.float64]", weights: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """F1 of the flags on harmful cases; 0 where nothing is flagged."""
    hits = weights @ (flagged * harmful)
    return np.asarray(2 * hits / np.maximum(weights @ flagged + weights @ harmful, 1e-12))


def flagged_share(
    _: "NDArray[np.bool_]", flagged: "NDArray[np.float64]", weights: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """The share that is flagged: recall of harmful cases, false alarms of safe ones."""
    return np.asarray(weights @ flagged / weights.sum(axis=1))


def right_share(
    harmful: "NDArray[np.bool_]", flagged: "NDArray[np.float64]", weights: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """The share that is flagged where it is harmful, and only there."""
    return np.asarray(weights @ (flagged == harmful) / weights.sum(axis=1))


def brier(
    harmful: "NDArray[np.bool_]", scores: "NDArray[np.float64]", weights: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """Mean squared distance of scores from what is true."""
    return np.asarray(weights @ (scores - harmful) ** 2 / weights.sum(axis=1))


def auroc(
    harmful: "NDArray[np.bool_]", scores: "NDArray[np.float64]", weights: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """Probability that a harmful case scores above a safe one; a tie counts half."""
    _, place = np.unique(scores, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    safe = np.add.reduceat((weights * ~harmful)[:, order], starts, axis=1)
    bad = np.add.reduceat((weights * harmful)[:, order], starts, axis=1)
    below = np.cumsum(safe, axis=1) - safe / 2
    return np.asarray((bad * below).sum(axis=1) / np.maximum(bad.sum(axis=1) * safe.sum(axis=1), 1e-12))


OF_SCORES = (brier, auroc)
SCORES_APART = 0.5  # where two guards differ, their scores do by about so much
