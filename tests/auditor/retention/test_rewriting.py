"""A database file written anew: the same in all that it says, with nothing of what was deleted."""

import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from auditor.errors import NotRewritten, StoreLocked
from auditor.retention import rewriting
from auditor.retention.rewriting import beside, is_due, rewrite
from auditor.store import MEMORY, Store
from tests.auditor.retention.planted_store import fill

CHANGES = """
    CREATE SEQUENCE numbers START 5;
    CREATE VIEW tenants AS SELECT DISTINCT tenant FROM triples;
    CREATE VIEW few AS FROM tenants LIMIT 1;
    CREATE MACRO twice(a) AS a * 2;
    CREATE INDEX by_tenant ON triples (tenant);
    INSERT INTO rewrite_due VALUES ('erasure', now()::TIMESTAMP);
"""
SECRET = b"what was said and is deleted"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "a.duckdb"
    with Store.open(str(path)) as store:
        fill(store, ["a", "b"])
        store.connection.execute(CHANGES)
        store.connection.execute("SELECT nextval('numbers')")
        store.connection.execute("UPDATE triples SET warnings = ['w']")
    return path


def shapes(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS one (READ_ONLY)")
        return {what: rewriting.shape(connection, query, "one") for what, query in rewriting.SHAPES.items()}


def sums(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {table: rewriting.sum_of(connection, f'"{table}"') for table in tables}


def test_it_is_the_same_file_but_for_what_was_to_be_done(db: Path) -> None:
    shape, rows = shapes(db), sums(db)
    done = rewrite(str(db))
    assert done
    assert shapes(db) == shape
    now = sums(db)
    assert {table for table in rows if now[table] != rows[table]} == {"rewrite_due", "events"}
    with Store.open(str(db)) as store:
        assert not is_due(store.connection, 0, datetime.now(UTC))
        assert store.connection.execute("SELECT nextval('numbers'), twice(4), tenant FROM few").fetchall() == [
            (6, 8, "north")
        ]
    assert sorted(path.name for path in db.parent.iterdir()) == ["a.duckdb", "a.duckdb.blobs"]


def test_what_was_deleted_is_in_no_block_of_it(db: Path) -> None:
    with Store.open(str(db)) as store:
        store.connection.execute(
            "CREATE TABLE notes AS SELECT ? || i AS note FROM range(50000) r(i)", [SECRET.decode()]
        )
        store.connection.execute("CHECKPOINT")
        store.connection.execute("DROP TABLE notes")
    rewrite(str(db))
    assert SECRET not in db.read_bytes()


def test_who_could_read_it_can_and_nobody_else(db: Path) -> None:
    db.chmod(0o640)
    rewrite(str(db))
    assert stat.S_IMODE(db.stat().st_mode) == 0o640


def test_a_link_stays_a_link(db: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.duckdb"
    link.symlink_to(db)
    rewrite(str(link))
    assert link.is_symlink()
    assert shapes(link)


def test_a_database_in_memory_has_no_file() -> None:
    assert rewrite(MEMORY) is None


def test_a_file_that_another_process_has_is_left_alone(db: Path) -> None:
    holding = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('has it', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", holding, str(db)], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"has it\n"
        before = db.read_bytes()
        with pytest.raises(StoreLocked):
            rewrite(str(db), patience_s=0.2)
        assert db.read_bytes() == before
        other.kill()


def test_a_file_that_this_process_has_open_is_left_alone(db: Path) -> None:
    with Store.open(str(db)), pytest.raises(NotRewritten):
        rewrite(str(db), patience_s=0.2)


def test_a_disk_without_room_for_it_is_said_first(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=5))
    before = db.read_bytes()
    with pytest.raises(NotRewritten, match="and 5 are free"):
        rewrite(str(db))
    assert db.read_bytes() == before


def test_a_copy_that_is_not_the_same_is_not_taken(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rewriting.check_same

    def meddling(connection: duckdb.DuckDBPyConnection, fresh: Path) -> None:
        connection.execute('DELETE FROM fresh.outcomes WHERE "offset" = 1')
        whole(connection, fresh)

    monkeypatch.setattr(rewriting, "check_same", meddling)
    before = sums(db)
    with pytest.raises(NotRewritten, match="the rows of outcomes in the copy are others"):
        rewrite(str(db))
    assert sums(db) == before
    assert not beside(db).exists()


DYING = """
import os, signal, sys
from auditor.retention import rewriting
name, path = sys.argv[1:]
whole = getattr(rewriting, name)
def dies(*arguments, **named):
    value = whole(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
    return value
setattr(rewriting, name, dies)
rewriting.rewrite(path)
"""


@pytest.mark.parametrize("point", ["settle", "check_same", "append_event", "copied", "sync", "sync_folder"])
def test_killed_at_any_point_the_old_file_or_the_new_is_whole_and_the_next_one_ends_it(db: Path, point: str) -> None:
    shape, rows = shapes(db), sums(db)
    died = subprocess.run([sys.executable, "-c", DYING, point, str(db)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert shapes(db) == shape
    assert {table for table in rows if sums(db)[table] != rows[table]} <= {"rewrite_due", "events"}
    with Store.open(str(db)) as store:
        due = is_due(store.connection, 0, datetime.now(UTC))
    assert due == (point != "sync_folder")
    rewrite(str(db))
    with Store.open(str(db)) as store:
        assert not is_due(store.connection, 0, datetime.now(UTC))
    assert sorted(path.name for path in db.parent.iterdir()) == ["a.duckdb", "a.duckdb.blobs"]
