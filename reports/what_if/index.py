"""How many verdicts lie at or above any threshold, of each combination: counted once, then looked up.

A threshold is a multiple of 1 / GRID and a risk lies in the bin that thresholds cut, so the counts are exactly those of
a full scan (see `auditor/queries_what_if.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.policies.policy import GRID, Policy, Slice
from auditor.queries_what_if import STAGES, UNSCORABLE, Bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = UNSCORABLE + 1


@dataclass(frozen=True, slots=True)
class Index:
    """Counts of verdicts by combination, by what was done with them, and by risk.

    Attributes:
        slices: the combinations, each once.
        slice_of: of each cell, the place of its combination.
        stage_of: of each cell, a place in STAGES.
        keys: cell * WIDTH + bin of everything that was counted, rising.
        below: verdicts before each key, and all of them at the end.
    """

    slices: tuple[Slice, ...]
    slice_of: "NDArray[np.int64]"
    stage_of: "NDArray[np.int64]"
    keys: "NDArray[np.int64]"
    below: "NDArray[np.int64]"

    def at_or_above(self, lines: "NDArray[np.int64]") -> "NDArray[np.int64]":
        """Verdicts with a risk at or above the line of their combination, by combination and stage.

        Args:
            lines: the threshold of each combination, in steps of 1 / GRID.
        """
        first = np.arange(len(self.slice_of)) * WIDTH
        starts = self.below[np.searchsorted(self.keys, first + lines[self.slice_of])]
        counted = np.zeros((len(self.slices), len(STAGES)), dtype=np.int64)
        counted[self.slice_of, self.stage_of] = self.below[np.searchsorted(self.keys, first + WIDTH)] - starts
        return counted

    def all(self) -> "NDArray[np.int64]":
        """Every verdict, by combination and stage."""
        return self.at_or_above(np.zeros(len(self.slices), dtype=np.int64))

    def chosen(self, holds: Callable[[Slice], bool]) -> "NDArray[np.bool_]":
        """Which combinations something holds for."""
        return np.array([holds(one) for one in self.slices], dtype=bool)


def index_of(bins: Bins) -> Index:
    """The index of these counts."""
    slices = tuple(dict.fromkeys(bins.slices))
    place = {one: at for at, one in enumerate(slices)}
    return Index(
        slices,
        np.array([place[one] for one in bins.slices], dtype=np.int64),
        bins.stages,
        bins.cell * WIDTH + bins.bin,
        np.concatenate([[0], np.cumsum(bins.n)]).astype(np.int64),
    )


@dataclass(frozen=True, slots=True)
class Lines:
    """The thresholds of each combination of an index, in steps of 1 / GRID."""

    escalate: "NDArray[np.int64]"
    urgent: "NDArray[np.int64]"


def lines_of(policy: Policy, index: Index) -> Lines:
    """What a policy resolves to; combinations that no rule tells apart are resolved once."""
    named = [
        {value for rule in policy.rules if (value := getattr(rule, kind)) is not None}
        for kind in ("tenant", "application", "category", "thinking")
    ]
    known: dict[tuple[str | None, ...], tuple[float, float]] = {}
    found = []
    for one in index.slices:
        values = (one.tenant, one.application, one.category, one.thinking)
        told = tuple(value if value in names else None for value, names in zip(values, named, strict=True))
        if told not in known:
            at = policy.at(one).thresholds
            known[told] = at.escalate, at.urgent
        found.append(known[told])
    steps = np.rint(np.array(found, dtype=float).reshape(-1, 2) * GRID).astype(np.int64)
    return Lines(steps[:, 0], steps[:, 1])


def one_line(threshold: float, index: Index) -> Lines:
    """The same line for every combination, and nothing urgent above it."""
    step = np.full(len(index.slices), round(threshold * GRID), dtype=np.int64)
    return Lines(step, np.full_like(step, UNSCORABLE))
