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
    SPLIT = "split"  # none has, or what they say is in doubt: an expert decides
    ADJUDICATED = "adjudicated"  # an expert has


VOTED_ON = frozenset(Outcome) - {Outcome.OPEN}


def outcome_of(votes: Sequence[Judgment], wanted: int, *, adjudicated: bool = False, in_doubt: bool = False) -> Outcome:
    """The outcome, by the levels that people voted for.

    Args:
        votes: the last one of each person.
        wanted: people who are to vote.
        adjudicated: whether an expert decided, which ends it.
        in_doubt: whether a training asked for it, since what people said cannot be right.
    """
    if adjudicated:
        return Outcome.ADJUDICATED
    if len(votes) < wanted:
        return Outcome.OPEN
    if in_doubt:
        return Outcome.SPLIT
    ((_, most),) = Counter(votes).most_common(1)
    if most == len(votes):
        return Outcome.UNANIMOUS
    return Outcome.MAJORITY if 2 * most > len(votes) else Outcome.SPLIT
