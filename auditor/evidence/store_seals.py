"""Rows of evidence get their leaves as they are stored, and an event that commits to them in the same transaction.

All that a transaction stores is one batch. At its end an event "rows.stored" says, for each table, how many rows, and
the digest over their leaves; so a row that is changed, added or removed later no longer fits. A row that is changed or
deleted on purpose is released first: its old leaf is kept, and the event says so too.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from auditor.errors import StoreUnusable
from auditor.evidence.digest import Digest, digest_of
from auditor.evidence.events import SYSTEM, Deed, append_event
from auditor.evidence.store_leaves import SALT_BYTES, leaf_runs, leaf_sql, said_sql, salt_sql, sealed_tables

if TYPE_CHECKING:
    from auditor.store import Store

STORED, ADOPTED = "rows.stored", "rows.adopted"
OF_BEFORE = 0  # the batch of rows that were stored before there were leaves


@dataclass(slots=True)
class Seals:
    """What the open transaction of a store did to rows of evidence.

    Attributes:
        batch: its number; None while it did nothing.
        stored, released: leaves by table.
        marked: table to the number of its rows that were released and are sealed anew at the end, unless deleted.
        leaf_sql: by table; kept, since it is the same for each batch.
    """

    batch: int | None = None
    stored: dict[str, list[bytes]] = field(default_factory=dict)
    released: dict[str, list[bytes]] = field(default_factory=dict)
    marked: dict[str, int] = field(default_factory=dict)
    leaf_sql: dict[str, str] = field(default_factory=dict)

    def forget(self) -> None:
        """The transaction ended."""
        self.batch, self.stored, self.released, self.marked = None, {}, {}, {}


def with_salts(rows: pa.Table) -> pa.Table:
    """The rows with a salt for each."""
    random = pa.py_buffer(secrets.token_bytes(SALT_BYTES * len(rows)))
    salts = pa.FixedSizeBinaryArray.from_buffers(pa.binary(SALT_BYTES), len(rows), [None, random])
    return rows.append_column("salt", salts)


def insert_sealed(store: "Store", table: str, query: str, values: Mapping[str, Any] | None = None) -> int:
    """Store what a query gives as rows of evidence, in the open transaction; gives how many.

    Args:
        store: in a transaction.
        table: where the rows go, by the names of the query's columns.
        query: its columns are those of the table, and `salt`; all columns are there, so that no default comes between.
        values: of the query's parameters.
    """
    statement = f"""
        INSERT INTO {table} BY NAME SELECT *, {leaf_of(store, table)} AS leaf
        FROM (SELECT *, $batch::BIGINT AS batch FROM ({query})) RETURNING leaf"""  # noqa: S608 - our own names
    found = store.connection.execute(statement, {**(values or {}), "batch": batch_of(store)}).fetchall()
    store.seals.stored.setdefault(table, []).extend(leaf for (leaf,) in found)
    return len(found)


def insert_query(store: "Store", table: str, query: str, values: Mapping[str, Any] | None = None) -> int:
    """Store what a query gives as rows of evidence, in one transaction; gives how many.

    Args:
        store: open for writing.
        table: see `insert_sealed`.
        query: the same, without `salt`.
        values: of the query's parameters.
    """
    salted = f"SELECT *, {salt_sql('row_number() OVER ()')} AS salt FROM ({query})"  # noqa: S608 - our own names
    with store.transaction():
        return insert_sealed(store, table, salted, {**(values or {}), "secret": secrets.token_hex(SALT_BYTES)})


def release(store: "Store", table: str, where: str, values: Mapping[str, Any] | None = None) -> int:
    """Let go of rows that are about to be changed or deleted, in the open transaction; gives how many.

    What is left of them at the end of the transaction is sealed anew. Their old leaves are kept, so that the batches
    that had them still add up; what the rows said cannot be told from those.

    Args:
        store: in a transaction.
        table: of evidence.
        where: SQL of which rows.
        values: of its parameters.

    Raises:
        StoreUnusable: one of the rows has no leaf: it was not stored by us.
    """
    batch, given = batch_of(store), dict(values or {})
    count = f"SELECT count(*) FILTER (leaf IS NULL) FROM {table} WHERE {where}"  # noqa: S608 - our own names
    if store.connection.execute(count, given).fetchall() != [(0,)] or n_marked(store, table) != marked(store, table):
        raise StoreUnusable(f"a row of {table} that is to be changed has no seal; see traceaudit verify")
    keep = f"""
        INSERT INTO released SELECT '{table}', batch, leaf, $by::BIGINT FROM {table} WHERE {where}
        RETURNING leaf"""  # noqa: S608 - our own names
    leaves = store.connection.execute(keep, given | {"by": batch}).fetchall()
    mark = f"""
        UPDATE {table} SET batch = -($by::BIGINT), leaf = NULL, salt = {salt_sql("rowid")}
        WHERE {where}"""  # noqa: S608 - our own names
    store.connection.execute(mark, given | {"by": batch, "secret": secrets.token_hex(SALT_BYTES)})
    store.seals.released.setdefault(table, []).extend(leaf for (leaf,) in leaves)
    store.seals.marked[table] = marked(store, table) + len(leaves)
    return len(leaves)


def marked(store: "Store", table: str) -> int:
    """How many rows were released in this transaction."""
    return store.seals.marked.get(table, 0)


def n_marked(store: "Store", table: str) -> int:
    """How many rows look as if they were."""
    query = f"SELECT count(*) FROM {table} WHERE batch = ?"  # noqa: S608 - our own names
    ((found,),) = store.connection.execute(query, [-batch_of(store)]).fetchall()
    return int(found)


def commit_to_rows(store: "Store") -> None:
    """The last act of a transaction: seal what was released and is still there, and record the event."""
    seals = store.seals
    for table in seals.marked:
        seal_marked(store, table)
    stored, released = told(seals.stored), told(seals.released)
    if stored or released:
        details = {"batch": seals.batch, "stored": stored, "released": released}
        append_event(store.connection, Deed(STORED, SYSTEM, str(seals.batch), details, datetime.now(UTC)))


def told(leaves: Mapping[str, list[bytes]]) -> dict[str, tuple[int, str]]:
    """For each table how many leaves, and their digest."""
    return {table: (len(of_table), digest_of(of_table)) for table, of_table in sorted(leaves.items()) if of_table}


def seal_marked(store: "Store", table: str) -> None:
    """Rows that were released, as they are now, belong to this batch."""
    sql = leaf_sql(table, said_sql(store.connection, table), "$batch::BIGINT")
    statement = f"""
        UPDATE {table} SET batch = $batch::BIGINT, leaf = {sql} WHERE batch = -($batch::BIGINT)
        RETURNING leaf"""  # noqa: S608 - our own names
    found = store.connection.execute(statement, {"batch": batch_of(store)}).fetchall()
    store.seals.stored.setdefault(table, []).extend(leaf for (leaf,) in found)


def batch_of(store: "Store") -> int:
    """The number of the transaction's batch: none before has it, since each batch left an event as high at least."""
    if store.seals.batch is None:
        ((head,),) = store.connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchall()
        store.seals.batch = head + 1
    return store.seals.batch


def leaf_of(store: "Store", table: str) -> str:
    """SQL of the leaf of a row of a table."""
    if table not in store.seals.leaf_sql:
        store.seals.leaf_sql[table] = leaf_sql(table, said_sql(store.connection, table))
    return store.seals.leaf_sql[table]


def adopt(connection: duckdb.DuckDBPyConnection) -> None:
    """Seal the rows that were stored before there were leaves, in the open transaction; they are batch 0."""
    stored: dict[str, tuple[int, str]] = {}
    for table in sealed_tables(connection):
        salt = f"UPDATE {table} SET batch = {OF_BEFORE}, salt = {salt_sql('rowid')}"  # noqa: S608 - our own names
        connection.execute(salt, {"secret": secrets.token_hex(SALT_BYTES)})
        connection.execute(f"UPDATE {table} SET leaf = {leaf_sql(table, said_sql(connection, table))}")  # noqa: S608
        digest = Digest()
        for _, leaves in leaf_runs(connection, f"SELECT batch, leaf FROM {table} ORDER BY leaf"):  # noqa: S608
            digest.add(leaves or memoryview(b""))
        if digest.n:
            stored[table] = (digest.n, digest.hex())
    if stored:
        details = {"batch": OF_BEFORE, "stored": stored, "released": {}}
        append_event(connection, Deed(ADOPTED, SYSTEM, str(OF_BEFORE), details, datetime.now(UTC)))
