"""Which one line for a slice costs least, fits what reviewers can do, or keeps the recall that is wanted.

Each looks at one threshold for everything in the slice, as a rule for that slice would set it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditor.policies.policy import GRID, Policy, ReviewPlan
from reports.what_if.estimates import Estimate, TooFew
from reports.what_if.index import one_line
from reports.what_if.outcome import Material, Outcome, outcome, sides_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 100  # lines that are tried: 0.01, 0.02 … 1


@dataclass(frozen=True, slots=True)
class Point:
    """One line, and what it comes to."""

    threshold: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Found:
    """Lines that answer a question; None where no line does, or reviews cannot tell.

    Attributes:
        cheapest: costs least, of the lines that are tried; None also where reviews tell no cost of lower lines that may
            cost less.
        as_cheap: from which line to which the cost lies within the interval of the cheapest: reviews cannot tell these
            apart. None where there is no cheapest.
        capacity: the lowest whose alerts reviewers can all decide in a day.
        recall: the highest that keeps the wanted recall, by its estimate.
        recall_surely: the highest that keeps it even at the low end of the interval.
    """

    cheapest: Point | None
    as_cheap: tuple[float, float] | None
    capacity: Point | None
    recall: Point | None
    recall_surely: Point | None


def curve(material: Material, chosen: "NDArray[np.bool_]", terms: Policy, steps: int = STEPS) -> tuple[Point, ...]:
    """What each of `steps` lines from 1 / steps to 1 comes to in the chosen combinations."""
    return tuple(point(material, step / steps, chosen, terms) for step in range(1, steps + 1))


def point(material: Material, threshold: float, chosen: "NDArray[np.bool_]", terms: Policy) -> Point:
    """What one line comes to in the chosen combinations."""
    lines = one_line(threshold, material.index)
    return Point(threshold, outcome(material, sides_of(material, lines), chosen, terms))


def found(
    points: tuple[Point, ...], material: Material, chosen: "NDArray[np.bool_]", terms: Policy, keep_recall: float
) -> Found:
    """The lines that answer the three questions.

    Args:
        points: of `curve`, for the same combinations.
        material: what is known.
        chosen: the combinations.
        terms: the policy whose costs and capacity count.
        keep_recall: the recall that is wanted, in (0, 1].
    """
    priced = [(one, one.outcome.cost) for one in points if isinstance(one.outcome.cost, Estimate)]
    cheapest, as_cheap = None, None
    if priced:
        cheapest, least = min(priced, key=lambda pair: pair[1].value)
        near = [one.threshold for one, cost in priced if cost.value <= least.high]
        as_cheap = min(near), max(near)
        if points[0].threshold < as_cheap[0] == priced[0][0].threshold:
            cheapest, as_cheap = None, None  # below these lines reviews tell no cost, and it may be lower there
    fits = capacity_line(material, chosen, terms.review)
    return Found(
        cheapest,
        as_cheap,
        None if fits is None else point(material, fits, chosen, terms),
        last(one for one in points if recall_at_least(one.outcome, keep_recall, surely=False)),
        last(one for one in points if recall_at_least(one.outcome, keep_recall, surely=True)),
    )


def capacity_line(material: Material, chosen: "NDArray[np.bool_]", review: ReviewPlan) -> float | None:
    """The lowest line of the grid whose alerts can all be decided; None where even the highest has too many."""
    low, high = 1, GRID
    if alerts_at(material, high, chosen) > review.cases_per_day:
        return None
    while low < high:
        middle = (low + high) // 2
        if alerts_at(material, middle, chosen) <= review.cases_per_day:
            high = middle
        else:
            low = middle + 1
    return low / GRID


def alerts_at(material: Material, step: int, chosen: "NDArray[np.bool_]") -> float:
    """Alerts a day in the chosen combinations, with one line for them."""
    lines = np.full(len(material.index.slices), step, dtype=np.int64)
    return float(material.index.at_or_above(lines)[chosen].sum()) / material.days


def recall_at_least(one: Outcome, wanted: float, *, surely: bool) -> bool:
    """Whether the recall is kept."""
    if isinstance(one.recall, TooFew):
        return one.recall.at_least is not None and one.recall.at_least >= wanted
    return (one.recall.low if surely else one.recall.value) >= wanted


def last(points: Iterator[Point]) -> Point | None:
    """The one with the highest threshold."""
    return max(points, key=lambda one: one.threshold, default=None)
