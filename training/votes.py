"""What the votes on a triple come to: its label, and how far the voters agree; pure.

An expert's word outranks people's, people's outranks that of judges and of labels of public rows. Among equals a label
needs more than half of the voters. Who votes twice is counted once, with the last vote.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.verdict import Judgment
from training.items import Bucket, Vote, VoterKind

RANKS = ({VoterKind.EXPERT}, {VoterKind.REVIEWER}, {VoterKind.JUDGE, VoterKind.LABEL})
PEOPLE = RANKS[0] | RANKS[1]
MACHINES = RANKS[2]


@dataclass(frozen=True, slots=True)
class Tally:
    """What votes come to.

    Attributes:
        label: None where nobody's word decides: the case is for experts.
        bucket: UNANIMOUS where nobody dissents from the label, MAJORITY where somebody does, SPLIT where the judges
            have no majority among them, or the people had none before an expert decided, or there is no label.
        agreeing, dissenting: the votes that count, by whether they give the label; without a label all dissent.
    """

    label: Judgment | None
    bucket: Bucket
    agreeing: tuple[Vote, ...]
    dissenting: tuple[Vote, ...]


def tally(votes: Iterable[Vote]) -> Tally:
    """What these votes come to; any number of them, in the order in which they were given."""
    counted = last_votes(votes)
    label = label_of(counted)
    agreeing = tuple(vote for vote in counted if vote.judgment is label)
    dissenting = tuple(vote for vote in counted if vote.judgment is not label)
    return Tally(label, bucket_of(counted, label), agreeing, dissenting)


def last_votes(votes: Iterable[Vote]) -> list[Vote]:
    """The last vote of each voter; a person is the same whatever the case of the name, a judge whatever its model."""
    last: dict[tuple[VoterKind, str], Vote] = {}
    for vote in votes:
        key = (vote.voter.kind, vote.voter.name.strip().casefold())
        last.pop(key, None)
        last[key] = vote
    return list(last.values())


def label_of(votes: Sequence[Vote]) -> Judgment | None:
    """What the highest rank that voted says; None where it is at odds."""
    for rank in RANKS:
        if of_rank := [vote.judgment for vote in votes if vote.voter.kind in rank]:
            return majority(of_rank)
    return None


def bucket_of(votes: Sequence[Vote], label: Judgment | None) -> Bucket:
    """How far the votes agree."""
    of_machines = [vote.judgment for vote in votes if vote.voter.kind in MACHINES]
    of_people = [vote.judgment for vote in votes if vote.voter.kind is VoterKind.REVIEWER]
    if label is None or any(said and majority(said) is None for said in (of_machines, of_people)):
        return Bucket.SPLIT
    return Bucket.UNANIMOUS if all(vote.judgment is label for vote in votes) else Bucket.MAJORITY


def majority(judgments: Sequence[Judgment]) -> Judgment | None:
    """The judgment that more than half give; None where none is."""
    if not judgments:
        return None
    ((found, n),) = Counter(judgments).most_common(1)
    return found if 2 * n > len(judgments) else None
