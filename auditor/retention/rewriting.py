"""The database file written anew: what was deleted lies in free blocks of the old file, and is nowhere in the new one.

    settled ──read only──▶ copied beside ──compared──▶ synced ──renamed──▶ the file

1. The file is opened, checkpointed and closed, so that all of it is in the file and none in its log (WAL).
2. It is opened for reading alone, which keeps every other process from writing, and copied to a file beside it.
3. The copy is compared with it: tables, columns, constraints, indexes, views, sequences, and a sum over all rows.
4. What was to be done is struck off in the copy, with an event. The copy is synced, and takes the name.

Killed anywhere before the rename, the old file is whole and says that it is still to be written anew; after it the new
one is whole, and says that it was. A copy that nobody finished is deleted by the next one.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from auditor.errors import NotRewritten, StoreLocked
from auditor.evidence.events import SYSTEM, Deed, append_event
from auditor.files import sync_folder
from auditor.store import MEMORY, connect
from auditor.verdict_rows import utc

REWRITTEN = "file.rewritten"
BESIDE, COPY = ".anew", "copy"
PATIENCE_S = 30.0  # a process that opened the file in between, to ask something, has it for a moment
LOOK_AGAIN_S = 0.1

# What makes a database, apart from its rows.
SHAPES = {
    "tables": "SELECT schema_name, table_name, sql FROM duckdb_tables()",
    "columns": "SELECT schema_name, table_name, column_name, column_index, column_default, is_nullable, data_type "
    "FROM duckdb_columns()",
    "constraints": "SELECT schema_name, table_name, constraint_type, constraint_text FROM duckdb_constraints()",
    "indexes": "SELECT schema_name, table_name, index_name, is_unique, sql FROM duckdb_indexes()",
    "views": "SELECT schema_name, view_name, sql FROM duckdb_views()",
    "sequences": "SELECT schema_name, sequence_name, start_value, increment_by, last_value FROM duckdb_sequences()",
    "macros": "SELECT schema_name, function_name, macro_definition FROM duckdb_functions()",
    "types": "SELECT schema_name, type_name, logical_type FROM duckdb_types()",
}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file that was written anew: its size before and after."""

    bytes_before: int
    bytes_after: int
    seconds: float


def is_due(connection: duckdb.DuckDBPyConnection, rewrite_days: int, now: datetime) -> bool:
    """Whether the file is to be written anew: at once after an erasure, after so many days at most else."""
    query = "SELECT 1 FROM rewrite_due WHERE why = 'erasure' OR since <= ? LIMIT 1"
    return bool(connection.execute(query, [utc(now - timedelta(days=rewrite_days))]).fetchall())


def rewrite(path: str, patience_s: float = PATIENCE_S) -> Rewritten | None:
    """Write a database file anew; nobody in this process may have it open. None where it is in memory.

    Raises:
        StoreLocked: another process has the file open, and does not let go of it.
        NotRewritten: it could not be; the file is as it was.
    """
    if path == MEMORY:
        return None
    began, file = time.monotonic(), Path(path).resolve()
    before = file.stat()
    check_room(file)
    try:
        with read_only(file, patience_s) as connection, room_beside(file) as fresh:
            copied(connection, fresh)
            fresh.chmod(before.st_mode & 0o7777)
            sync(fresh)
            fresh.rename(file)
            sync_folder(file.parent)
    except (duckdb.IOException, OSError) as error:
        raise NotRewritten(str(path), str(error).partition("\n")[0]) from None
    except duckdb.Error as error:
        raise NotRewritten(str(path), type(error).__name__) from None  # its words may quote a row
    return Rewritten(before.st_size, file.stat().st_size, time.monotonic() - began)


def beside(file: Path) -> Path:
    """The folder in which the copy is made."""
    return Path(f"{file}{BESIDE}")


@contextmanager
def room_beside(file: Path) -> Iterator[Path]:
    """Where the copy is made, in a folder that nobody else can look into; nothing of it is left afterwards."""
    folder = beside(file)
    folder.mkdir(mode=0o700)
    try:
        yield folder / COPY
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_room(file: Path) -> None:
    """Refuse what the disk has no room for.

    Raises:
        NotRewritten: it has not.
    """
    needed, free = file.stat().st_size, shutil.disk_usage(file.parent).free
    if free < needed:
        raise NotRewritten(str(file), f"it needs {needed} bytes beside it, and {free} are free")


@contextmanager
def read_only(file: Path, patience_s: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that has the settled file as `old`; while the context lasts no process can write it."""
    deadline = time.monotonic() + patience_s
    with duckdb.connect(MEMORY) as connection:
        connection.execute(f"SET temp_directory = {quoted(str(beside(file) / 'spilled'))}")
        while True:
            try:
                settle(file)
                connection.execute(f"ATTACH {quoted(str(file))} AS old (READ_ONLY)")
                if not log_of(file).exists():
                    break
                connection.execute("DETACH old")  # somebody wrote in between
            except StoreLocked:
                if time.monotonic() > deadline:
                    raise
            except duckdb.Error as error:
                if time.monotonic() > deadline:
                    raise NotRewritten(str(file), type(error).__name__) from None
            time.sleep(LOOK_AGAIN_S)
        yield connection


def settle(file: Path) -> None:
    """Have all that is in the log of the file in the file itself; and nothing beside it that a killed process left."""
    with connect(str(file)) as connection:
        connection.execute("FORCE CHECKPOINT")
        shutil.rmtree(beside(file), ignore_errors=True)
        shutil.rmtree(f"{file}.tmp", ignore_errors=True)


def log_of(file: Path) -> Path:
    """The log (WAL) of a database file."""
    return Path(f"{file}.wal")


def copied(connection: duckdb.DuckDBPyConnection, fresh: Path) -> None:
    """Copy `old` into a file, and strike off there that this was to be done.

    Raises:
        NotRewritten: the copy is not the same.
    """
    connection.execute(f"ATTACH {quoted(str(fresh))} AS fresh")
    connection.execute("COPY FROM DATABASE old TO fresh")
    check_same(connection, fresh)
    connection.execute("USE fresh")
    connection.begin()
    ((n,),) = connection.execute("SELECT count(*) FROM rewrite_due").fetchall()
    connection.execute("DELETE FROM rewrite_due")
    append_event(connection, Deed(REWRITTEN, SYSTEM, "", {"for": n}, datetime.now(UTC)))
    connection.commit()
    connection.execute("USE memory")
    connection.execute("CHECKPOINT fresh")
    connection.execute("DETACH fresh")
    if log_of(fresh).exists():
        raise NotRewritten(str(fresh), "its log is still there")


def check_same(connection: duckdb.DuckDBPyConnection, fresh: Path) -> None:
    """Compare the copy with what it was made of.

    Raises:
        NotRewritten: they differ.
    """
    for what, query in SHAPES.items():
        old, new = (shape(connection, query, name) for name in ("old", "fresh"))
        if old != new:
            raise NotRewritten(str(fresh), f"the {what} of the copy are others")
    for schema, table, *_ in shape(connection, SHAPES["tables"], "old"):
        old, new = (sum_of(connection, f'{name}."{schema}"."{table}"') for name in ("old", "fresh"))
        if old != new:
            raise NotRewritten(str(fresh), f"the rows of {table} in the copy are others")


def shape(connection: duckdb.DuckDBPyConnection, query: str, name: str) -> list[tuple[object, ...]]:
    """One part of what makes a database, in an order of its own."""
    rows = connection.execute(f"{query} WHERE database_name = ?", [name]).fetchall()
    return sorted(rows, key=str)


def sum_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[object, ...]]:
    """How many rows a table has, and a sum over all that they say, in whichever order."""
    query = f"SELECT count(*), sum(hash(t)::HUGEINT), bit_xor(hash(t)) FROM {table} t"  # noqa: S608 - our own names
    return connection.execute(query).fetchall()


def sync(file: Path) -> None:
    """Have what was written to a file survive a power cut."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def quoted(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"
