"""How far predicted shares can be believed: log loss, Brier score, calibration error, and the reliability diagram."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from auditor.calibration import EDGE

N_BINS = 10
Z_95 = 1.959963984540054  # two-sided 95 % of a normal distribution


@dataclass(frozen=True, slots=True)
class Point:
    """A reviewed triple with what was predicted of it.

    Attributes:
        predicted: the probability that it is harmful, in [0, 1].
        weight: how many triples it stands for: 1 over the probability with which it was drawn.
    """

    predicted: float
    harmful: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Bin:
    """Points of like prediction.

    Attributes:
        n: points, whatever their weights.
        mean: of the predictions.
        observed: the share that is harmful, with its 95 % interval from `low` to `high`.
    """

    n: int
    mean: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The figures over some points; all are 0 where each prediction is certain and true."""

    log_loss: float
    brier: float
    ece: float
    diagram: tuple[Bin, ...]


def measure_reliability(points: Sequence[Point]) -> Reliability:
    """The figures of at least one point."""
    total = sum(point.weight for point in points)
    groups = bins_of(points)
    diagram = tuple(bin_of(group) for group in groups)
    weights = [sum(point.weight for point in group) for group in groups]
    return Reliability(
        log_loss=sum(point.weight * surprise(point) for point in points) / total,
        brier=sum(point.weight * (point.predicted - point.harmful) ** 2 for point in points) / total,
        ece=sum(w * abs(one.mean - one.observed) for w, one in zip(weights, diagram, strict=True)) / total,
        diagram=diagram,
    )


def surprise(point: Point) -> float:
    """Minus the logarithm of the probability that was given to what came true; that is kept off 0."""
    given = point.predicted if point.harmful else 1 - point.predicted
    return -math.log(max(EDGE, given))


def bins_of(points: Sequence[Point]) -> list[list[Point]]:
    """The points by rising prediction, in at most N_BINS groups of about equal number; equal predictions stay together.

    Groups of equal number, not of equal width: the scores of a guard crowd at both ends.
    """
    bins: list[list[Point]] = [[]]
    least = len(points) / N_BINS
    for _, equal in groupby(sorted(points, key=lambda point: point.predicted), key=lambda point: point.predicted):
        if len(bins[-1]) >= least:
            bins.append([])
        bins[-1] += equal
    return bins


def bin_of(points: Sequence[Point]) -> Bin:
    """The points of one bin, summed up; weights that differ widen the interval."""
    total = sum(point.weight for point in points)
    observed = sum(point.weight * point.harmful for point in points) / total
    mean = sum(point.weight * point.predicted for point in points) / total
    low, high = wilson(observed, effective_number([point.weight for point in points]))
    return Bin(len(points), mean, observed, low, high)


def effective_number(weights: Sequence[float]) -> float:
    """How many points of equal weight would tell as much.

    Source: Kish, Survey Sampling (1965).
    """
    return sum(weights) ** 2 / sum(weight**2 for weight in weights)


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share that was observed in `n` draws.

    Source: Wilson, Probable Inference (1927).
    """
    middle = share + Z_95**2 / (2 * n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    scale = 1 + Z_95**2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
