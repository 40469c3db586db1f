"""How many exchanges each reviewed one stands for: its inclusion probability, and what is drawn and not reviewed yet.

An exchange that was drawn with probability p stands for 1/p. Where not all that was drawn is reviewed yet, those that
are reviewed stand for the rest too: weights are raised so that, within one reason for drawing, band of risk and tenant,
they come to what the drawn ones came to. That holds if what is reviewed first does not depend on whether it is harmful;
where reviewers take the worst first, wait until they are through before you believe a figure. What was drawn where
nothing is reviewed yet is shared out over the reason as a whole.
"""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def weights(
    inclusion: "NDArray[np.float64]", reviewed: "NDArray[np.bool_]", cell: Sequence[Hashable], reason: Sequence[str]
) -> "NDArray[np.float64]":
    """The weight of each drawn exchange; 0 for those without a review.

    Args:
        inclusion: the probability with which each was drawn, in (0, 1].
        reviewed: whether it has a review that tells.
        cell: reason, band and tenant of each, in whatever form.
        reason: why each was drawn.
    """
    drawn = 1 / inclusion
    weight = np.where(reviewed, drawn, 0.0)
    for group in (cell, reason):
        place = places(group)
        wanted, have = np.bincount(place, drawn), np.bincount(place, weight)
        weight = weight * np.divide(wanted, have, out=np.ones(len(have)), where=have > 0)[place]
    return weight


def places(names: Sequence[Hashable]) -> "NDArray[np.int64]":
    """A number for each name, in the order in which they first come."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)
