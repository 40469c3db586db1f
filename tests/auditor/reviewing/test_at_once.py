"""Many people at a time on one file, each in a thread with a connection of its own, as in the service."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from auditor.access.person import Person, Role, person_with
from auditor.errors import VoteConflicts
from auditor.reviewing.deciding import adjudicate, cast, withdraw
from auditor.reviewing.leases import Wish, take_next
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import read_all
from tests.auditor.reviewing.seeded import HALF, HARMFUL, NOW, SAFE, asking_for, ballot, fill, later

PEOPLE = [person_with(f"person-{at}", [Role.EXPERT]) for at in range(8)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "a.duckdb")) as opened:
        yield fill(opened, 4)


def at_once(store: Store, act: Callable[[Store, Person], Review | None], people: list[Person]) -> list[Review]:
    """What came of an act of all these people, who begin together; a conflict is nothing."""
    start = Barrier(len(people))

    def one(person: Person) -> Review | None:
        with store.aside() as mine:
            start.wait()
            try:
                return act(mine, person)
            except VoteConflicts:
                return None

    with ThreadPoolExecutor(len(people)) as threads:
        return [kept for kept in threads.map(one, people) if kept]


def test_no_more_votes_are_kept_than_are_asked_for(store: Store, tmp_path: Path) -> None:
    three = asking_for(3, tmp_path)
    kept = at_once(store, lambda mine, person: cast(mine, three, person, ballot("urgent-0"), NOW), PEOPLE)
    assert len(kept) == 3
    assert {one.id for one in read_all(store)} == {one.id for one in kept}


def test_a_person_in_many_windows_votes_once(store: Store, tmp_path: Path) -> None:
    three, ann = asking_for(3, tmp_path), [person_with(name, [Role.REVIEWER]) for name in ("ann", "Ann", "ANN") * 2]
    kept = at_once(store, lambda mine, person: cast(mine, three, person, ballot("urgent-0"), NOW), ann)
    assert len(kept) == len(read_all(store)) == 1


def test_a_request_that_is_sent_many_times_at_once_is_one_vote_for_all(store: Store, tmp_path: Path) -> None:
    three, again = asking_for(3, tmp_path), ballot("urgent-0", HALF, key="k")
    kept = at_once(store, lambda mine, person: cast(mine, three, person, again, NOW), PEOPLE[:1] * 6)
    assert len(kept) == 6
    assert {one.id for one in kept} == {one.id for one in read_all(store)}
    assert len(read_all(store)) == 1


def test_one_expert_decides(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    for person, vote in zip(PEOPLE[:2], (SAFE, HARMFUL), strict=True):
        cast(store, two, person, ballot("urgent-0", vote), NOW)
    kept = at_once(store, lambda mine, person: adjudicate(mine, two, person, ballot("urgent-0", HALF), NOW), PEOPLE)
    assert len(kept) == 1


def test_a_vote_is_taken_back_once(store: Store, tmp_path: Path) -> None:
    two = asking_for(2, tmp_path)
    vote = cast(store, two, PEOPLE[0], ballot("urgent-0"), NOW)
    kept = at_once(store, lambda mine, person: withdraw(mine, person, vote.id, later(5)), PEOPLE[:1] * 6)
    assert [one.withdrawn for one in kept] == [True] * 6
    assert store.connection.execute("SELECT count(*) FROM withdrawals").fetchall() == [(1,)]


def test_a_queue_that_all_work_off_together_is_worked_off_whole(store: Store, tmp_path: Path) -> None:
    """12 cases x 2 votes: each is given to two people, none of whom is told that the work was for nothing."""
    two = asking_for(2, tmp_path)
    acknowledged: list[str] = []

    def work(mine: Store, person: Person) -> None:
        while taken := take_next(mine, two, person, Wish(), NOW):
            acknowledged.append(cast(mine, two, person, ballot(taken.due.triple_id), NOW).id)

    start = Barrier(len(PEOPLE))

    def begin(person: Person) -> None:
        with store.aside() as mine:
            start.wait()
            work(mine, person)

    with ThreadPoolExecutor(len(PEOPLE)) as threads:
        list(threads.map(begin, PEOPLE))
    kept = read_all(store)
    assert Counter(one.triple_id for one in kept) == dict.fromkeys({one.triple_id for one in kept}, 2)
    assert len({one.triple_id for one in kept}) == 12
    assert sorted(one.id for one in kept) == sorted(acknowledged)
    assert len({(one.triple_id, one.reviewer) for one in kept}) == 24
