"""What people see of the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from auditor.access.person import Person, Role, person_with
from auditor.access.sight import OF_TENANTS, current_database, may_see, narrow
from auditor.reviewing.deciding import withdraw
from auditor.reviews import Review
from auditor.store import Store
from auditor.store_reviews import add_reviews, read_all
from auditor.verdict import Judgment
from tests.reports.seed import judged, seed

NIGHT = [judged(0, 0.9), judged(1, 0.2), judged(2, 0.7, tenant="o'hara's")]
NOW = datetime(2026, 3, 3, tzinfo=UTC)
ONE, TWO, FOREIGN = (triple.id for triple, _ in NIGHT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "a database.db")) as opened:
        seed(opened, NIGHT, rejected=1, gaps=2)
        yield opened


def seen_by(store: Store, person: Person, now: datetime = NOW) -> Store:
    other = store.aside()
    narrow(other, person, 2, now)
    return other


def count(store: Store, table: str) -> int:
    ((found,),) = store.connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
    return int(found)


def vote(store: Store, triple_id: str, reviewer: str, now: datetime) -> None:
    add_reviews(store, [Review(triple_id, reviewer, Judgment.HARMFUL, None, None, now)], now)


def test_who_sees_all_tenants_sees_all_rows(store: Store) -> None:
    seen = seen_by(store, person_with("Vera", [Role.VIEWER]))
    assert {table: count(seen, table) for table in OF_TENANTS} == {table: count(store, table) for table in OF_TENANTS}


def test_who_sees_one_tenant_sees_its_rows_alone(store: Store) -> None:
    seen = seen_by(store, person_with("Vera", [Role.VIEWER], ["o'hara's"]))
    assert seen.connection.execute("SELECT id FROM triples").fetchall() == [(FOREIGN,)]
    assert seen.connection.execute("SELECT triple_id FROM verdicts").fetchall() == [(FOREIGN,)]
    assert seen.connection.execute("SELECT triple_ids FROM outcomes").fetchall() == [([FOREIGN],)]
    assert {count(seen, table) for table in ("dead_letters", "gaps", "positions", "events")} == {0}
    assert count(store, "triples") == 3  # other connections are as they were


def test_who_sees_no_tenant_sees_nothing(store: Store) -> None:
    seen = seen_by(store, person_with("Vera", [Role.VIEWER], []))
    assert {count(seen, table) for table in OF_TENANTS} == {0}


def test_each_table_with_a_triple_or_a_tenant_is_narrowed(store: Store) -> None:
    """A table that comes later and names triples or tenants has to be in OF_TENANTS, or to be excused here."""
    query = """
        SELECT DISTINCT table_name FROM duckdb_columns() WHERE database_name = ? AND NOT internal
        AND column_name IN ('tenant', 'triple_id', 'triple_ids', 'source', 'value')
        AND table_name IN (SELECT table_name FROM duckdb_tables())"""
    named = {name for (name,) in store.connection.execute(query, [current_database(store)]).fetchall()}
    assert named - OF_TENANTS.keys() <= {"golden_scores"}  # cases of ours, of no tenant


def test_votes_of_others_on_an_open_case_are_hidden_from_who_may_vote(store: Store, now: datetime) -> None:
    reviewer = person_with("rita", [Role.REVIEWER])
    vote(store, ONE, "Ada", now)
    assert [one.triple_id for one in read_all(seen_by(store, reviewer))] == []
    assert [one.triple_id for one in read_all(seen_by(store, person_with("Vera", [Role.VIEWER])))] == [ONE]
    details = "SELECT details FROM events WHERE kind = 'review.voted'"
    assert seen_by(store, reviewer).connection.execute(details).fetchall() == [("{}",)]
    vote(store, ONE, "Rita", now)
    assert len(read_all(seen_by(store, reviewer))) == 2
    vote(store, TWO, "Ada", now)
    assert len(read_all(seen_by(store, reviewer))) == 2
    vote(store, TWO, "Bert", now)  # two close it
    assert len(read_all(seen_by(store, reviewer))) == 4


def test_votes_of_others_are_hidden_while_ones_own_can_be_taken_back(store: Store, now: datetime) -> None:
    for name in ("Ada", "Rita"):
        vote(store, ONE, name, now)
    reviewer = person_with("rita", [Role.REVIEWER])
    for seconds, names in ((60, ["Rita"]), (61, ["Ada", "Rita"])):
        seen = read_all(seen_by(store, reviewer, now + timedelta(seconds=seconds)))
        assert sorted(one.reviewer for one in seen) == names


def test_a_vote_that_was_taken_back_closes_nothing_and_opens_nothing(store: Store, now: datetime) -> None:
    reviewer, other = person_with("rita", [Role.REVIEWER]), person_with("Bert", [Role.REVIEWER])
    for name in ("Ada", "Bert"):
        vote(store, ONE, name, now)
    (taken_back,) = (one for one in read_all(store) if one.reviewer == "Bert")
    withdraw(store, other, taken_back.id, now)
    assert read_all(seen_by(store, reviewer)) == []


def test_a_case_of_another_tenant_may_not_be_seen(store: Store) -> None:
    person = person_with("Rita", [Role.REVIEWER], ["harbor-bank"])
    assert may_see(store, person, ONE)
    assert not may_see(store, person, FOREIGN)
    assert not may_see(store, person, "of no case")


def test_a_narrowed_connection_cannot_write_what_it_narrows(store: Store) -> None:
    seen = seen_by(store, person_with("Rita", [Role.REVIEWER]))
    with pytest.raises(duckdb.BinderException, match="Can only delete from base table"):
        seen.connection.execute("DELETE FROM reviews")


def test_what_is_shown_to_anybody_who_may_vote_shows_no_vote_that_could_sway_one_of_them(store: Store) -> None:
    """A report that is made once for all of them: nobody's own vote opens a case, and anybody's fresh one closes it."""

    def shown(now: datetime) -> list[str]:
        other = store.aside()
        narrow(other, person_with("", [Role.REVIEWER]), 2, now, anybody=True)
        return [one.reviewer for one in read_all(other)]

    vote(store, ONE, "Ada", NOW)
    assert shown(NOW + timedelta(hours=1)) == []
    vote(store, ONE, "Ben", NOW + timedelta(hours=2))
    assert shown(NOW + timedelta(hours=2, seconds=59)) == []
    assert shown(NOW + timedelta(hours=3)) == ["Ada", "Ben"]
