"""What reviewed triples are: an expert's word, else the majority of the last votes that stand."""

from collections.abc import Iterator

import pytest

from auditor.reviewing.truths import Truths, read_truths
from auditor.reviews import Kind, Review
from auditor.store import MEMORY, Store
from auditor.store_reviews import keep_reviews
from auditor.verdict import Judgment
from tests.auditor.reviewing.seeded import HALF, HARMFUL, SAFE, later


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        yield opened


def vote(triple_id: str, reviewer: str, judgment: Judgment, at: float = 0, kind: Kind = Kind.VOTE) -> Review:
    return Review(triple_id, reviewer, judgment, None, "why", later(at), kind)


def truths(store: Store, *votes: Review) -> Truths:
    for one in votes:
        keep_reviews(store, [one], one.at)
    return read_truths(store.connection)


def test_0_5_and_1_are_harmful_and_the_majority_decides(store: Store) -> None:
    votes = [
        *(vote("a", "x", HALF), vote("a", "y", HARMFUL), vote("a", "z", SAFE)),
        *(vote("b", "x", SAFE), vote("b", "y", HARMFUL)),
        vote("c", "x", SAFE),
    ]
    assert truths(store, *votes) == Truths({"a": True, "c": False}, frozenset({"b"}))


def test_who_voted_several_times_has_one_vote_the_last(store: Store) -> None:
    votes = [vote("a", "x", HARMFUL, 2), vote("a", "X", SAFE, 5), vote("a", "x", HARMFUL, 1)]
    assert truths(store, *votes).harmful == {"a": False}


def test_an_expert_ends_it_and_is_no_further_vote(store: Store) -> None:
    votes = [vote("a", "x", SAFE), vote("a", "y", HARMFUL), vote("a", "eve", HALF, 9, Kind.ADJUDICATION)]
    assert truths(store, *votes, vote("b", "eve", SAFE, 9, Kind.ADJUDICATION)).harmful == {"a": True, "b": False}


def test_truths_are_known_as_of_a_moment(store: Store) -> None:
    truths(store, vote("a", "x", SAFE, 0), vote("a", "eve", HARMFUL, 50, Kind.ADJUDICATION))
    query = "SELECT harmful FROM truths_by(?)"
    for at, wanted in ((0, []), (1, [(False,)]), (51, [(True,)])):
        moment = later(at).replace(tzinfo=None)
        assert store.connection.execute(query, [moment]).fetchall() == wanted
