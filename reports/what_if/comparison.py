"""A proposed policy against the one in force: as a whole, by slice, and what moves between them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise

import numpy as np

from auditor.policies.policy import Policy, ReviewPlan, Slice
from reports.what_if.estimates import Estimate, Figure, number, share
from reports.what_if.finders import Found, Point, curve, found, point
from reports.what_if.index import WIDTH, lines_of
from reports.what_if.outcome import Material, Outcome, Sides, outcome, sides_of

MAX_SLICES = 40  # combinations of tenant, category and thinking that are shown, most alerts first
MAX_TENANTS = 12  # that get lines of their own
RELIABILITY_EDGES = (0, 500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, WIDTH - 1)  # in steps of 1 / GRID


@dataclass(frozen=True, slots=True)
class Part:
    """A part of everything that was judged.

    Attributes:
        tenant, category, thinking: what it is limited to; None: to nothing.
    """

    tenant: str | None = None
    category: str | None = None
    thinking: str | None = None

    def holds(self, one: Slice) -> bool:
        """Whether a combination is in it."""
        pairs = (self.tenant, one.tenant), (self.category, one.category), (self.thinking, one.thinking)
        return all(wanted is None or wanted == value for wanted, value in pairs)


@dataclass(frozen=True, slots=True)
class Compared:
    """A part under both policies."""

    part: Part
    current: Outcome
    proposed: Outcome


@dataclass(frozen=True, slots=True)
class Moved:
    """What would change hands; numbers are of a day.

    Attributes:
        new: alerts that only the proposed policy raises, and how many of these are harmful.
        dropped: alerts that it no longer raises, and how many of these are harmful.
    """

    new: float
    new_harmful: Figure
    dropped: float
    dropped_harmful: Figure


@dataclass(frozen=True, slots=True)
class Reliable:
    """Exchanges of like risk: what the risk says, and what reviewers said.

    Attributes:
        risk: the mean risk of all that were judged.
        harmful: the share that is harmful.
        judged: in the period.
    """

    risk: float
    harmful: Figure
    judged: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All that a what-if tells.

    Attributes:
        first, last: UTC days, both included.
        drawn_days: days of these on which a sample was drawn.
        drawn, reviewed: exchanges that were drawn, and that have a review that tells.
        tenants: lines for each tenant.
        more: parts of `slices` that are not shown.
    """

    first: date
    last: date
    current: Policy
    proposed: Policy
    days: int
    drawn_days: int
    drawn: int
    reviewed: int
    whole: Compared
    moved: Moved
    slices: tuple[Compared, ...]
    more: int
    points: tuple[Point, ...]
    found: Found
    tenants: tuple[tuple[str, Found], ...]
    now: Point | None
    then: Point | None
    reliability: tuple[Reliable, ...]
    keep_recall: float


def compare(
    material: Material, period: tuple[date, date], current: Policy, proposed: Policy, keep_recall: float
) -> WhatIf:
    """The proposed policy against the one in force, costs and capacity as the proposed one says."""
    both = [sides_of(material, lines_of(policy, material.index)) for policy in (current, proposed)]
    parts = parts_of(material.index.slices)
    everything = np.ones(len(material.index.slices), dtype=bool)
    shown = [compared(material, part, both, proposed) for part in parts]
    whole = compared(material, Part(), both, proposed)
    whole = Compared(whole.part, with_draws(whole.current, current.review), with_draws(whole.proposed, proposed.review))
    points = curve(material, everything, proposed)
    cross = sorted((one for one in shown if depth(one.part) == 3), key=lambda one: -one.proposed.alerts)
    return WhatIf(
        first=period[0],
        last=period[1],
        current=current,
        proposed=proposed,
        days=material.days,
        drawn_days=material.drawn_days,
        drawn=material.drawn,
        reviewed=len(material.sample.weight),
        whole=whole,
        moved=moved(material, *both),
        slices=(*(one for one in shown if depth(one.part) == 1), *cross[:MAX_SLICES]),
        more=max(0, len(cross) - MAX_SLICES),
        points=points,
        found=found(points, material, everything, proposed, keep_recall),
        tenants=tuple(found_of_tenants(material, parts, proposed, keep_recall)),
        now=single(material, current, proposed),
        then=single(material, proposed, proposed),
        reliability=reliability(material),
        keep_recall=keep_recall,
    )


def compared(material: Material, part: Part, both: Iterable[Sides], terms: Policy) -> Compared:
    """One part under both policies."""
    chosen = material.index.chosen(part.holds)
    return Compared(part, *(outcome(material, sides, chosen, terms) for sides in both))


def with_draws(one: Outcome, review: ReviewPlan) -> Outcome:
    """With the hours for what is drawn below the line."""
    hours = review.below_line_per_day * review.votes * review.minutes_per_case / 60
    values = {field.name: getattr(one, field.name) for field in fields(one)}
    return Outcome(**values | {"reviewer_hours": one.reviewer_hours + hours})


def parts_of(slices: Iterable[Slice]) -> list[Part]:
    """Each tenant, each category, each kind of thinking, and each combination of the three that occurs."""
    slices = list(slices)
    tenants = [Part(tenant=name) for name in sorted({one.tenant for one in slices})]
    categories = [Part(category=name) for name in sorted({one.category for one in slices})]
    kinds = [Part(thinking=name) for name in sorted({one.thinking for one in slices})]
    cross = sorted({(one.tenant, one.category, one.thinking) for one in slices})
    return [*tenants, *categories, *kinds, *(Part(*names) for names in cross)]


def depth(part: Part) -> int:
    """How many of the three are named."""
    return sum(value is not None for value in (part.tenant, part.category, part.thinking))


def moved(material: Material, current: Sides, proposed: Sides) -> Moved:
    """What only one of the policies raises, counted for each combination, which has one line under each."""
    sample, per_day = material.sample, material.days
    more, fewer = proposed.alerts - current.alerts, current.alerts - proposed.alerts
    new, dropped = (np.maximum(counted, 0).sum(axis=0) for counted in (more, fewer))
    newly = proposed.reviewed_alerts & ~current.reviewed_alerts
    no_longer = current.reviewed_alerts & ~proposed.reviewed_alerts
    return Moved(
        float(new.sum()) / per_day,
        number(sample.reviews(newly), new, per_day),
        float(dropped.sum()) / per_day,
        number(sample.reviews(no_longer), dropped, per_day),
    )


def found_of_tenants(
    material: Material, parts: Iterable[Part], terms: Policy, keep_recall: float
) -> Iterable[tuple[str, Found]]:
    """The lines for the tenants with the most reviews."""
    reviews = Counter(material.index.slices[place].tenant for place in material.sample.combination)
    names = [part.tenant for part in parts if depth(part) == 1 and part.tenant is not None]
    most = {name for name, _ in reviews.most_common(MAX_TENANTS)}
    for name in names if len(names) > 1 else []:
        if name in most:
            chosen = material.index.chosen(holds_tenant(name))
            points = curve(material, chosen, terms)
            yield name, found(points, material, chosen, terms, keep_recall)


def holds_tenant(name: str) -> Callable[[Slice], bool]:
    """Whether a combination is of this tenant."""
    return lambda one: one.tenant == name


def single(material: Material, policy: Policy, terms: Policy) -> Point | None:
    """The policy as a point of the curves, where it has one line for everything."""
    lines = {float(policy.at(one).escalate.value) for one in material.index.slices}
    everything = np.ones(len(material.index.slices), dtype=bool)
    return point(material, lines.pop(), everything, terms) if len(lines) == 1 else None


def reliability(material: Material) -> tuple[Reliable, ...]:
    """What the risk says against what reviewers said, by bands of risk."""
    index, sample = material.index, material.sample
    told = []
    for low, high in pairwise(RELIABILITY_EDGES):
        lines = [np.full(len(index.slices), step, dtype=np.int64) for step in (low, high)]
        population = (index.at_or_above(lines[0]) - index.at_or_above(lines[1])).sum(axis=0)
        bins, n = index.keys % WIDTH, np.diff(index.below)
        inside = (bins >= low) & (bins < high)
        if population.sum():
            mean = float((bins[inside] * n[inside]).sum() / n[inside].sum() / (WIDTH - 2))
            reviews = sample.reviews((sample.bin >= low) & (sample.bin < high))
            told.append(Reliable(mean, share(reviews, population), int(population.sum())))
    return tuple(told)


def is_told(figure: Figure) -> bool:
    """Whether there is a number."""
    return isinstance(figure, Estimate)
