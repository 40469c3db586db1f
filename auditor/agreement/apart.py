"""The cases on which people are furthest apart, or where all of them differ from the guard: those to talk about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditor.agreement.votes import NOBODY, CaseFacts, Votes
from auditor.reviewing.blind import ALL
from auditor.verdict import Category

UNKNOWN = Category.UNKNOWN.value
SPLIT, BESIDE_GUARD = "people differ", "people agree, and differ from the guard"


@dataclass(frozen=True, slots=True)
class Apart:
    """A case to talk about.

    Attributes:
        what: SPLIT or BESIDE_GUARD.
        votes: reviewer to 0, 0.5 or 1.
        verdict_hidden: what the guard said is kept from who reads this; then `case` has nothing of it.
    """

    case: CaseFacts
    what: str
    votes: Mapping[str, float]
    verdict_hidden: bool = False


def furthest_apart(votes: Votes, most: int) -> tuple[int, list[Apart]]:
    """How many cases there are to talk about, and the first of them.

    First where one says safe and another harmful, the more evenly the sooner; then where people differ by a level; then
    where two or more people agree that a case is safe, or is not, and the guard says otherwise. The newest first among
    those that are alike. A single vote against the guard is not among them: nobody has said whose mistake it is.
    """
    counts = votes.counts()
    n, safe = counts.sum(axis=1), counts[:, 0]
    differ = (n > 1) & (counts.max(axis=1, initial=0) < n)
    opposed = differ & (safe > 0) & (safe < n)
    minority = np.minimum(safe, n - safe)
    against = (n > 1) & ~opposed & (votes.guard != NOBODY) & ((safe == n) != (votes.guard == 0))
    chosen = np.flatnonzero(differ | against)
    order = sorted(
        chosen,
        key=lambda at: (
            not opposed[at],
            -minority[at] / n[at],
            not differ[at],
            -votes.cases[at].week.toordinal(),
            votes.cases[at].triple_id,
        ),
    )
    return len(order), [apart(votes, at, differs=bool(differ[at])) for at in order[:most]]


def without_verdicts(cases: Sequence[Apart], hide: Collection[str]) -> list[Apart]:
    """The same, for who is to decide on cases where people differ without knowing what the guard said.

    Args:
        cases: of a list.
        hide: reasons of draws; see `ReviewPlan.hide_verdict`.
    """
    return [
        replace(one, case=replace(one.case, guard=None, model=None, category=UNKNOWN), verdict_hidden=True)
        if one.what == SPLIT and (ALL in hide or one.case.drawn in hide)
        else one
        for one in cases
    ]


def apart(votes: Votes, at: int, *, differs: bool) -> Apart:
    """One of them."""
    told = {
        reviewer: float(level) / 2
        for reviewer, level in zip(votes.reviewers, votes.levels[at], strict=True)
        if level != NOBODY
    }
    return Apart(votes.cases[at], SPLIT if differs else BESIDE_GUARD, told)
