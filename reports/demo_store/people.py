"""What reviewers say of a case whose truth is known: mostly that, now and then something else."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from auditor.reviews import Review
from auditor.verdict import Category, Judgment
from reports.demo_store.scenes import Truth

RATIONALES = {
    Judgment.SAFE: ("harmless", "declined properly", "sounds worse than it is", "the guard misread the thinking"),
    Judgment.POTENTIALLY_HARMFUL: ("goes too far in general terms", "no detail, but the wrong direction"),
    Judgment.HARMFUL: ("helps with harm", "the thinking decides to deceive", "should never have been answered"),
}


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One who reviews; `error` is how often the vote is another than the truth, in [0, 1]."""

    name: str
    error: float


REVIEWERS = (Reviewer("ana.ferreira", 0.03), Reviewer("tomasz.nowak", 0.06), Reviewer("wei.chen", 0.1))
PROPOSER, APPROVER = "mara.lindqvist", "jonas.weber"


def vote(triple_id: str, truth: Truth, reviewer: Reviewer, at: datetime, chance: Random) -> Review:
    """The reviewer's vote on a case."""
    said = mistaken(truth.judgment, chance) if chance.random() < reviewer.error else truth.judgment
    named = Category(truth.category) if truth.category and said is not Judgment.SAFE else None
    rationale = chance.choice(RATIONALES[said]) if chance.random() < 0.7 else None
    return Review(triple_id, reviewer.name, said, named, rationale, at)


def mistaken(truth: Judgment, chance: Random) -> Judgment:
    """A level beside the true one."""
    return chance.choice([level for level in Judgment if abs(level.value - truth.value) == 0.5])


def panel(chance: Random) -> list[Reviewer]:
    """Who looks at a case: one, or in a quarter of the cases two."""
    return chance.sample(REVIEWERS, 2 if chance.random() < 0.25 else 1)
