"""Agreement on all cases and on each part of them, of each reviewer with the others, and of each pair."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import numpy as np

from auditor.agreement.apart import Apart, furthest_apart
from auditor.agreement.comparison import Bootstrap, Both, Comparison, agree, agree_with, compare
from auditor.agreement.votes import NOBODY, CaseFacts, Votes

MOST_PARTS = 100
MOST_REVIEWERS = 100
MOST_PAIRS = 100


@dataclass(frozen=True, slots=True)
class ReviewerAgreement:
    """One reviewer beside the others.

    Attributes:
        votes: of this reviewer.
        harmful: of these, 0.5 or 1.
        others: with the others who voted on the same cases.
        guard: with the guard.
        without: of the others among each other, on all cases: what it would be without this reviewer.
    """

    name: str
    votes: int
    harmful: int
    others: Both
    guard: Both
    without: Both


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two reviewers, on the cases on which both voted."""

    one: str
    other: str
    agreement: Both


@dataclass(frozen=True, slots=True)
class Part:
    """Cases parted by something, such as "category"; the parts with most cases, or the latest weeks."""

    by: str
    lines: Sequence[Comparison]


@dataclass(frozen=True, slots=True)
class Found:
    """How far reviewers agree with each other, and with the guard.

    Attributes:
        since: UTC day of the first last votes that count; None for all.
        tenant: None for all.
        cases: with a vote.
        votes: standing ones.
        no_judgment: cases on which the guard has none; they are in no figure of the guard, and count as nothing there.
        models: revision of the guard to how many cases have its verdict.
        whole: all cases.
        parts: these by category, by why they were drawn, by whether the verdict was hidden, by tenant and by week.
        reviewers: those with most votes first.
        pairs: those with most cases first.
        to_discuss: how many cases there are to talk about; `apart` has the first of them.
    """

    since: date | None
    tenant: str | None
    cases: int
    votes: int
    no_judgment: int
    models: dict[str, int]
    whole: Comparison
    parts: Sequence[Part]
    reviewers: Sequence[ReviewerAgreement]
    pairs: Sequence[PairAgreement]
    to_discuss: int
    apart: Sequence[Apart]


PARTS: dict[str, Callable[[CaseFacts], str]] = {
    "category": lambda case: case.category,
    "drawn": lambda case: case.drawn,
    "verdict": lambda case: case.verdict,
    "tenant": lambda case: case.tenant,
    "week": lambda case: case.week.isoformat(),
}


def find(votes: Votes, since: date | None, tenant: str | None, most: int, by: Bootstrap) -> Found:
    """All of it.

    Args:
        votes: on the cases that count.
        since: what chose them, to be told.
        tenant: what chose them, to be told.
        most: cases to talk about.
        by: how intervals are made.
    """
    models = Counter(case.model for case in votes.cases if case.model)
    n_apart, apart = furthest_apart(votes, most)
    return Found(
        since=since,
        tenant=tenant,
        cases=len(votes.cases),
        votes=int((votes.levels != NOBODY).sum()),
        no_judgment=int((votes.guard == NOBODY).sum()),
        models=dict(sorted(models.items())),
        whole=compare("", votes.counts(), votes.by_guard(), by),
        parts=[part(votes, name, by) for name in PARTS],
        reviewers=[one_reviewer(votes, at, by) for at in busiest(votes)],
        pairs=pairs(votes, by),
        to_discuss=n_apart,
        apart=apart,
    )


def part(votes: Votes, name: str, by: Bootstrap) -> Part:
    """The comparison on each part of the cases: the latest week first, others by how many cases they have."""
    names = np.array([PARTS[name](case) for case in votes.cases], dtype=object)
    if name == "week":
        found = sorted(set(names), reverse=True)
    else:
        found = sorted(set(names), key=lambda one: (-int((names == one).sum()), one))
    counts, guard = votes.counts(), votes.by_guard()
    return Part(name, [compare(one, counts[names == one], guard[names == one], by) for one in found[:MOST_PARTS]])


def busiest(votes: Votes) -> list[int]:
    """The reviewers with most votes."""
    n = (votes.levels != NOBODY).sum(axis=0)
    return sorted(range(len(votes.reviewers)), key=lambda at: (-n[at], votes.reviewers[at]))[:MOST_REVIEWERS]


def one_reviewer(votes: Votes, at: int, by: Bootstrap) -> ReviewerAgreement:
    """This reviewer beside the others."""
    is_me = np.arange(len(votes.reviewers)) == at
    mine, others = votes.counts(is_me), votes.counts(~is_me)
    return ReviewerAgreement(
        votes.reviewers[at],
        int(mine.sum()),
        int(mine[:, 1:].sum()),
        agree_with(mine, others, by),
        agree_with(mine, votes.by_guard(), by),
        agree(others, by),
    )


def pairs(votes: Votes, by: Bootstrap) -> list[PairAgreement]:
    """The pairs of reviewers that share a case, those with most cases first."""
    voted = (votes.levels != NOBODY).astype(np.int64)
    shared = voted.T @ voted
    found = [(one, other) for one, other in combinations(range(len(votes.reviewers)), 2) if shared[one, other]]
    found.sort(key=lambda two: (-shared[two], *two))
    columns = np.arange(len(votes.reviewers))
    return [
        PairAgreement(
            votes.reviewers[one],
            votes.reviewers[other],
            agree_with(votes.counts(columns == one), votes.counts(columns == other), by),
        )
        for one, other in found[:MOST_PAIRS]
    ]
