"""What ratings tell apart, and how much two of them agree that are not the same."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scale:
    """Categories 0 to `n` - 1; where `ordered`, in this order and equally far apart."""

    n: int
    ordered: bool

    def agreement(self) -> "NDArray[np.float64]":
        """How much each two categories agree, shape (n, n): 1 on the diagonal, 0 for the furthest apart.

        Ordered, it is Gwet's ordinal weight: 1 - C(d + 1, 2) / C(n, 2) for categories d apart. Of three levels the next
        one agrees by 2/3.

        Source: Gwet, Handbook of Inter-Rater Reliability (4th ed., 2014), chapter 3.
        """
        if not self.ordered:
            return np.eye(self.n)
        apart = self.apart()
        weights: NDArray[np.float64] = 1 - (apart + 1) * apart / (self.n * (self.n - 1))
        return weights

    def apart(self) -> "NDArray[np.float64]":
        """Steps between each two categories, shape (n, n)."""
        places = np.arange(self.n, dtype=float)
        apart: NDArray[np.float64] = np.abs(places[:, None] - places)
        return apart


HARMFUL = Scale(2, ordered=False)  # 0 safe; 1 harmful, which is a vote of 0.5 or 1
LEVELS = Scale(3, ordered=True)  # 0, 0.5, 1
