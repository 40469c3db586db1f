"""People among each other beside people and guard, on some cases; harmful or not, and on three levels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.agreement.figures import Figure, Measured, difference, measure
from auditor.agreement.ratings import among, between, kinds
from auditor.agreement.scales import HARMFUL, LEVELS, Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        replicates: resamples.
        seed: the same one gives the same limits.
    """

    replicates: int = 1000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Both:
    """Agreement on the same cases: harmful (0.5 or 1) against safe, and 0, 0.5 and 1 apart."""

    harmful: Measured
    levels: Measured


@dataclass(frozen=True, slots=True)
class Comparison:
    """People among each other beside people and guard.

    Attributes:
        name: of these cases, such as a category; "" for all.
        people: on cases with two votes or more.
        guard: of each vote with the guard's judgment, on cases with a vote and a judgment.
        apart: AC1 among people less AC1 of people and guard, on cases with both.
    """

    name: str
    people: Both
    guard: Both
    apart: Figure


def compare(name: str, counts: "NDArray[np.int64]", guard: "NDArray[np.int64]", by: Bootstrap) -> Comparison:
    """The comparison on cases with these votes, and this judgment, for each level; shapes (N, 3)."""
    return Comparison(name, agree(counts, by), agree_with(counts, guard, by), lead(counts, guard, by))


def agree(counts: "NDArray[np.int64]", by: Bootstrap) -> Both:
    """Among voters who are not told apart.

    Cases with a single vote are left out, also of what chance is taken from: they may be of another kind.
    """
    rows, n = kinds(counts[counts.sum(axis=1) > 1])
    found = [measure(among(one), n, scale, by.replicates, by.seed) for one, scale in scaled(rows)]
    return Both(*found)


def agree_with(counts: "NDArray[np.int64]", other: "NDArray[np.int64]", by: Bootstrap) -> Both:
    """Of voters and another side, on the cases that both rated; each case weighs the same."""
    rows, n = kinds(np.hstack([counts, other])[(counts.sum(axis=1) > 0) & (other.sum(axis=1) > 0)])
    sides = zip(scaled(rows[:, :3]), scaled(rows[:, 3:]), strict=True)
    found = [measure(between(one, two), n, scale, by.replicates, by.seed) for (one, scale), (two, _) in sides]
    return Both(*found)


def lead(counts: "NDArray[np.int64]", guard: "NDArray[np.int64]", by: Bootstrap) -> Figure:
    """By how much people agree more with each other than with the guard: AC1, harmful or not."""
    rows, n = kinds(np.hstack([counts, guard])[(counts.sum(axis=1) > 1) & (guard.sum(axis=1) > 0)])
    people, judged = harmful(rows[:, :3]), harmful(rows[:, 3:])
    return difference((among(people), between(people, judged)), n, HARMFUL, by.replicates, by.seed)


def scaled(counts: "NDArray[np.int64]") -> "list[tuple[NDArray[np.int64], Scale]]":
    """On either scale."""
    return [(harmful(counts), HARMFUL), (counts, LEVELS)]


def harmful(counts: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Safe, and 0.5 with 1."""
    return np.stack([counts[:, 0], counts[:, 1] + counts[:, 2]], axis=1)
