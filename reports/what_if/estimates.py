"""What reviewed samples say of all that was judged: harmful shares and numbers, each with a 95 % interval.

A reviewed exchange stands for as many as its weight says (`weights.py`; Horvitz and Thompson, 1952). The population of
each class is known exactly, since everything that was judged is counted, so weights are scaled to it (Hájek's ratio).

An interval is made in two steps. Within a class reviews are grouped by weight, to the nearest power of two: in such a
cell they weigh nearly the same, so the number of harmful ones among them is nearly binomial, for Kish's effective
number of reviews, with the correction for a finite population, and with what the strata gain where enough was seen to
tell. Its limits are quantiles of a Beta: Clopper and Pearson's towards the nearer end of the scale, Jeffreys' away from
it (Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, 2001). The limits of the sum over all cells
come from the variance that each limit implies (MOVER; Zou and Donner, Statistics in Medicine 27, 2008). All this was
chosen by simulation, since harm below the line is rare and weights are far apart: Wilson's limits, one effective number
of reviews for everything, and a Beta for each stratum cover less; see `tests/what_if_simulation.py`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
MIN_REVIEWS = 20  # effective reviews: with fewer, intervals were seen to cover less than they say
MIN_HARMFUL = 5  # effective harmful ones found: with fewer, a number of harmful ones is only bounded
MIN_COVERED = 0.95  # of the population: classes without any review may hold the rest at most


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, and the reviews that it rests on.

    Attributes:
        low, high: low <= value <= high.
        reviewed, harmful: exchanges, as they are, without weights.
    """

    value: float
    low: float
    high: float
    reviewed: int
    harmful: int


@dataclass(frozen=True, slots=True)
class TooFew:
    """Too few reviews to tell; what can be said all the same.

    Attributes:
        at_least, at_most: limits that hold with 95 %; None where there is none.
        reviewed, harmful: exchanges, as they are, without weights.
    """

    reviewed: int
    harmful: int
    at_least: float | None = None
    at_most: float | None = None


Figure = Estimate | TooFew


@dataclass(frozen=True, slots=True)
class Reviews:
    """Reviewed exchanges as columns of one length.

    Attributes:
        weight: how many exchanges each stands for, at least 1.
        harmful: what reviewers said.
        stratum: the class of each, as a place in the populations that it is read with.
        band: what it was drawn from, without the day, as any small number: of one band of risk, for instance.
    """

    weight: "NDArray[np.float64]"
    harmful: "NDArray[np.bool_]"
    stratum: "NDArray[np.int64]"
    band: "NDArray[np.int64]"

    def where(self, chosen: "NDArray[np.bool_]") -> "Reviews":
        """Those that are chosen."""
        return Reviews(self.weight[chosen], self.harmful[chosen], self.stratum[chosen], self.band[chosen])

    @property
    def effective(self) -> float:
        """Kish's effective number of reviews: as many with equal weights would tell as much."""
        return effective(self.weight)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number of harmful exchanges, without a word on whether the reviews suffice for it."""

    value: float
    low: float
    high: float


def harmful_number(reviews: Reviews, population: "NDArray[np.int64]") -> Bounds | None:
    """How many of a population are harmful; None where its reviewed classes hold too little of it.

    Args:
        reviews: a probability sample of it.
        population: exchanges in each class, counted.
    """
    total = float(population.sum())
    if total == 0:
        return Bounds(0.0, 0.0, 0.0)
    said = np.bincount(reviews.stratum, reviews.weight, minlength=len(population))
    covered = float(population[said > 0].sum())
    if covered < MIN_COVERED * total:
        return None
    scale = np.divide(population * (total / covered), said, out=np.zeros(len(said)), where=said > 0)
    cells = cells_of(reviews)
    share, reviewed = cells.share, cells.reviewed
    size = cells.weight * scale[cells.stratum]
    with np.errstate(divide="ignore", invalid="ignore"):
        n = (
            cells.effective * np.maximum(size - 1, 0) / np.maximum(size - reviewed, 0)
        )  # infinite where all are reviewed
    low, high = limits(share, np.where(np.isnan(n), np.inf, n))
    value = float(size @ share)
    down, up = np.sqrt(((size * (share - low)) ** 2).sum()), np.sqrt(((size * (high - share)) ** 2).sum())
    return Bounds(value, max(0.0, value - float(down)), min(total, value + float(up)))


@dataclass(frozen=True, slots=True)
class Cells:
    """Reviews of one class and like weights, as columns with one row a cell.

    Attributes:
        effective: of how many equal ones drawn from the whole cell they tell as much.
    """

    stratum: "NDArray[np.int64]"
    weight: "NDArray[np.float64]"
    share: "NDArray[np.float64]"
    effective: "NDArray[np.float64]"
    reviewed: "NDArray[np.int64]"


def cells_of(reviews: Reviews) -> Cells:
    """The reviews by class and by weight to the nearest power of two."""
    octave = np.rint(np.log2(np.maximum(reviews.weight, 1.0))).astype(np.int64)
    keys, cell = np.unique(reviews.stratum * 64 + octave, return_inverse=True)
    weight: NDArray[np.float64] = np.bincount(cell, reviews.weight).astype(np.float64)
    share, reviewed = np.bincount(cell, reviews.weight * reviews.harmful) / weight, np.bincount(cell)
    equal = weight**2 / np.bincount(cell, reviews.weight**2)
    return Cells(
        stratum=keys // 64,
        weight=weight,
        share=share,
        effective=equal
        / np.where(equal * np.minimum(share, 1 - share) >= MIN_HARMFUL, spread(reviews, cell, share), 1.0),
        reviewed=reviewed,
    )


def spread(reviews: Reviews, cell: "NDArray[np.int64]", share: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The variance within bands over the variance within each cell: what stratification leaves of it, at least 0.3."""
    keys, band = np.unique(cell * (int(reviews.band.max(initial=0)) + 1) + reviews.band, return_inverse=True)
    place = np.zeros(len(keys), dtype=np.int64)
    place[band] = cell
    weight, n = np.bincount(band, reviews.weight), np.bincount(band)
    of_band = np.bincount(band, reviews.weight * reviews.harmful) / weight
    whole = share * (1 - share)
    within = np.where(n > 1, of_band * (1 - of_band) * n / np.maximum(n - 1, 1), whole[place])
    left = np.bincount(place, weight * within) / np.bincount(place, weight)
    return np.clip(np.divide(left, whole, out=np.ones(len(whole)), where=whole > 0), 0.3, 1.0)


def limits(share: Any, n: Any) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """95 % limits of shares that were seen in n reviews each; the shares themselves where n is infinite."""
    from scipy.special import betaincinv

    share, known = np.asarray(share, dtype=float), np.isinf(n)
    n = np.where(known, 1.0, n)
    seen, unseen = share * n, (1 - share) * n
    exact, tail = (share < 0.5), (1 - LEVEL) / 2
    with np.errstate(invalid="ignore"):  # where none or all were seen, the exact limit is the end of the scale
        low = betaincinv(seen + 0.5 * ~exact, unseen + np.where(exact, 1.0, 0.5), tail)
        high = betaincinv(seen + np.where(exact, 0.5, 1.0), unseen + 0.5 * exact, 1 - tail)
    low, high = np.where(seen <= 0, 0.0, low), np.where(unseen <= 0, 1.0, high)
    return np.where(known, share, np.minimum(low, share)), np.where(known, share, np.maximum(high, share))


def share(reviews: Reviews, population: "NDArray[np.int64]") -> Figure:
    """The harmful share of a population, such as the precision of alerts."""
    return share_of(harmful_number(reviews, population), reviews, population)


def share_of(found: Bounds | None, reviews: Reviews, population: "NDArray[np.int64]") -> Figure:
    """The same, where `harmful_number` was asked already."""
    reviewed, harmful = counts(reviews)
    total = float(population.sum())
    if found is None or total == 0 or not enough(reviews, population):
        return TooFew(reviewed, harmful)
    return Estimate(found.value / total, found.low / total, found.high / total, reviewed, harmful)


def number(reviews: Reviews, population: "NDArray[np.int64]", per: float = 1.0) -> Figure:
    """How many of a population are harmful, divided by `per`: days, where it is to be a number a day."""
    return number_of(harmful_number(reviews, population), reviews, population, per)


def number_of(found: Bounds | None, reviews: Reviews, population: "NDArray[np.int64]", per: float = 1.0) -> Figure:
    """The same, where `harmful_number` was asked already."""
    reviewed, harmful = counts(reviews)
    if found is None or not enough(reviews, population):
        return TooFew(reviewed, harmful)
    if effective(reviews.weight[reviews.harmful]) < MIN_HARMFUL and found.high > found.low:
        return TooFew(reviewed, harmful, at_most=found.high / per)
    return Estimate(found.value / per, found.low / per, found.high / per, reviewed, harmful)


def counts(reviews: Reviews) -> tuple[int, int]:
    """Reviewed and harmful exchanges, without weights."""
    return len(reviews.harmful), int(reviews.harmful.sum())


def enough(reviews: Reviews, population: "NDArray[np.int64]") -> bool:
    """Whether there are as many reviews as an interval needs, or all there can be."""
    return reviews.effective >= MIN_REVIEWS or len(reviews.weight) >= population.sum()


def effective(weight: "NDArray[np.float64]") -> float:
    """Kish's effective number: as many with equal weights would tell as much."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0
