"""What the votes on a case come to; pure."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from auditor.verdict import Judgment


class Outcome(StrEnum):
    """How far a case is. All but OPEN and SPLIT are decided."""

    OPEN = "open"  # fewer people voted than are to vote
    UNANIMOUS = "unanimous"
    MAJORITY = "majority"  # one level has more than half of the votes
    SPLIT = "split"  # none has: an expert decides
    ADJUDICATED = "adjudicated"  # an expert has


VOTED_ON = frozenset(Outcome) - {Outcome.OPEN}


def outcome_of(votes: Sequence[Judgment], wanted: int, *, adjudicated: bool = False) -> Outcome:
    """The outcome, by the levels that people voted for.

    Args:
        votes: the last one of each person.
        wanted: people who are to vote.
        adjudicated: whether an expert decided, which ends it.
    """
    if adjudicated:
        return Outcome.ADJUDICATED
    if len(votes) < wanted:
        return Outcome.OPEN
    ((_, most),) = Counter(votes).most_common(1)
    if most == len(votes):
        return Outcome.UNANIMOUS
    return Outcome.MAJORITY if 2 * most > len(votes) else Outcome.SPLIT
