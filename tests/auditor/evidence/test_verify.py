# ruff: noqa: S608 - made of the names of our own tables
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

import duckdb
import pytest

from auditor.evidence.findings import Bad, Checked
from auditor.evidence.store_leaves import leaf_sql, said_sql, sealed_tables
from auditor.evidence.store_seals import release
from auditor.evidence.verify import Beside, verify
from auditor.migrate import apply, known_migrations
from auditor.store import Store
from tests.auditor.evidence.filled import config_for, fill
from tests.auditor.evidence.tampering import beside, unnoticed

N_EDITS = 40


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with rows in all tables of evidence, and what lies beside it."""
    path = tmp_path_factory.mktemp("made") / "made.duckdb"
    with Store.open(str(path)) as store:
        fill(store, config_for(path))
    return path


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of it."""
    shutil.copytree(made.parent, tmp_path, dirs_exist_ok=True)
    with Store.open(str(tmp_path / made.name)) as opened:
        yield opened


def bad(made: Path, store: Store) -> Bad | None:
    return verify(store.connection, beside(made, store), Checked())


def test_what_was_stored_verifies_and_every_table_was_looked_at(made: Path, store: Store) -> None:
    checked = Checked()
    assert verify(store.connection, beside(made, store), checked) is None
    assert checked.rows.keys() == set(sealed_tables(store.connection))
    assert all(checked.rows.values())
    assert (checked.released, checked.checkpoints, checked.outside, checked.since_checkpoint) == (2, 2, 2, 0)
    assert checked.images == 8


def test_random_edits_are_all_noticed(made: Path) -> None:
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    assert unnoticed(made, N_EDITS, seed) == []


def change(store: Store, statement: str) -> None:
    store.connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "named", "says"),
    [
        ("UPDATE verdicts SET risk = 0 WHERE triple_id = 't003'", ("verdicts", "t003 r1 p1"), "does not say what was"),
        ("DELETE FROM reviews WHERE triple_id = 't002'", ("reviews", ""), "1 of 4 rows are missing"),
        ("INSERT INTO gaps SELECT * FROM gaps LIMIT 1", ("gaps", ""), "1 of 1 rows are too many"),
        (
            "INSERT INTO runs SELECT * EXCLUDE (batch, salt, leaf), NULL, NULL, NULL FROM runs LIMIT 1",
            ("runs", ""),
            "no seal",
        ),
        ("DELETE FROM strata", ("strata", ""), "all 3 of its rows are gone"),
        ("DELETE FROM events WHERE seq = 3", ("events", "3"), "is missing; the next one is 4"),
        ("UPDATE events SET actor = 'x' WHERE seq = 3", ("events", "3"), "is not what was written"),
        ("DELETE FROM checkpoints WHERE seq = 3", ("checkpoints", "3"), "is missing"),
        ("UPDATE checkpoints SET signature = 'ab' WHERE seq = 3", ("checkpoints", "3"), "its signature is not good"),
    ],
)
def test_the_first_bad_row_is_named(
    made: Path, store: Store, statement: str, named: tuple[str, str], says: str
) -> None:
    change(store, statement)
    found, (table, key) = bad(made, store), named
    assert found
    assert (found.table, found.key.startswith(key), says in found.what) == (table, True, True), found


def test_a_trail_that_was_cut_lacks_what_the_file_outside_has(made: Path, store: Store) -> None:
    tables = sealed_tables(store.connection)
    ((first,),) = store.connection.execute("SELECT max(batch) FROM draws").fetchall()
    for table in tables:
        change(store, f"DELETE FROM {table} WHERE batch >= {first}")
    for table, column in (("released", "by_batch"), ("checkpoints", "seq"), ("events", "seq")):
        change(store, f"DELETE FROM {table} WHERE {column} >= {first}")
    found = bad(made, store)
    assert found
    assert (found.table, found.what) == ("file", "is a checkpoint that the database does not have")


def test_an_image_that_is_gone_or_another_is_named(made: Path, store: Store) -> None:
    ((sha256,),) = store.connection.execute("SELECT max(sha256) FROM images").fetchall()
    path = Path(str(store.blobs.path(sha256)))
    data = path.read_bytes()
    path.write_bytes(data + b" ")
    found = bad(made, store)
    assert found
    assert found.what == f"the file of {sha256} holds something else"
    path.unlink()
    found = bad(made, store)
    assert found
    assert found.what == f"the file of {sha256} is missing"


def test_texts_can_be_erased_on_purpose_and_the_trail_still_verifies(made: Path, store: Store) -> None:
    one = {"id": "t003"}
    with store.transaction():
        assert release(store, "triples", "id = $id", one) == 1
        store.connection.execute(
            "UPDATE triples SET question = NULL, thinking = NULL, answer = NULL, tool_calls = [] WHERE id = $id", one
        )
        assert release(store, "reviews", "triple_id = $id", one) == 1
        store.connection.execute("DELETE FROM reviews WHERE triple_id = $id", one)
    assert bad(made, store) is None
    kept = store.connection.execute("SELECT table_name, count(*) FROM released GROUP BY ALL ORDER BY ALL").fetchall()
    assert kept == [("dead_letters", 1), ("outcomes", 1), ("reviews", 1), ("triples", 1)]
    change(store, "UPDATE triples SET question = 'what was never asked' WHERE id = 't003'")
    found = bad(made, store)
    assert found
    assert (found.table, found.key, found.what) == ("triples", "t003", "does not say what was stored")


def release_and_fail(store: Store) -> None:
    with store.transaction():
        release(store, "triples", "true")
        change(store, "DELETE FROM nothing")


def test_what_is_undone_leaves_nothing(made: Path, store: Store) -> None:
    before = store.connection.execute("SELECT count(*) FROM events").fetchall()
    with pytest.raises(duckdb.CatalogException):
        release_and_fail(store)
    assert store.connection.execute("SELECT count(*) FROM events").fetchall() == before
    assert bad(made, store) is None


def test_a_leaf_is_what_the_docs_say(store: Store) -> None:
    """Pinned: a DuckDB that writes a value differently would make every stored leaf look wrong.

    sha256("gaps 7 0102 " + the row as JSON, keys sorted, NULLs left out).
    """
    connection = store.connection
    connection.execute(
        "CREATE TABLE odd AS SELECT 0.1::DOUBLE + 0.2::DOUBLE AS b, NULL::INTEGER AS a, 1e22::DOUBLE AS c, "
        "TIMESTAMP '2026-01-02 03:04:05.678901' AS d, 'é\"\\' || chr(0) AS e, '\\x00\\xFF'::BLOB AS f, "
        "['x', NULL] AS g, MAP {'k': 1e-7::DOUBLE} AS h, [{'n': 'x', 'm': NULL}] AS i, "
        "DATE '2026-01-02' AS j, true AS k, 'nan'::DOUBLE AS l, 7::BIGINT AS batch, "
        "'\\x01\\x02'::BLOB AS salt, NULL::BLOB AS leaf"
    )
    said = (
        '{"b":0.30000000000000004,"c":1e22,"d":"2026-01-02 03:04:05.678901","e":"é\\"\\\\\\u0000","f":"AP8=",'
        '"g":["x",null],"h":{"k":1e-7},"i":[{"n":"x","m":null}],"j":"2026-01-02","k":true,"l":NaN}'
    )
    sql = said_sql(connection, "odd")
    assert connection.execute(f"SELECT {sql}, {leaf_sql('odd', sql)} FROM odd").fetchall() == [
        (said, hashlib.sha256(f"odd 7 0102 {said}".encode()).digest())
    ]


def test_a_row_of_before_is_sealed_when_the_tables_come(tmp_path: Path, made: Path) -> None:
    """An older database: its rows become batch 0."""
    path = tmp_path / "old.duckdb"
    whole = known_migrations()
    connection = duckdb.connect(str(path))
    older = {number: sql for number, sql in whole.items() if number < 62}
    connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TIMESTAMP)")
    for number in sorted(older):
        apply(connection, number, older[number])
    connection.execute("INSERT INTO gaps SELECT 'a', 0, range, range, 'r', TIMESTAMP '2026-01-01' FROM range(3000)")
    connection.close()
    with Store.open(str(path)) as store:
        checked = Checked()
        assert verify(store.connection, Beside({}, None, None), checked) is None
        assert (checked.events, checked.rows["gaps"]) == (1, 3000)
        change(store, "UPDATE gaps SET reason = 'x' WHERE first_offset = 2999")
        found = verify(store.connection, Beside({}, None, None), Checked())
        assert found == Bad("gaps", "a 0 2999", 0, "does not say what was stored")


def test_a_new_database_has_an_empty_trail(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "new.duckdb")) as store:
        checked = Checked()
        assert verify(store.connection, Beside({}, None, store.blobs), checked) is None
        assert checked.events == 0
