"""Cases that a training asks for are in people's queue: to be voted on, and where labels are in doubt, decided."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from auditor.access.person import Role, person_with
from auditor.errors import VoteConflicts
from auditor.learning.cases import Asked, Why
from auditor.learning.locks import ask_people
from auditor.learning.snapshot import page_of
from auditor.reviewing.ballot import Ballot
from auditor.reviewing.deciding import adjudicate, cast
from auditor.reviewing.filters import Filters
from auditor.reviewing.leases import Wish, take_next
from auditor.reviewing.search import Searcher
from auditor.reviewing.store_votes import plan
from auditor.sampling.answers import list_cases
from auditor.store import MEMORY, Store
from auditor.verdict import Category, Judgment
from conf.schema import load
from tests.factories import NOW, make_batch, make_item, make_run, make_triple, make_verdict

SAFE, _, HARMFUL = Judgment
CONFIG = load()


@pytest.fixture
def store() -> Iterator[Store]:
    """Three cases that nobody drew."""
    triples = [make_triple(id=f"t{n}") for n in range(3)]
    with Store.open(MEMORY) as made:
        made.begin_run(make_run())
        items = [make_item(n, triple) for n, triple in enumerate(triples)]
        made.save(make_batch(*items), [], [make_verdict(triple.id) for triple in triples], "run1", NOW)
        yield made


def ballot(judgment: Judgment, triple_id: str) -> Ballot:
    return Ballot(triple_id=triple_id, vote=judgment, category=Category.CRIME, rationale="since")


def vote(store: Store, who: str, triple_id: str, judgment: Judgment = HARMFUL) -> None:
    cast(store, CONFIG, person_with(who, [Role.REVIEWER]), ballot(judgment, triple_id), NOW + timedelta(minutes=2))


def split_cases(store: Store) -> list[str]:
    expert = person_with("Eve", [Role.EXPERT])
    found = Searcher(store.connection, expert, plan(store, CONFIG, NOW.date())).find(Filters(state="split"))
    return [case.triple_id for case in found.cases]


def test_a_case_on_which_judges_split_is_given_to_reviewers(store: Store) -> None:
    ada = person_with("Ada", [Role.REVIEWER])
    assert take_next(store, CONFIG, ada, Wish(), NOW) is None
    ask_people(store, [Asked("t1", Why.JUDGES_SPLIT)], None, NOW)
    taken = take_next(store, CONFIG, ada, Wish(), NOW)
    assert taken
    assert (taken.due.triple_id, taken.due.reason, taken.due.stratum) == ("t1", "asked", "judges_split")
    assert not taken.due.is_overdue(NOW + timedelta(days=7), 2)
    assert taken.due.is_overdue(NOW + timedelta(days=8), 2)
    assert [due.triple_id for due in list_cases(store, CONFIG, NOW, False, 9).found] == ["t1"]
    n = plan(store, CONFIG, NOW.date()).votes
    for who in ("Ada", "Bo", "Cy")[:n]:
        vote(store, who, "t1")
    assert split_cases(store) == []  # people agree: that is enough
    assert list_cases(store, CONFIG, NOW, False, 9).found == []


def test_a_label_that_cannot_be_right_goes_to_an_expert_although_people_agree(store: Store) -> None:
    n = plan(store, CONFIG, NOW.date()).votes
    ask_people(store, [Asked("t2", Why.JUDGES_SPLIT)], None, NOW)
    for triple_id in ("t1", "t2"):
        for who in ("Ada", "Bo", "Cy")[:n]:
            vote(store, who, triple_id)
    eve = person_with("Eve", [Role.EXPERT])
    with pytest.raises(VoteConflicts, match="they are unanimous"):
        adjudicate(store, CONFIG, eve, ballot(SAFE, "t1"), NOW)
    ask_people(store, [Asked("t1", Why.CONTRADICTORY)], "run7", NOW)
    assert split_cases(store) == ["t1"]
    adjudicate(store, CONFIG, eve, ballot(SAFE, "t1"), NOW + timedelta(minutes=3))
    assert split_cases(store) == []
    known = {case.triple.id: case for case in page_of(store, "", 9).cases}
    assert known["t1"].asked
    assert known["t1"].reviews[-1].decides
