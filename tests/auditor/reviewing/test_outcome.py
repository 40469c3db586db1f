"""What votes come to: in Python, and the same in SQL."""

from itertools import combinations_with_replacement

import pytest

from auditor.reviewing.outcome import Outcome, outcome_of
from auditor.reviews import Kind, Review
from auditor.store import MEMORY, Store
from auditor.store_reviews import keep_reviews
from auditor.verdict import Judgment
from tests.auditor.reviewing.seeded import HALF, HARMFUL, NOW, SAFE

VOTES = [votes for n in range(5) for votes in combinations_with_replacement(Judgment, n)]


@pytest.mark.parametrize(
    ("votes", "wanted", "comes_to"),
    [
        ([], 1, Outcome.OPEN),
        ([SAFE], 1, Outcome.UNANIMOUS),
        ([SAFE], 2, Outcome.OPEN),
        ([HALF, HALF], 2, Outcome.UNANIMOUS),
        ([HALF, HARMFUL], 2, Outcome.SPLIT),
        ([SAFE, HARMFUL, SAFE], 3, Outcome.MAJORITY),
        ([SAFE, HALF, HARMFUL], 3, Outcome.SPLIT),
        ([SAFE, SAFE, HARMFUL, HARMFUL], 4, Outcome.SPLIT),
        ([SAFE, SAFE, HALF, HARMFUL], 4, Outcome.SPLIT),
        ([SAFE, SAFE, SAFE, HARMFUL], 3, Outcome.MAJORITY),
    ],
)
def test_one_level_needs_more_than_half(votes: list[Judgment], wanted: int, comes_to: Outcome) -> None:
    assert outcome_of(votes, wanted) is comes_to
    assert outcome_of(votes, wanted, adjudicated=True) is Outcome.ADJUDICATED


@pytest.mark.parametrize("adjudicated", [False, True])
def test_the_database_says_the_same_of_all_votes_of_four_people(adjudicated: bool) -> None:
    with Store.open(MEMORY) as store:
        for at, votes in enumerate(VOTES):
            kept = [Review(f"case-{at}", f"person-{i}", vote, None, None, NOW) for i, vote in enumerate(votes)]
            kept += [Review(f"case-{at}", "eve", SAFE, None, "why", NOW, Kind.ADJUDICATION)] if adjudicated else []
            keep_reviews(store, kept, NOW)
        for wanted in (1, 2, 3, 4):
            query = "SELECT triple_id, outcome, voters FROM decisions(?)"
            found = {name: (outcome, n) for name, outcome, n in store.connection.execute(query, [wanted]).fetchall()}
            expected = {
                f"case-{at}": (outcome_of(votes, wanted, adjudicated=adjudicated).value, len(votes))
                for at, votes in enumerate(VOTES)
                if votes or adjudicated
            }
            assert found == expected
