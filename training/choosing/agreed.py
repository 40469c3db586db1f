"""Whether people agree on a case, and what the guard should have said of it; pure.

A case may be learned from where two different people give it the same judgment and nobody contradicts them: people who
vote, or an expert and one who voted. An expert's decision outranks the votes against it; without one a majority that is
contradicted is not enough.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.completion import Reading, read_completion
from auditor.learning.cases import KnownCase
from auditor.verdict import Judgment
from training.choosing.votes_of import GUARD, of_guard, votes_of
from training.items import Bucket, Item, Said, Vote, VoterKind
from training.votes import PEOPLE, Tally, tally

PEOPLE_NEEDED = 2


@dataclass(frozen=True, slots=True)
class Agreed:
    """A case on which two people agree.

    Attributes:
        people: who agree on the label, by name casefolded, in alphabetical order.
        tally: of all votes, the guard's own verdict among them.
    """

    case: KnownCase
    label: Judgment
    people: tuple[str, ...]
    tally: Tally

    @property
    def carriers(self) -> tuple[str, ...]:
        """The two people without either of whom it would not be learned from; none where more agree."""
        return self.people if len(self.people) == PEOPLE_NEEDED else ()

    @property
    def author(self) -> str | None:
        """The person whose words are learned; None where they are a judge's or the guard's."""
        found = first_with_words(self.tally.agreeing)
        return found[0].voter.name.strip().casefold() if found and found[0].voter.kind in PEOPLE else None

    @property
    def category(self) -> str:
        """The kind of risk: what most of those who agree say, else the guard; empty where nobody does."""
        said = Counter(one.category for one in self.case.reviews if one.category and one.vote is self.label)
        if said:
            return str(min(said, key=lambda name: (-said[name], name)))
        return self.case.guard.category if self.case.guard else ""


def agree(case: KnownCase) -> Agreed | str:
    """The case with what people agree on, or why they do not: "one_person", "contradicted" or "expert_alone"."""
    counted = tally(votes_of(case))
    people = [vote for vote in (*counted.agreeing, *counted.dissenting) if vote.voter.kind in PEOPLE]
    decided = any(vote.voter.kind is VoterKind.EXPERT for vote in people)
    names = names_of(people)
    if len(names) < PEOPLE_NEEDED:
        return "one_person" if names else "no_person"
    if counted.label is None:
        return "contradicted"
    agreeing = names_of(vote for vote in people if vote.judgment is counted.label)
    if len(agreeing) < PEOPLE_NEEDED:
        return "expert_alone" if decided else "contradicted"
    if not decided and len(agreeing) < len(names):
        return "contradicted"
    return Agreed(case, counted.label, agreeing, with_guard(counted, case))


def names_of(votes: Iterable[Vote]) -> tuple[str, ...]:
    """Who gave them: each person once, an expert who voted too included."""
    return tuple(sorted({vote.voter.name.strip().casefold() for vote in votes}))


def with_guard(counted: Tally, case: KnownCase) -> Tally:
    """The tally with the guard's own verdict as one more judge, which splits nothing."""
    if case.guard is None or counted.label is None:
        return counted
    vote = of_guard(case.guard)
    if vote.judgment is counted.label:
        return replace(counted, agreeing=(*counted.agreeing, vote))
    bucket = Bucket.MAJORITY if counted.bucket is Bucket.UNANIMOUS else counted.bucket
    return replace(counted, bucket=bucket, dissenting=(*counted.dissenting, vote))


def item_of(agreed: Agreed) -> Item | str:
    """What is learned from the case, or "no_analysis" where nobody wrote what the guard should have said."""
    chosen = first_said(agreed.tally.agreeing)
    if chosen is None:
        return "no_analysis"
    return Item(
        triple=agreed.case.triple,
        label=agreed.label,
        bucket=agreed.tally.bucket,
        chosen=chosen,
        rejected=first_said(vote for vote in agreed.tally.dissenting if vote.voter.kind not in PEOPLE),
        votes=(*agreed.tally.agreeing, *agreed.tally.dissenting),
        source=agreed.case.source,
        category=agreed.category,
        language=agreed.case.language,
    )


def first_said(votes: Iterable[Vote]) -> Said | None:
    """The first analysis of these votes that the guard could have written, with its judgment."""
    found = first_with_words(votes)
    return found[1] if found else None


def first_with_words(votes: Iterable[Vote]) -> tuple[Vote, Said] | None:
    """The first vote with such an analysis: an expert's, else a person's, a judge's, the guard's own.

    Within a rank the latest comes first.
    """
    for vote in sorted(votes, key=rank):
        if vote.analysis and (said := readable(vote.analysis, vote.judgment)):
            return vote, said
    return None


def rank(vote: Vote) -> tuple[int, bool, float]:
    """The order in which analyses are taken."""
    kinds = (VoterKind.EXPERT, VoterKind.REVIEWER, VoterKind.JUDGE, VoterKind.LABEL)
    at = vote.at.timestamp() if vote.at else 0.0
    return kinds.index(vote.voter.kind), vote.voter.name == GUARD, -at


def readable(analysis: str, judgment: Judgment) -> Said | None:
    """The analysis, where the guard's text with it would be read as this judgment and no other."""
    text = f"“Analysis”: {analysis.strip()}\n“Judgment”: {judgment.label}"
    read = read_completion(text)
    if not isinstance(read, Reading) or read.judgment is not judgment or not read.analysis:
        return None
    return Said(read.analysis, judgment)
