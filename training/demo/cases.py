"""Labelled rows and the votes on them become the items of the three stages.

    D3:0    the judges and the label agree: SFT
    D2:1    a label, and somebody dissents from it: DPO; rejected is what the dissenters said
    D1:1:1  the judges said three different things, or nothing has a majority: to experts, for OGDPO

Departs from the paper: the analysis is the same whoever judges (see `examples`), so a pair's two completions differ in
the judgment alone. Where an expert is asked, the source's own label stands in for the expert's word.
"""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from auditor.rows import LabelledRow
from auditor.verdict import Judgment
from training.demo.examples import Donors, Example, augment, write_analysis
from training.items import Bucket, Item, Said, Vote, Voter, VoterKind
from training.stages.oracle import Conflict, Ruled
from training.votes import tally

LEVEL = {Judgment.SAFE: 0.0, Judgment.POTENTIALLY_HARMFUL: 0.5, Judgment.HARMFUL: 1.0}


@dataclass(frozen=True, slots=True)
class Case:
    """An item with what is needed to show it anew in each pass.

    Attributes:
        item: as it is on record.
        example: of the same row.
        own_label: what its source says.
    """

    item: Item
    example: Example
    own_label: Judgment


def make_cases(
    rows: Sequence[LabelledRow], examples: Sequence[Example], votes: Sequence[tuple[Vote, ...]]
) -> list[Case]:
    """A case for each row; all have labels."""
    return [
        Case(make_item(row, example, given), example, judged(row))
        for row, example, given in zip(rows, examples, votes, strict=True)
    ]


def make_item(row: LabelledRow, example: Example, votes: tuple[Vote, ...]) -> Item:
    """The item of a row; a split one has the word of its expert among its votes."""
    came_to = tally(votes)
    label = came_to.label
    if label is None or came_to.bucket is Bucket.SPLIT:
        label = judged(row)
        expert = Vote(Voter(f"label of {row.source}, for an expert", VoterKind.EXPERT), label)
        votes = (*votes, expert)
    dissenting = [vote.judgment for vote in votes if vote.judgment is not label]
    analysis = write_analysis(row.triple, example.category)
    return Item(
        triple=row.triple,
        label=label,
        bucket=came_to.bucket,
        chosen=Said(analysis, label),
        rejected=Said(analysis, dissent(dissenting, label)) if dissenting else None,
        votes=votes,
        source=row.source,
        category=example.category,
    )


def judged(row: LabelledRow) -> Judgment:
    """The row's own label."""
    if row.label is None:
        raise ValueError(f"{row.triple.id} has no label")
    return row.label


def dissent(judgments: Sequence[Judgment], label: Judgment) -> Judgment:
    """What the dissenters said: what most of them did; of as many, what is farther from the label."""
    counted = Counter(judgments)
    return max(counted, key=lambda said: (counted[said], abs(LEVEL[said] - LEVEL[label])))


def shown(cases: Iterable[Case], donors: Donors, passes: int, rng: random.Random) -> list[Item]:
    """The items of some cases, `passes` times over, each time as `augment` shows them.

    The stages go through these once: thinking that is dropped or lent differs from pass to pass.
    """
    return [show(case, donors, rng) for case in list(cases) * passes]


def show(case: Case, donors: Donors, rng: random.Random) -> Item:
    """One item as it is seen in one pass; its analysis follows what is seen."""
    triple = augment(case.example, donors, rng).triple
    item, analysis = case.item, write_analysis(triple, case.example.category)
    rejected = replace(item.rejected, analysis=analysis) if item.rejected else None
    return replace(item, triple=triple, chosen=replace(item.chosen, analysis=analysis), rejected=rejected)


def base_pairs(cases: Sequence[Case], n: int, rng: random.Random) -> list[Case]:
    """Some of the cases that all agree on, as pairs: their label against the other end of the scale.

    D2:1 alone holds nothing but rows on which words mislead; a model that sees no other learns to say the opposite.
    """
    agreed = [case for case in cases if case.item.bucket is Bucket.UNANIMOUS]
    return [as_pair(case) for case in rng.sample(agreed, min(n, len(agreed)))]


def as_pair(case: Case) -> Case:
    """A case with the other end of the scale rejected."""
    other = Judgment.HARMFUL if case.item.label is Judgment.SAFE else Judgment.SAFE
    item = replace(case.item, bucket=Bucket.BASE, rejected=replace(case.item.chosen, judgment=other))
    return replace(case, item=item)


@dataclass(slots=True)
class SourceLabels:
    """The oracle of the demo: the rows' own labels, which stand in for a stronger model and for the people's queue.

    Attributes:
        labels: by the triple's id.
    """

    labels: dict[str, Judgment]
    name: str = "the sources' own labels"

    def rule(self, conflicts: Sequence[Conflict]) -> list[Ruled]:
        """See Oracle: the label of an item is right where its source says the same."""
        return [
            Ruled.LABEL_RIGHT if self.labels[conflict.item.triple.id] is conflict.item.label else Ruled.LABEL_WRONG
            for conflict in conflicts
        ]
