"""What a policy comes to over a period, in one slice: counted where it can be counted, estimated where reviews tell it.

Alerts and hours are counted, since every risk is stored. Precision, recall, misses and cost are estimated from reviews
(`estimates.py`). What could not be scored is an alert under any policy.
"""

from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from auditor.policies.policy import Costs, Policy
from auditor.queries_what_if import UNSCORABLE, Drawn
from reports.what_if.estimates import (
    Bounds,
    Estimate,
    Figure,
    Reviews,
    TooFew,
    counts,
    enough,
    harmful_number,
    number_of,
    share_of,
)
from reports.what_if.index import Index, Lines
from reports.what_if.weights import places, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

MINUTES = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Reviewed exchanges with a weight, as columns of one length.

    Attributes:
        combination: of each, its place in the index.
        stage: what was done with it, a place in STAGES.
        band: what it was drawn from, without the day, as a number.
    """

    combination: "NDArray[np.int64]"
    stage: "NDArray[np.int64]"
    bin: "NDArray[np.int64]"
    weight: "NDArray[np.float64]"
    harmful: "NDArray[np.bool_]"
    band: "NDArray[np.int64]"

    def reviews(self, chosen: "NDArray[np.bool_]") -> Reviews:
        """Those that are chosen, in the classes that populations are counted in."""
        return Reviews(self.weight[chosen], self.harmful[chosen], self.stage[chosen], self.band[chosen])


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that what-if knows of a period.

    Attributes:
        days: of the period.
        drawn_days: days among them on which a sample was drawn.
        drawn: exchanges that were drawn, reviewed or not.
    """

    index: Index
    sample: Sample
    days: int
    drawn_days: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy comes to in a slice; numbers are of a day, on average.

    Attributes:
        judged: exchanges that were judged.
        alerts: of these, those at or above the line, with those that could not be scored.
        reviewer_hours: to look at the alerts that are to be looked at, by all reviewers together.
        precision: the share of alerts that is harmful.
        recall: the share of harmful exchanges that is alerted on.
        missed: harmful exchanges below the line.
        cost: of false alarms and misses, in the unit of the policy.
    """

    judged: float
    alerts: float
    urgent: float
    reviewer_hours: float
    precision: Figure
    recall: Figure
    missed: Figure
    cost: Figure


def sample_of(drawn: Drawn, index: Index) -> Sample:
    """The reviewed ones of what was drawn, with their weights."""
    reviewed = drawn.harmful >= 0
    weight = weights(drawn.inclusion, reviewed, drawn.stratum, drawn.reason)
    cell = drawn.cell[reviewed]
    return Sample(
        index.slice_of[cell],
        index.stage_of[cell],
        drawn.bin[reviewed],
        weight[reviewed],
        drawn.harmful[reviewed] == 1,
        places(drawn.stratum)[reviewed],
    )


@dataclass(frozen=True, slots=True)
class Sides:
    """What lies at or above the lines and below them, counted by combination and stage, and the reviewed among it."""

    alerts: "NDArray[np.int64]"
    urgent: "NDArray[np.int64]"
    judged: "NDArray[np.int64]"
    reviewed_alerts: "NDArray[np.bool_]"


def sides_of(material: Material, lines: Lines) -> Sides:
    """Both sides of the lines; the one pass that every slice is then read from."""
    index, sample = material.index, material.sample
    unscorable = index.at_or_above(np.full_like(lines.urgent, UNSCORABLE))
    return Sides(
        index.at_or_above(lines.escalate),
        index.at_or_above(lines.urgent) - unscorable,
        index.all(),
        sample.bin >= lines.escalate[sample.combination],
    )


def outcome(material: Material, sides: Sides, chosen: "NDArray[np.bool_]", terms: Policy) -> Outcome:
    """What the lines come to in the chosen combinations, for the costs and the review plan of `terms`."""
    sample, days, review = material.sample, material.days, terms.review
    alerts, judged = sides.alerts[chosen].sum(axis=0), sides.judged[chosen].sum(axis=0)
    inside = chosen[sample.combination]
    above, below = (sample.reviews(inside & side) for side in (sides.reviewed_alerts, ~sides.reviewed_alerts))
    found, missed = harmful_number(above, alerts), harmful_number(below, judged - alerts)
    caught = found if enough(above, alerts) else None
    told = number_of(missed, below, judged - alerts)
    n_alerts, urgent = float(alerts.sum()), float(sides.urgent[chosen].sum())
    looked_at = urgent + review.escalated_share * (n_alerts - urgent)
    return Outcome(
        judged=float(judged.sum()) / days,
        alerts=n_alerts / days,
        urgent=urgent / days,
        reviewer_hours=looked_at / days * review.votes * review.minutes_per_case / MINUTES,
        precision=share_of(found, above, alerts),
        recall=recall_of(caught, missed, told, counts(above)),
        missed=divided(told, days),
        cost=divided(cost_of(n_alerts, caught, missed, told, terms.costs), days),
    )


def recall_of(caught: Bounds | None, missed: Bounds | None, told: Figure, above: tuple[int, int]) -> Figure:
    """The share of what is harmful that is alerted on; the interval is that of the logarithm of missed / caught.

    Args:
        caught: harmful alerts; None where reviews do not suffice.
        missed: harmful exchanges below the line.
        told: the same, or that reviews do not suffice.
        above: reviewed and harmful alerts.
    """
    reviewed, harmful = (told.reviewed + above[0], told.harmful + above[1])
    if caught is None or missed is None or caught.value + missed.value == 0:
        return TooFew(reviewed, harmful)
    if isinstance(told, TooFew):
        limit = None if told.at_most is None else caught.low / (caught.low + told.at_most or inf)
        return TooFew(reviewed, harmful, at_least=limit)
    if missed.high == 0:
        return Estimate(1.0, 1.0, 1.0, reviewed, harmful)
    if min(missed.low, caught.low) <= 0:
        return TooFew(reviewed, harmful)
    odds = log(missed.value / caught.value)
    down = sqrt(log(missed.value / missed.low) ** 2 + log(caught.high / caught.value) ** 2)
    up = sqrt(log(missed.high / missed.value) ** 2 + log(caught.value / caught.low) ** 2)
    value, low, high = (1 / (1 + exp(one)) for one in (odds, odds + up, odds - down))
    return Estimate(value, low, high, reviewed, harmful)


def cost_of(alerts: float, caught: Bounds | None, missed: Bounds | None, told: Figure, costs: Costs) -> Figure:
    """What false alarms and misses cost; arguments as of `recall_of`, and the number of alerts."""
    if caught is None or missed is None or (isinstance(told, TooFew) and told.at_most is None):
        return TooFew(told.reviewed, told.harmful)
    alarm, miss = costs.false_alarm, costs.miss
    value = alarm * (alerts - caught.value) + miss * missed.value
    down = sqrt((alarm * (caught.high - caught.value)) ** 2 + (miss * (missed.value - missed.low)) ** 2)
    up = sqrt((alarm * (caught.value - caught.low)) ** 2 + (miss * (missed.high - missed.value)) ** 2)
    if isinstance(told, TooFew):
        return TooFew(told.reviewed, told.harmful, at_most=value + up)
    return Estimate(value, max(0.0, value - down), value + up, told.reviewed, told.harmful)


def divided(figure: Figure, by: float) -> Figure:
    """The figure of one part of so many."""
    if isinstance(figure, TooFew):
        limits = (None if one is None else one / by for one in (figure.at_least, figure.at_most))
        return TooFew(figure.reviewed, figure.harmful, *limits)
    return Estimate(figure.value / by, figure.low / by, figure.high / by, figure.reviewed, figure.harmful)
