"""Everything that the tables hold of some triples: deleted, or emptied of what was said.

A table is found by its columns: `triple_id` names the case that a row is on, `review_id` the vote. So what is added
later is found as well.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from auditor.evidence.store_leaves import sealed_tables
from auditor.evidence.store_seals import release
from auditor.store import Store
from auditor.verdict_rows import utc

# The list of them; and what trainings learned from, so that it can be told which guards know what was erased. No texts.
KEPT = ("erasures", "training_items")

TABLES = """
    SELECT DISTINCT c.table_name FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, table_name)
    WHERE c.column_name = ? AND c.database_name = current_database() AND NOT t.internal AND NOT t.temporary
    ORDER BY 1
"""


def tables_with(store: Store, column: str) -> list[str]:
    """The tables that have such a column."""
    return [name for (name,) in store.connection.execute(TABLES, [column]).fetchall() if name not in KEPT]


@contextmanager
def these(store: Store, ids: Sequence[str]) -> Iterator[str]:
    """Statements have these ids as the column `id` of a table of that name."""
    name = f"these_{secrets.token_hex(4)}"
    store.connection.execute(f"CREATE TEMP TABLE {name} AS SELECT unnest(?::VARCHAR[]) AS id", [list(ids)])
    try:
        yield name
    finally:
        store.connection.execute(f"DROP TABLE {name}")


def delete_all_of(store: Store, ids: str) -> dict[str, int]:
    """Delete all rows that are on these triples, and their own, in the open transaction; gives how many of each table.

    The outcomes of their records stay, with the ids of the triples: they are the ledger.

    Args:
        store: in a transaction.
        ids: the name of a table of `these`.
    """
    on_votes = f"review_id IN (SELECT id FROM reviews WHERE triple_id IN (FROM {ids}))"  # noqa: S608 - our own names
    found = {table: delete(store, table, on_votes) for table in tables_with(store, "review_id")}
    for table in tables_with(store, "triple_id"):
        found[table] = found.get(table, 0) + delete(store, table, f"triple_id IN (FROM {ids})")
    return found | {"triples": delete(store, "triples", f"id IN (FROM {ids})")}


def delete(store: Store, table: str, where: str) -> int:
    """Delete rows, in the open transaction; those that are evidence are let go of first."""
    if table in sealed_tables(store.connection):
        release(store, table, where)
    return len(store.connection.execute(f"DELETE FROM {table} WHERE {where} RETURNING 1").fetchall())  # noqa: S608


def change(store: Store, table: str, where: str, statement: str, now: datetime) -> int:
    """Change rows of evidence on purpose, in the open transaction; gives how many."""
    n = release(store, table, where)
    if n:
        store.connection.execute(statement.format(where=where), {"now": utc(now)} if "$now" in statement else None)
    return n


def note_images(store: Store, ids: str, now: datetime) -> int:
    """Have the image files of these triples deleted that no other triple shows; gives how many may be."""
    query = f"""
        INSERT INTO blobs_due SELECT DISTINCT sha256, $now::TIMESTAMP FROM images
        WHERE sha256 IS NOT NULL AND triple_id IN (FROM {ids}) RETURNING 1"""  # noqa: S608 - our own name
    return len(store.connection.execute(query, {"now": utc(now)}).fetchall())
