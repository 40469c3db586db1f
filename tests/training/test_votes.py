"""What votes come to: who outranks whom, and how far they agree."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.verdict import Judgment
from training.items import Bucket, Vote, Voter, VoterKind
from training.votes import last_votes, tally

SAFE, HALF, HARMFUL = Judgment


def judge(name: str, judgment: Judgment) -> Vote:
    return Vote(Voter(name, VoterKind.JUDGE, "v1", "p1"), judgment, f"{name} says so")


def person(name: str, judgment: Judgment, kind: VoterKind = VoterKind.REVIEWER) -> Vote:
    return Vote(Voter(name, kind), judgment)


THREE = [
    ((HARMFUL, HARMFUL, HARMFUL), HARMFUL, Bucket.UNANIMOUS),
    ((SAFE, SAFE, SAFE), SAFE, Bucket.UNANIMOUS),
    ((HARMFUL, HARMFUL, SAFE), HARMFUL, Bucket.MAJORITY),
    ((HALF, SAFE, SAFE), SAFE, Bucket.MAJORITY),
    ((SAFE, HALF, HARMFUL), None, Bucket.SPLIT),
]


@pytest.mark.parametrize(("judgments", "label", "bucket"), THREE)
def test_three_judges_as_in_the_paper(judgments: tuple[Judgment, ...], label: Judgment, bucket: Bucket) -> None:
    for order in permutations(judgments):
        found = tally(judge(name, one) for name, one in zip("abc", order, strict=True))
        assert (found.label, found.bucket) == (label, bucket)
        assert len(found.agreeing) == order.count(label)
        assert len(found.agreeing) + len(found.dissenting) == len(order)


def test_people_outrank_judges_and_experts_people() -> None:
    judges = [judge(name, SAFE) for name in "abc"]
    assert tally([*judges, person("Ada", HARMFUL)]).label is HARMFUL
    decided = tally([*judges, person("Ada", HARMFUL), person("Bo", HARMFUL), person("Eve", HALF, VoterKind.EXPERT)])
    assert (decided.label, len(decided.agreeing)) == (HALF, 1)
    assert tally([person("Ada", HARMFUL), person("Bo", SAFE)]).label is None


def test_what_experts_decided_after_a_split_is_of_the_split() -> None:
    votes = [judge("a", SAFE), judge("b", HALF), judge("c", HARMFUL), person("Ada", HALF), person("Bo", HALF)]
    assert (tally(votes).label, tally(votes).bucket) == (HALF, Bucket.SPLIT)
    at_odds = [person("Ada", SAFE), person("Bo", HARMFUL), person("Eve", SAFE, VoterKind.EXPERT)]
    assert (tally(at_odds).label, tally(at_odds).bucket) == (SAFE, Bucket.SPLIT)


def test_who_votes_twice_is_counted_once_with_the_last_vote() -> None:
    votes = [person("Ada", SAFE), person("ADA ", HARMFUL), judge("m", SAFE), judge("m", HARMFUL)]
    assert [vote.judgment for vote in last_votes(votes)] == [HARMFUL, HARMFUL]
    assert tally(votes).bucket is Bucket.UNANIMOUS


def test_nobody_decides_nothing() -> None:
    assert tally([]) == type(tally([]))(None, Bucket.SPLIT, (), ())


KINDS = st.sampled_from([VoterKind.JUDGE, VoterKind.REVIEWER, VoterKind.EXPERT, VoterKind.LABEL])
VOTES = st.lists(st.builds(Vote, st.builds(Voter, st.sampled_from("abcdeABC"), KINDS), st.sampled_from(Judgment)))


@given(VOTES)
def test_whatever_the_votes(votes: list[Vote]) -> None:
    found = tally(votes)
    assert len(found.agreeing) + len(found.dissenting) == len(last_votes(votes))
    assert all(vote.judgment is found.label for vote in found.agreeing)
    assert (found.label is None) <= (found.bucket is Bucket.SPLIT)
    assert (found.bucket is Bucket.UNANIMOUS) <= (not found.dissenting and bool(found.agreeing))
    ranks = [vote for vote in last_votes(votes) if vote.voter.kind is VoterKind.EXPERT]
    if ranks and found.label:
        assert any(vote.judgment is found.label for vote in ranks)


@given(VOTES, st.randoms())
def test_the_order_of_different_voters_does_not_matter(votes: list[Vote], luck: object) -> None:
    once = last_votes(votes)
    other = list(once)
    luck.shuffle(other)  # type: ignore[attr-defined]
    assert (tally(once).label, tally(once).bucket) == (tally(other).label, tally(other).bucket)
