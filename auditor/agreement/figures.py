"""A coefficient with its 95 % interval; or why it, or its interval, is not there. Never NaN.

A bootstrap knows nothing of what it never saw, so three rules come before it, chosen by simulation (two and three
reviewers, 2 to 30 % harmful, 10 to 300 cases; docs/agreement.md has the figures):

- With fewer than 20 cases there is no interval.
- Where nobody disagreed in any case, every resample says 1 as well. Then the lower limit is the one at which n cases
  without a disagreement come in one of 40 samples: Clopper and Pearson's, 0.025^(1/n), for agreement that was seen.
- Kappa and alpha rest on how often the rarer levels come. With fewer than 10 cases that have a vote beside the most
  frequent level, their intervals held the value in 60 to 90 of 100 samples, so there is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.agreement.bootstrap import TAIL, Resamples, Values, limits, resample
from auditor.agreement.coefficients import NOTHING, Coefficient, Sums, alike, coefficients, gwet, sums
from auditor.agreement.ratings import Ratings
from auditor.agreement.scales import Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_CASES = 20
MIN_RARE = 10
STEADY = {"observed", "ac1", "ac2"}  # they do not rest on how often a rare level comes

SHARES = ("observed", "both_harmful")

NO_PAIR = "no case was rated by two"
ONE_CASE = "a single case tells nothing of others"
ONE_LEVEL = "all ratings are of one level, so that chance alone would make them agree"
NO_HARM = "nobody said harmful"
FEW_CASES = f"fewer than {MIN_CASES} cases"
FEW_RARE = f"fewer than {MIN_RARE} cases with a rating beside the most frequent level"
UNSTEADY = "too few cases that differ for resampling to tell"


@dataclass(frozen=True, slots=True)
class Figure:
    """A coefficient.

    Attributes:
        value: at most 1; None where it is not defined.
        low, high: low <= value <= high; None where there is no interval.
        why_not: why value or interval is missing; None where both are there.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Agreement on some cases, on one scale.

    Attributes:
        cases: rated by two or more, or by both sides.
        figures: "observed", the share of pairs that agree; on two levels "both_harmful", how often another rating is
            harmful where one is; and each coefficient of the scale.
    """

    cases: int
    figures: Mapping[str, Figure]


def measure(ratings: Ratings, n: "NDArray[np.int64]", scale: Scale, replicates: int, seed: int) -> Measured:
    """Agreement with intervals.

    Args:
        ratings: of each kind of cases.
        n: how many cases of each kind there are, shape (P,).
        scale: of the ratings.
        replicates: resamples that intervals rest on.
        seed: of these; the same one gives the same limits.
    """
    names = [*SHARES[: 2 if scale.n == 2 else 1], *coefficients(scale, sided=ratings.sided)]
    paired = ratings.pairs.sum(axis=(1, 2)) > 0
    cases = int(n[paired].sum())
    if cases < 2:
        return Measured(cases, dict.fromkeys(names, Figure(None, why_not=ONE_CASE if cases else NO_PAIR)))
    sample, why_not = sampled(ratings, resample(n, replicates, seed), cases), too_few(ratings, n, cases)
    found = {"observed": share(sample, why_not[0])}
    if scale.n == 2:
        found["both_harmful"] = share_of_harmful(sample, ratings, why_not[1])
    for name, coefficient in coefficients(scale, sided=ratings.sided).items():
        found[name] = corrected(sample, coefficient, why_not[name not in STEADY])
    return Measured(cases, found)


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sums that coefficients are made of.

    Attributes:
        whole, drawn, without: as in `Resamples`.
        n: cases of each kind.
        cases: that have a pair of ratings.
    """

    whole: Sums
    drawn: Sums
    without: Sums
    n: "NDArray[np.int64]"
    cases: int

    def values(self, statistic: "Callable[[Sums], NDArray[np.float64]]") -> Values:
        """The statistic of each."""
        return Values(*map(statistic, (self.whole, self.drawn, self.without)))


def sampled(ratings: Ratings, cases: Resamples, n_paired: int) -> Sampled:
    """Sums of the cases and of their resamples."""
    whole, drawn, without = (sums(ratings, n) for n in (cases.whole, cases.drawn, cases.without))
    return Sampled(whole, drawn, without, cases.whole[0], n_paired)


def too_few(ratings: Ratings, n: "NDArray[np.int64]", cases: int) -> tuple[str | None, str | None]:
    """Why there are no intervals of what is steady, and of the others."""
    shares = (ratings.left + ratings.right) / 2
    common = int((n @ shares).argmax())
    rare = int(n[shares.sum(axis=1) - shares[:, common] > NOTHING].sum())
    few = FEW_CASES if cases < MIN_CASES else None
    return few, few or (FEW_RARE if rare < MIN_RARE else None)


def share(sample: Sampled, why_not: str | None) -> Figure:
    """The share of pairs of ratings that are the same."""

    def same(of: Sums) -> "NDArray[np.float64]":
        agreed: NDArray[np.float64] = np.einsum("bkk->b", of.pairs)
        return agreed

    value = float(same(sample.whole)[0])
    if why_not:
        return Figure(value, why_not=why_not)
    if value > 1 - NOTHING:
        return Figure(1.0, unseen(sample.cases), 1.0)
    return with_limits(value, limits(sample.values(same), sample.n))


def share_of_harmful(sample: Sampled, ratings: Ratings, why_not: str | None) -> Figure:
    """Where one says harmful, how often another does too. It rests on the cases that somebody calls harmful, alone."""
    called = sample.values(lambda of: alike(of, 1))
    value = float(called.whole[0])
    if np.isnan(value):
        return Figure(None, why_not=NO_HARM)
    if why_not:
        return Figure(value, why_not=why_not)
    if value > 1 - NOTHING:
        cases = sample.n[(ratings.pairs[:, 1, :] + ratings.pairs[:, :, 1]).sum(axis=1) > 0].sum()
        return Figure(1.0, unseen(int(cases)), 1.0)
    return with_limits(value, limits(called, sample.n))


def corrected(sample: Sampled, coefficient: Coefficient, why_not: str | None) -> Figure:
    """A coefficient."""
    told = coefficient(sample.whole)
    value = float(told.value()[0])
    if np.isnan(value):
        return Figure(None, why_not=ONE_LEVEL)
    if why_not:
        return Figure(value, why_not=why_not)
    if told.seen[0] < NOTHING:
        low = 1 - (1 - unseen(sample.cases)) * told.most[0] / told.chance[0]
        return Figure(1.0, float(low), 1.0)
    return with_limits(value, limits(sample.values(lambda of: coefficient(of).value()), sample.n))


def unseen(cases: int) -> float:
    """The least agreement with which so many cases without a disagreement are no surprise."""
    return float(TAIL ** (1 / cases))


def with_limits(value: float, found: tuple[float, float] | None) -> Figure:
    """The figure, where the bootstrap gave an interval or not."""
    return Figure(value, *found) if found else Figure(value, why_not=UNSTEADY)


def difference(
    sides: tuple[Ratings, Ratings], n: "NDArray[np.int64]", scale: Scale, replicates: int, seed: int
) -> Figure:
    """AC1 of the first less that of the second, on the same cases in each resample."""
    cases = int(n[(sides[0].pairs.sum(axis=(1, 2)) > 0) & (sides[1].pairs.sum(axis=(1, 2)) > 0)].sum())
    if cases < 2:
        return Figure(None, why_not=ONE_CASE if cases else NO_PAIR)

    again = resample(n, replicates, seed)
    one, other = (sampled(side, again, cases).values(lambda of: gwet(of, np.eye(scale.n)).value()) for side in sides)
    apart = Values(one.whole - other.whole, one.drawn - other.drawn, one.without - other.without)
    value = float(apart.whole[0])
    return Figure(value, why_not=FEW_CASES) if cases < MIN_CASES else with_limits(value, limits(apart, n))
