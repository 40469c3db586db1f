"""Cases with the same ratings, counted once, and what each adds to the sums that all coefficients are made of.

Ten thousand cases with up to five votes on three levels are of some fifty kinds. A bootstrap over cases draws how often
each kind comes, and a thousand of these draws times what a case of each kind adds is one product of small matrices.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ratings:
    """What one case of each kind adds to the sums. K categories, P kinds.

    Attributes:
        pairs: shares of its pairs of ratings that are (k, l), shape (P, K, K); sums to 1, or to 0 where it has no pair.
        left, right: shares of its ratings in each category, on either side of these pairs, shape (P, K); they sum to 1,
            or to 0 where it has none.
        coincidences: its pairs as Krippendorff counts them, which sum to its number of ratings, shape (P, K, K).
        sided: whether left and right are two that are told apart, such as people and guard.
    """

    pairs: "NDArray[np.float64]"
    left: "NDArray[np.float64]"
    right: "NDArray[np.float64]"
    coincidences: "NDArray[np.float64]"
    sided: bool


def kinds(cases: "NDArray[np.int64]") -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """The different rows of `cases`, and how often each comes."""
    found, n = np.unique(cases, axis=0, return_counts=True)
    return found, n


def among(counts: "NDArray[np.int64]") -> Ratings:
    """Raters who are not told apart: each case weighs the same, however many rated it.

    Args:
        counts: ratings of a case in each category, shape (P, K). Whoever did not rate a case is in no count. A case
            with a single rating has no pair, and still counts for how often a category comes.
    """
    n = counts.sum(axis=1)
    themselves = np.eye(counts.shape[1], dtype=np.int64) * counts[:, :, None]
    together = counts[:, :, None] * counts[:, None, :] - themselves
    pairs = divided(together, (n * (n - 1))[:, None, None])
    shares = divided(counts, n[:, None])
    return Ratings(pairs, shares, shares, pairs * n[:, None, None], sided=False)


def between(left: "NDArray[np.int64]", right: "NDArray[np.int64]") -> Ratings:
    """Two sides, such as the people and the guard; where a side has several ratings, each has its share.

    Args:
        left: ratings of a case by this side in each category, shape (P, K).
        right: by the other. A case without ratings of both counts nowhere.
    """
    one, other = left.sum(axis=1), right.sum(axis=1)
    both = ((one > 0) & (other > 0))[:, None]
    shares = divided(left, one[:, None]) * both, divided(right, other[:, None]) * both
    pairs = shares[0][:, :, None] * shares[1][:, None, :]
    return Ratings(pairs, *shares, pairs + pairs.transpose(0, 2, 1), sided=True)


def divided(part: "NDArray[np.int64]", whole: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """Part / whole; 0 for 0 / 0."""
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)
