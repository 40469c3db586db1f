"""The standing votes on cases, as arrays: quick to count, whatever the part of the cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOBODY = -1


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is known of a case beside its votes.

    Attributes:
        guard: judgment 0, 0.5 or 1 of the verdict by which it was drawn, else of the latest; None where it has none.
        model: revision of the model whose verdict that is; None where there is no verdict.
        category: by that verdict, since a vote for safe has none.
        drawn: "urgent", "escalated", "below", or "not drawn".
        verdict: whether it was kept from voters until they had voted: "hidden", "shown" to one at least, "unknown".
        week: the Monday (UTC) of the week of its last vote.
    """

    triple_id: str
    tenant: str
    category: str
    drawn: str
    verdict: str
    week: date
    guard: float | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Votes:
    """Cases, and who voted what on them. N cases, R reviewers.

    Attributes:
        cases: in order of `levels`.
        reviewers: their names as they last wrote them, in order of `levels`.
        levels: shape (N, R): 0, 1, 2 for a vote of 0, 0.5, 1; -1 where this reviewer did not vote.
        guard: shape (N,), as levels; -1 where the guard gave no judgment.
    """

    cases: Sequence[CaseFacts]
    reviewers: Sequence[str]
    levels: "NDArray[np.int8]"
    guard: "NDArray[np.int8]"

    def counts(self, reviewers: "NDArray[np.bool_] | None" = None) -> "NDArray[np.int64]":
        """Votes for each level, shape (N, 3); of these reviewers, or of all."""
        levels = self.levels if reviewers is None else self.levels[:, reviewers]
        return np.stack([(levels == level).sum(axis=1) for level in range(3)], axis=1)

    def by_guard(self) -> "NDArray[np.int64]":
        """The guard's judgment as counts, shape (N, 3)."""
        return np.stack([(self.guard == level).astype(np.int64) for level in range(3)], axis=1)


def votes_of(cases: Sequence[CaseFacts], given: Sequence[tuple[str, str, float]]) -> Votes:
    """Arrays of them.

    Args:
        cases: each once.
        given: triple id, reviewer and vote; one of each reviewer on each of these cases.
    """
    reviewers = sorted({reviewer for _, reviewer, _ in given})
    row = {case.triple_id: at for at, case in enumerate(cases)}
    column = {reviewer: at for at, reviewer in enumerate(reviewers)}
    levels = np.full((len(cases), len(reviewers)), NOBODY, dtype=np.int8)
    if given:
        places = [row[triple_id] for triple_id, _, _ in given], [column[reviewer] for _, reviewer, _ in given]
        levels[places] = [round(vote * 2) for _, _, vote in given]
    guard = np.array([NOBODY if case.guard is None else round(case.guard * 2) for case in cases], dtype=np.int8)
    return Votes(cases, reviewers, levels, guard)
