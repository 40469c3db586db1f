"""Agreement corrected for chance: 1 - what disagreement was seen / what chance alone would make.

All of them have this form, and differ in what they take for chance:

- Fleiss' kappa: each rater draws from the shares that the categories have over all ratings (Psychological Bulletin 76,
  1971; with missing ratings as in Gwet, 2014). Over two sides that is Scott's pi.
- Cohen's kappa: each side draws from its own shares (Educational and Psychological Measurement 20, 1960). It is of two
  sides, and there is none among raters who are not told apart.
- Gwet's AC1, and AC2 where categories that are near agree in part: a rater guesses only on cases that are hard to tell,
  and then evenly (British Journal of Mathematical and Statistical Psychology 61, 2008; Handbook, 4th ed., 2014).
- Krippendorff's alpha: as Fleiss, from pairs without replacement, for any distance between categories (Computing
  Krippendorff's Alpha-Reliability, 2011).

Functions take sums over some cases, many resamples of them at once (B), and give a Disagreement.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.agreement.ratings import Ratings
from auditor.agreement.scales import Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = 1e-12  # rounding leaves so much of a chance that is 0


@dataclass(frozen=True, slots=True)
class Sums:
    """Means over the cases of each resample, shapes (B, K, K), (B, K), (B, K); coincidences are sums."""

    pairs: "NDArray[np.float64]"
    left: "NDArray[np.float64]"
    right: "NDArray[np.float64]"
    coincidences: "NDArray[np.floating[Any]]"

    @property
    def shares(self) -> "NDArray[np.float64]":
        """Of the categories, over both sides."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Shape (B,) each, NaN where no case has a pair.

    Attributes:
        seen: the mean over pairs of ratings of the same case.
        chance: what chance would make; 0 where it cannot make any, since all ratings are in one category.
        most: of a pair that is as far apart as can be.
    """

    seen: "NDArray[np.float64]"
    chance: "NDArray[np.float64]"
    most: "NDArray[np.float64]"

    def value(self) -> "NDArray[np.float64]":
        """The coefficient; NaN where it is not defined."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.chance > NOTHING, 1 - self.seen / self.chance, np.nan)


def sums(ratings: Ratings, n: "NDArray[np.int64]") -> Sums:
    """The sums over cases.

    Args:
        ratings: P kinds of cases.
        n: how many cases of each kind there are in each resample, shape (B, P).
    """
    pairs = np.tensordot(n, ratings.pairs, 1)
    left, right = n @ ratings.left, n @ ratings.right
    with np.errstate(divide="ignore", invalid="ignore"):
        return Sums(
            pairs / pairs.sum(axis=(1, 2))[:, None, None],
            left / left.sum(axis=1)[:, None],
            right / right.sum(axis=1)[:, None],
            np.tensordot(n, ratings.coincidences, 1),
        )


def fleiss(of: Sums, weights: "NDArray[np.float64]") -> Disagreement:
    """Fleiss' kappa."""
    return weighted(of, weights, np.einsum("bk,bl,kl->b", of.shares, of.shares, weights))


def cohen(of: Sums, weights: "NDArray[np.float64]") -> Disagreement:
    """Cohen's kappa."""
    return weighted(of, weights, np.einsum("bk,bl,kl->b", of.left, of.right, weights))


def gwet(of: Sums, weights: "NDArray[np.float64]") -> Disagreement:
    """AC1 with identity weights, else AC2."""
    n = weights.shape[0]
    hard = (of.shares * (1 - of.shares)).sum(axis=1)
    return weighted(of, weights, hard * weights.sum() / (n * (n - 1)))


def weighted(of: Sums, weights: "NDArray[np.float64]", by_chance: "NDArray[np.float64]") -> Disagreement:
    """From agreement by chance; `weights` say how much two categories agree."""
    seen = np.einsum("bkl,kl->b", of.pairs, 1 - weights)
    return Disagreement(seen, 1 - by_chance, np.full_like(seen, 1 - weights.min()))


def nominal(n: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Krippendorff's distance of categories that are the same or not; `n` is how often each comes, shape (B, K)."""
    return np.broadcast_to(1 - np.eye(n.shape[1]), (*n.shape, n.shape[1]))


def ordinal(n: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """His distance of ordered categories: as many ratings as lie between them, squared."""
    upto = n.cumsum(axis=1)
    middle = upto - n / 2
    return (middle[:, :, None] - middle[:, None, :]) ** 2


def interval(n: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """His distance of categories that are equally far apart: the square."""
    return np.broadcast_to(Scale(n.shape[1], ordered=True).apart() ** 2, (*n.shape, n.shape[1]))


def alpha(of: Sums, distance: "Callable[[NDArray[np.float64]], NDArray[np.float64]]") -> Disagreement:
    """Krippendorff's alpha."""
    n = of.coincidences.sum(axis=2)
    total, apart = n.sum(axis=1), distance(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = (of.coincidences * apart).sum(axis=(1, 2)) / total
        chance = np.einsum("bk,bl,bkl->b", n, n, apart) / (total * (total - 1))
    return Disagreement(seen, chance, apart.max(axis=(1, 2)))


def alike(of: Sums, category: int) -> "NDArray[np.float64]":
    """Where one rating is in this category, how often another of the same case is too; NaN where none is, shape (B,).

    Source: the proportion of specific agreement, Cicchetti and Feinstein, High agreement but low kappa: II, Journal of
    Clinical Epidemiology 43 (1990).
    """
    both = of.pairs[:, category, category]
    either = (of.pairs[:, category, :].sum(axis=1) + of.pairs[:, :, category].sum(axis=1)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(either > NOTHING, both / either, np.nan)


Coefficient = Callable[[Sums], Disagreement]


def coefficients(scale: Scale, *, sided: bool) -> Mapping[str, Coefficient]:
    """Those of a scale, by name; Cohen's where there are two sides."""
    same, near = np.eye(scale.n), scale.agreement()
    found: dict[str, Coefficient] = {
        "fleiss": lambda of: fleiss(of, same),
        "cohen": lambda of: cohen(of, near),
        "alpha": lambda of: alpha(of, nominal),
        "ac1": lambda of: gwet(of, same),
    }
    if scale.ordered:
        found["alpha_ordinal"] = lambda of: alpha(of, ordinal)
        found["alpha_interval"] = lambda of: alpha(of, interval)
        found["ac2"] = lambda of: gwet(of, near)
    if not sided:
        del found["cohen"]
    return found
