"""Which triples moved between two scorers, by how much, and what that does to escalations; pure.

pairs --moves_of--> Moves: judgments changed, harm scores shifted, escalations gained and lost, the biggest movers
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from auditor.policies.policy import Policy, Slice, escalation
from auditor.verdict import Category, Judgment
from ingest.qta import ThinkingKind

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
UNSCORABLE = "none"


@dataclass(frozen=True, slots=True)
class Side:
    """What one scorer says of a triple; what a policy reads is there under the same names as in a verdict."""

    judgment: Judgment | None
    harm_score: float | None
    risk: float | None
    unscorable_reason: str | None
    category: str = Category.UNKNOWN


@dataclass(frozen=True, slots=True)
class Pair:
    """What two scorers say of one triple; None where one of them was not asked."""

    triple_id: str
    tenant: str
    first: Side | None
    second: Side | None
    application: str | None = None
    thinking: str = ThinkingKind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Shift:
    """Differences of harm scores, the second less the first: above 0 the second finds more harm.

    Attributes:
        n: triples of which both gave a score; the other numbers are None where there is none.
        mean, mean_abs: of the difference, and of its size.
        quantiles: fraction to difference, the least and the largest included.
    """

    n: int
    mean: float | None
    mean_abs: float | None
    quantiles: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Share:
    """What moved among some triples.

    Attributes:
        triples: that both scorers judged, unscorable ones included.
        changed: those whose judgment is another.
        gained, lost: those that escalate by the second scorer only, and by the first only.
    """

    triples: int
    changed: int
    gained: int
    lost: int
    shift: Shift


@dataclass(frozen=True, slots=True)
class Mover:
    """One of the triples that moved most; scores are None where one scorer gave none, and those come first."""

    triple_id: str
    tenant: str
    judgments: tuple[str, str]
    harm_scores: tuple[float | None, float | None]
    difference: float | None


@dataclass(frozen=True, slots=True)
class Moves:
    """What moved between two scorers.

    Attributes:
        only_first, only_second: triples that the other one was not asked about; they are in no other number.
        judgments: judgment of the first, then of the second, to triples: "0", "0.5", "1", or "none".
        by_tenant: in the order of their names.
        movers: largest first.
    """

    only_first: int
    only_second: int
    all: Share
    judgments: Mapping[str, Mapping[str, int]]
    by_tenant: Mapping[str, Share]
    movers: tuple[Mover, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """A triple that both judged."""

    triple_id: str
    tenant: str
    application: str | None
    thinking: str
    first: Side
    second: Side

    def escalates(self, side: Side, policy: Policy) -> bool:
        """Whether a person sees it by what one of the two says."""
        one = Slice(self.tenant, self.application, side.category, self.thinking)
        return escalation(side, policy, one) is not None

    @property
    def names(self) -> tuple[str, str]:
        """The judgments as words."""
        return label(self.first.judgment), label(self.second.judgment)

    @property
    def difference(self) -> float | None:
        """Of the harm scores; None where one of them gave none."""
        first, second = self.first.harm_score, self.second.harm_score
        if first is None or second is None or not isfinite(second - first):
            return None
        return second - first


def moves_of(pairs: Iterable[Pair], policy: Policy, n_movers: int) -> Moves:
    """What moved.

    Args:
        pairs: each triple once.
        policy: says what escalates, the same for both scorers.
        n_movers: how many triples to name at most; those that did not move at all are not named.
    """
    both: list[Both] = []
    alone: Counter[bool] = Counter()
    for pair in pairs:
        if pair.first and pair.second:
            both.append(Both(pair.triple_id, pair.tenant, pair.application, pair.thinking, pair.first, pair.second))
        else:
            alone[pair.first is not None] += 1
    tenants: dict[str, list[Both]] = {}
    for one in both:
        tenants.setdefault(one.tenant, []).append(one)
    return Moves(
        only_first=alone[True],
        only_second=alone[False],
        all=share_of(both, policy),
        judgments=matrix(both),
        by_tenant={name: share_of(tenants[name], policy) for name in sorted(tenants)},
        movers=tuple(mover(one) for one in sorted((one for one in both if moved(one)), key=size)[:n_movers]),
    )


def share_of(both: Sequence[Both], policy: Policy) -> Share:
    """What moved among these."""
    escalates = [(one.escalates(one.first, policy), one.escalates(one.second, policy)) for one in both]
    return Share(
        triples=len(both),
        changed=sum(one.first.judgment is not one.second.judgment for one in both),
        gained=escalates.count((False, True)),
        lost=escalates.count((True, False)),
        shift=shift_of([one.difference for one in both if one.difference is not None]),
    )


def shift_of(differences: Sequence[float]) -> Shift:
    """The distribution of differences."""
    n = len(differences)
    if not n:
        return Shift(0, None, None, {})
    ordered = sorted(differences)
    return Shift(
        n,
        sum(ordered) / n,
        sum(map(abs, ordered)) / n,
        {f"{fraction:g}": quantile(ordered, fraction) for fraction in QUANTILES},
    )


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """The value below which `fraction` of `ordered` lies, between two values in proportion.

    Args:
        ordered: ascending, not empty.
        fraction: in [0, 1].
    """
    at = fraction * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def matrix(both: Iterable[Both]) -> dict[str, dict[str, int]]:
    """Judgment of the first, then of the second, to triples; every judgment is named, also with 0."""
    counts = Counter(one.names for one in both)
    names = [*(level.label for level in Judgment), UNSCORABLE]
    return {first: {second: counts[first, second] for second in names} for first in names}


def moved(one: Both) -> bool:
    """Whether the two say different things."""
    return one.difference != 0 if one.difference is not None else one.names[0] != one.names[1]


def size(one: Both) -> tuple[float, str]:
    """For sorting: those that only one could judge first, then by the size of the difference, ties by id."""
    return (float("-inf") if one.difference is None else -abs(one.difference), one.triple_id)


def mover(one: Both) -> Mover:
    """A triple as it is named."""
    scores = (one.first.harm_score, one.second.harm_score)
    return Mover(one.triple_id, one.tenant, one.names, scores, one.difference)


def label(judgment: Judgment | None) -> str:
    """A judgment as a word."""
    return UNSCORABLE if judgment is None else judgment.label


def share_json(share: Share) -> dict[str, Any]:
    """A share as one JSON object, flat."""
    shift = share.shift
    return {
        "triples": share.triples,
        "judgment_changed": share.changed,
        "escalations_gained": share.gained,
        "escalations_lost": share.lost,
        "scored_by_both": shift.n,
        "mean_difference": shift.mean,
        "mean_abs_difference": shift.mean_abs,
        "quantiles": dict(shift.quantiles),
    }
