"""What verification asks of the database."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

import duckdb

from auditor.evidence.events import Event
from auditor.evidence.store_leaves import leaf_runs, leaf_sql, said_sql

AT_A_TIME = 10_000

# The columns that name a row to people; of other tables all that come first.
KEYS = {
    "outcomes": ("source", "partition", "offset"),
    "dead_letters": ("source", "partition", "offset"),
    "sink_rejects": ("source", "partition", "offset"),
    "gaps": ("source", "partition", "first_offset"),
    "triples": ("id",),
    "images": ("triple_id", "place"),
    "verdicts": ("triple_id", "model_revision", "prompt_hash", "decoding"),
    "runs": ("run_id",),
    "reviews": ("id",),
    "withdrawals": ("review_id",),
    "calibrations": ("id",),
    "policies": ("number",),
    "policy_decisions": ("number",),
    "promotions": ("number",),
    "promotion_decisions": ("number",),
    "draws": ("day", "triple_id"),
    "strata": ("day", "stratum"),
    "holds": ("id",),
    "erasures": ("id", "digest", "triple_id"),
    "annotations": ("triple_id", "judge"),
    "locked_cases": ("triple_id",),
    "asked_cases": ("triple_id",),
    "training_items": ("run_id", "triple_id"),
}
N_KEYS = 2

EVENTS = 'SELECT seq, "at", actor, kind, subject, details, previous, hash FROM events WHERE seq > ? ORDER BY seq'
RELEASED_LEAVES = """
    SELECT by_batch AS batch, CASE WHEN octet_length(leaf) = 32 THEN leaf END AS leaf
    FROM released WHERE table_name = '{table}' ORDER BY by_batch, leaf
"""
LEAVES = """
    SELECT batch, CASE WHEN {is_good} THEN leaf END AS leaf FROM {table}
    UNION ALL
    SELECT batch, CASE WHEN octet_length(leaf) = 32 THEN leaf END FROM released WHERE table_name = '{table}'
    ORDER BY batch, leaf
"""


def events(connection: duckdb.DuckDBPyConnection, after: int = 0) -> Iterator[tuple[Event, str]]:
    """Each event behind that number with the hash that stands beside it, in order."""
    cursor = connection.execute(EVENTS, [after])
    while rows := cursor.fetchmany(AT_A_TIME):
        for seq, at, *told, stands in rows:
            yield Event(seq, at.replace(tzinfo=UTC), *told), stands


def key_columns(connection: duckdb.DuckDBPyConnection, table: str) -> Sequence[str]:
    """The columns that name a row of a table."""
    names = connection.table(table).columns
    known = [name for name in KEYS.get(table, ()) if name in names]
    return known or names[:N_KEYS]


def is_good(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL of whether a row of a table has the leaf of what it says."""
    leaf = leaf_sql(table, said_sql(connection, table))
    return f"batch IS NOT NULL AND salt IS NOT NULL AND leaf IS NOT DISTINCT FROM {leaf}"


def leaves(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[tuple[int, memoryview | None]]:
    """The leaves of each batch, also of rows that were released, in runs; None where a row has not the leaf it should.

    See `leaf_runs`.
    """
    return leaf_runs(connection, LEAVES.format(table=table, is_good=is_good(connection, table)))


def first_bad_row(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, int | None, bool] | None:
    """The first row whose leaf is not what the row says: its key, its batch, and whether it has a seal at all.

    None where all are good; then a leaf among those that were released is none.
    """
    key = ", ".join(f'"{name}"' for name in key_columns(connection, table))
    query = f"""
        SELECT {key}, batch, batch IS NOT NULL AND salt IS NOT NULL AND leaf IS NOT NULL FROM {table}
        WHERE NOT ({is_good(connection, table)}) ORDER BY batch, rowid LIMIT 1"""  # noqa: S608 - our own names
    row = connection.execute(query).fetchone()
    return row and (" ".join(map(str, row[:-2])), row[-2], row[-1])


def released_leaves(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[tuple[int, memoryview | None]]:
    """The leaves that each batch released, in runs; None where one cannot be a leaf."""
    return leaf_runs(connection, RELEASED_LEAVES.format(table=table))


def released_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables that rows were released of, by what the database says."""
    return [name for (name,) in connection.execute("SELECT DISTINCT table_name FROM released ORDER BY 1").fetchall()]


def head_hashes(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Of each event that has a checkpoint, the hash that stands beside it."""
    query = "SELECT seq, hash FROM events JOIN (SELECT seq FROM checkpoints) USING (seq)"
    return dict(connection.execute(query).fetchall())


def hash_of(connection: duckdb.DuckDBPyConnection, seq: int) -> str | None:
    """The hash that stands beside an event; None where there is none of that number."""
    found = connection.execute("SELECT hash FROM events WHERE seq = ?", [seq]).fetchone()
    return found[0] if found else None


def numbers_of(connection: duckdb.DuckDBPyConnection, kind: str, upto: int) -> set[int]:
    """The events of a kind up to that number."""
    query = "SELECT seq FROM events WHERE kind = ? AND seq <= ?"
    return {seq for (seq,) in connection.execute(query, [kind, upto]).fetchall()}


def last_event(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the newest event; 0 where there is none."""
    ((last,),) = connection.execute("SELECT max(seq) FROM events").fetchall()
    return last or 0


def image_hashes(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str, int]]:
    """Each stored image once: its hash, and one triple and batch that it is of."""
    query = """
        SELECT sha256, min(triple_id), arg_min(batch, triple_id) FROM images WHERE sha256 IS NOT NULL
        GROUP BY sha256 ORDER BY sha256"""
    result: Any = connection.execute(query)
    while rows := result.fetchmany(AT_A_TIME):
        yield from rows
