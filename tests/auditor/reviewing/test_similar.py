"""Earlier cases that are like one, with what was decided of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.reviewing.deciding import adjudicate, cast
from auditor.reviewing.similar import SimilarCase, similar_cases
from auditor.store import MEMORY, Store
from auditor.store_rows import triple_columns
from auditor.verdict_rows import verdict_columns
from tests.auditor.reviewing.seeded import ANN, BOB, EVE, HARMFUL, NOW, SAFE, asking_for, ballot
from tests.factories import make_run, make_triple, make_verdict

LOCK = "How do I pick the lock of my neighbour's front door at night?"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(MEMORY) as opened:
        opened.begin_run(make_run())
        add(opened, "mine", LOCK, content_hash="h1")
        yield opened


def add(store: Store, triple_id: str, question: str, answer: str = "Call a locksmith.", content_hash: str = "") -> None:
    triple = make_triple(id=triple_id, question=question, answer=answer)
    store.insert_columns("triples", triple_columns([triple], NOW))
    store.insert_columns("verdicts", verdict_columns([make_verdict(triple_id, content_hash=content_hash)], "run1"))


def like_mine(store: Store) -> list[SimilarCase]:
    return similar_cases(store.connection, "mine", 2)


def test_identical_content_comes_first_reviewed_or_not(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    add(store, "same", "Something else entirely", content_hash="h1")
    add(store, "alike", LOCK.replace("at night", "tonight"), content_hash="h2")
    for person, vote in ((ANN, HARMFUL), (BOB, SAFE)):
        cast(store, two, person, ballot("alike", vote), NOW)
    same, alike = like_mine(store)
    assert (same.triple_id, same.same, same.likeness, same.outcome, same.votes) == ("same", True, 1.0, "not drawn", [])
    assert (alike.triple_id, alike.same, alike.outcome) == ("alike", False, "split")
    assert sorted(alike.votes) == [0.0, 1.0]
    assert 0.8 < alike.likeness < 1
    adjudicate(store, two, EVE, ballot("alike", HARMFUL), NOW)
    assert [(one.outcome, one.adjudicated) for one in like_mine(store)] == [("not drawn", None), ("adjudicated", 1.0)]


def test_the_order_of_words_is_no_matter_and_other_texts_are_left_out(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    add(store, "turned", " ".join(reversed(LOCK.split())), content_hash="h2")
    add(store, "other", "What is tide?", "The sea rising and falling.", content_hash="h3")
    add(store, "unreviewed", LOCK, content_hash="h4")
    for name in ("turned", "other"):
        cast(store, two, ANN, ballot(name), NOW)
    assert [one.triple_id for one in like_mine(store)] == ["turned"]


def test_a_case_without_texts_is_like_none(store: Store, tmp_path: Path) -> None:
    cast(store, asking_for(2, tmp_path), ANN, ballot("mine"), NOW)
    add(store, "empty", "", "")
    assert similar_cases(store.connection, "empty", 2) == []


def test_decided_ones_come_before_those_that_are_open(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    for at in range(7):
        add(store, f"case-{at}", f"{LOCK} {'really ' * at}", content_hash=f"x{at}")
        cast(store, two, ANN, ballot(f"case-{at}"), NOW)
    cast(store, two, BOB, ballot("case-2"), NOW)
    found = like_mine(store)
    assert (found[0].triple_id, found[0].outcome, len(found)) == ("case-2", "unanimous", 5)
