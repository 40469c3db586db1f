"""What a proposed policy comes to, fast enough to follow a slider: the whole, what changes hands, and which parts move.

`comparison.py` tells more (curves, lines that answer questions, every combination), and takes seconds for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from auditor.policies.policy import Policy
from reports.what_if.comparison import Compared, Moved, Part, compared, depth, moved, parts_of, with_draws
from reports.what_if.index import lines_of
from reports.what_if.outcome import Material, Outcome, Sides, outcome, sides_of

MOST_PARTS = 12


@dataclass(frozen=True, slots=True)
class Moving:
    """A part whose alerts change.

    Attributes:
        alerts: a day, by the policy in force.
        proposed: what it comes to by the proposed policy.
    """

    part: Part
    alerts: float
    proposed: Outcome


@dataclass(frozen=True, slots=True)
class Effect:
    """What a slider shows; numbers are of a day, on average.

    Attributes:
        first, last: UTC days, both included.
        drawn, reviewed: exchanges that were drawn for review, and that have a review that tells.
        parts: tenants, categories and kinds of thinking whose alerts change, those that change most first.
        more: further parts that change.
    """

    first: date
    last: date
    days: int
    drawn: int
    reviewed: int
    current: Policy
    proposed: Policy
    whole: Compared
    moved: Moved
    parts: tuple[Moving, ...]
    more: int


def effect(material: Material, period: tuple[date, date], current: Policy, proposed: Policy) -> Effect:
    """The proposed policy against the one in force; costs and capacity as the proposed one says."""
    both = [sides_of(material, lines_of(policy, material.index)) for policy in (current, proposed)]
    whole = compared(material, Part(), both, proposed)
    changed = parts_that_change(material, both)
    return Effect(
        first=period[0],
        last=period[1],
        days=material.days,
        drawn=material.drawn,
        reviewed=len(material.sample.weight),
        current=current,
        proposed=proposed,
        whole=Compared(
            whole.part, with_draws(whole.current, current.review), with_draws(whole.proposed, proposed.review)
        ),
        moved=moved(material, *both),
        parts=tuple(moving(material, part, both, proposed) for part in changed[:MOST_PARTS]),
        more=max(0, len(changed) - MOST_PARTS),
    )


def moving(material: Material, part: Part, both: Sequence[Sides], terms: Policy) -> Moving:
    """One part; what it comes to now is counted alone, since nobody looks at more of it while a slider moves."""
    chosen = material.index.chosen(part.holds)
    alerts = float(both[0].alerts[chosen].sum()) / material.days
    return Moving(part, alerts, outcome(material, both[1], chosen, terms))


def parts_that_change(material: Material, both: Sequence[Sides]) -> list[Part]:
    """Tenants, categories and kinds of thinking with other alerts under the two policies, most moved first."""
    moves = np.abs(both[1].alerts.sum(axis=1) - both[0].alerts.sum(axis=1))
    parts = [part for part in parts_of(material.index.slices) if depth(part) == 1]
    found = [(int(moves[material.index.chosen(part.holds)].sum()), part) for part in parts]
    return [part for n, part in sorted(found, key=lambda pair: -pair[0]) if n]
