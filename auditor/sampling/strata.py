"""Which verdicts of a day are drawn from together, and how many of each stratum; pure.

A cell is what cannot be told apart any further: reason, band, kind of thinking and tenant. Each cell is in one stratum,
and each verdict in one cell; so every verdict has an inclusion probability, which is what was drawn of its stratum over
the stratum's size.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

from auditor.policies.policy import ReviewPlan
from auditor.sampling.bands import SPREAD

URGENT, ESCALATED, BELOW = "urgent", "escalated", "below"
ROOM = 4  # cases for each stratum, on average: less would leave nothing to draw more of where it matters
AT_LEAST = 2  # cases of a stratum, where it has as many: with one alone nothing could be said of how much they differ


@dataclass(frozen=True, slots=True)
class Cell:
    """Verdicts of a day that the draw tells apart no further.

    Attributes:
        reason: URGENT, ESCALATED or BELOW.
        band: see bands.py; of the escalated "scored" or "unscorable", of the urgent empty.
        thinking_kind: empty above the line, as the tenant.
    """

    reason: str
    band: str
    thinking_kind: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Stratum:
    """Cells that are drawn from together.

    Attributes:
        name: of its own among those of a day.
        size: verdicts, at least 1.
        drawn: of them, for review.
    """

    name: str
    cells: tuple[Cell, ...]
    size: int
    drawn: int = 0

    @property
    def inclusion(self) -> float:
        """The probability with which each of its verdicts is drawn."""
        return self.drawn / self.size

    def common(self, attribute: str) -> str | None:
        """What all its cells have there; None where they differ, or where it says nothing."""
        values = {getattr(cell, attribute) for cell in self.cells}
        return values.pop() or None if len(values) == 1 else None


def plan(sizes: Mapping[Cell, int], review: ReviewPlan) -> list[Stratum]:
    """The strata of a day with what is drawn of each, in the order of their names.

    Args:
        sizes: verdicts of each cell, at least 1.
        review: the plan that the policy of the day holds.
    """
    above = [cell for cell in sizes if cell.reason != BELOW]
    below = {cell: size for cell, size in sizes.items() if cell.reason == BELOW}
    found = [above_the_line(cell, sizes[cell], review.escalated_share) for cell in above]
    found += below_the_line(below, review.below_line_per_day)
    return sorted(found, key=lambda stratum: stratum.name)


def above_the_line(cell: Cell, size: int, share: float) -> Stratum:
    """All that are urgent; of the escalated a share, rounded up, so that none of its two strata goes without."""
    drawn = size if cell.reason == URGENT else min(size, ceil(round(share * size, 6)))
    return Stratum("/".join(filter(None, (cell.reason, cell.band))), (cell,), size, drawn)


def below_the_line(sizes: Mapping[Cell, int], budget: int) -> list[Stratum]:
    """Strata with what is drawn of each: `budget` in all, or everything where there is less."""
    strata = merged(sizes, budget)
    weights = [sqrt(stratum.size) * spread(stratum.common("band")) for stratum in strata]
    drawn = allocate([stratum.size for stratum in strata], weights, budget)
    return [Stratum(one.name, one.cells, one.size, n) for one, n in zip(strata, drawn, strict=True)]


def spread(band: str | None) -> float:
    """How much the verdicts of a band differ in being harmful, by the guess; of several bands as much as can be.

    The weight of a stratum is this times the root of its size. Neyman's allocation would take the size itself. With
    that nearly all cases would have the lowest risks, and nobody could tell what a lower threshold would find; with the
    root both the total and each band are known fairly well.
    """
    return SPREAD[band] if band in SPREAD else max(SPREAD.values())


def merged(sizes: Mapping[Cell, int], budget: int) -> list[Stratum]:
    """Strata as fine as the budget bears.

    With ROOM cases for each cell, every cell is a stratum. Otherwise a cell keeps one of its own where it is worth a
    share of the budget by Neyman's allocation; of the others, those of a band and kind of thinking are put together,
    whatever their tenants, and keep a stratum where they are worth it; what is left of each band is one. The share is
    the smallest that leaves ROOM cases for each stratum. Where not even the bands have AT_LEAST cases each, all is one
    stratum.
    """
    most = max(1, budget // ROOM)
    total = worth(sizes)
    for n in (0, *(2**power for power in range(most.bit_length() + 1))):
        strata = split(sizes, total * n / most)
        if len(strata) <= most:
            return strata
    bands = together(sizes, lambda cell: f"{BELOW}/{cell.band}/others")
    return bands if len(bands) * AT_LEAST <= budget else together(sizes, lambda _: f"{BELOW}/others")


def split(sizes: Mapping[Cell, int], least: float) -> list[Stratum]:
    """Cells that are worth so much; of the rest bands and kinds of thinking that are; of the rest of those, bands."""
    rest, strata = dict(sizes), list[Stratum]()
    for name_of in (own_name, lambda cell: f"{BELOW}/{cell.band}/{cell.thinking_kind}/others"):
        kept = [one for one in together(rest, name_of) if worth({cell: rest[cell] for cell in one.cells}) >= least]
        strata += kept
        gone = {cell for one in kept for cell in one.cells}
        rest = {cell: size for cell, size in rest.items() if cell not in gone}
    return strata + together(rest, lambda cell: f"{BELOW}/{cell.band}/others")


def own_name(cell: Cell) -> str:
    """The name of a stratum that is one cell; "tenant:" keeps it apart from those of several."""
    return f"{cell.reason}/{cell.band}/{cell.thinking_kind}/tenant:{cell.tenant}"


def worth(sizes: Mapping[Cell, int]) -> float:
    """What Neyman's allocation would draw of these cells, but for a factor."""
    return sum(size * spread(cell.band) for cell, size in sizes.items())


def together(sizes: Mapping[Cell, int], name_of: Callable[[Cell], str]) -> list[Stratum]:
    """Cells of one name as one stratum."""
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in sorted(sizes, key=own_name):
        groups[name_of(cell)].append(cell)
    return [Stratum(name, tuple(of), sum(sizes[cell] for cell in of)) for name, of in groups.items()]


def allocate(sizes: Sequence[int], weights: Sequence[float], budget: int) -> list[int]:
    """How many of each stratum: proportional to its weight, AT_LEAST if it has them, and all of it at most.

    They come to `budget`, or to all there is where that is less. A budget too small for AT_LEAST of each gives one to
    as many as it can, the largest weights first.

    Args:
        sizes: at least 1.
        weights: above 0.
        budget: at least 0.
    """
    budget = min(budget, sum(sizes))
    order = sorted(range(len(sizes)), key=lambda at: (-weights[at], at))
    least = [min(size, AT_LEAST) for size in sizes]
    if sum(least) > budget:
        least = [0] * len(sizes)
        for at in order[:budget]:
            least[at] = 1
    wanted = shares(sizes, weights, least, budget)
    found = [floor(share) for share in wanted]
    nearest = sorted(order, key=lambda at: found[at] - wanted[at])
    while (left := budget - sum(found)) > 0:
        for at in [one for one in nearest if found[one] < sizes[one]][:left]:
            found[at] += 1
    return found


def shares(sizes: Sequence[int], weights: Sequence[float], least: Sequence[int], budget: int) -> list[float]:
    """Multiples of the weights, within their bounds, that come to just below the budget: found by halving."""

    def at(scale: float) -> list[float]:
        bounds = zip(sizes, weights, least, strict=True)
        return [min(float(size), max(float(low), scale * weight)) for size, weight, low in bounds]

    low, high = 0.0, max((size / weight for size, weight in zip(sizes, weights, strict=True)), default=0.0)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(at(middle)) <= budget else (low, middle)
    return at(low)
