"""What was said of a case, as votes; pure."""

from auditor.learning.cases import Annotation, GuardSaid, KnownCase
from auditor.reviews import Review
from training.items import Vote, Voter, VoterKind

GUARD = "guard"  # the voter that the audited verdict is of


def votes_of(case: KnownCase) -> list[Vote]:
    """What people and judges said, in the order in which it was said; without the guard."""
    said = [*map(of_review, case.reviews), *(of_annotation(one) for one in case.annotations if one.judgment)]
    return sorted(said, key=lambda vote: vote.at.timestamp() if vote.at else 0.0)


def of_review(review: Review) -> Vote:
    """A person's vote, with what the guard should have said where the person wrote that."""
    kind = VoterKind.EXPERT if review.decides else VoterKind.REVIEWER
    return Vote(Voter(review.reviewer.strip(), kind), review.vote, review.corrected_analysis, review.at)


def of_annotation(one: Annotation) -> Vote:
    """A judge's vote."""
    assert one.judgment  # noqa: S101 - for the type checker: those without one are no votes
    voter = Voter(one.judge, VoterKind.JUDGE, one.version, one.prompt_hash)
    return Vote(voter, one.judgment, one.analysis or None, one.at)


def of_guard(said: GuardSaid) -> Vote:
    """The guard's own verdict: what it should not have said, where it was wrong."""
    voter = Voter(GUARD, VoterKind.JUDGE, said.revision, said.prompt_hash)
    return Vote(voter, said.judgment, said.analysis or None, said.at)


def named(voter: Voter) -> str:
    """A judge as lineage has it: name@version#prompt."""
    version = f"@{voter.version[:12]}" if voter.version else ""
    return f"{voter.name}{version}" + (f"#{voter.prompt_hash[:12]}" if voter.prompt_hash else "")
