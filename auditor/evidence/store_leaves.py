"""The leaf of a row, as SQL: sha256 over its table, its batch, a salt, and all that it says.

What a row says is a JSON object: a key for each column that is not NULL, in the order of their names, and no blanks;
bytes are base64, and all else is as DuckDB writes it. NULLs are left out, so that a column that is added later, empty,
changes no leaf. The salt makes sure that nobody can guess, from a leaf that is left, a text that was deleted.
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from auditor.evidence.digest import LEAF_BYTES

SEAL = ("batch", "salt", "leaf")
SALT_BYTES = 16
ROWS = 65_536  # in memory at a time

TABLES = """
    SELECT table_name FROM duckdb_columns() WHERE list_contains($seal, column_name)
    GROUP BY table_name HAVING count(DISTINCT column_name) = len($seal)
"""


def sealed_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables whose rows are evidence, by name: those that have the columns of a seal."""
    return sorted(name for (name,) in connection.execute(TABLES, {"seal": list(SEAL)}).fetchall())


def said_sql(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL of what a row of a table says."""
    relation = connection.table(table)
    types = zip(relation.columns, (str(kind.id) for kind in relation.types), strict=True)
    cells = (
        f'"{name}" := base64("{name}")' if kind == "blob" else f'"{name}" := "{name}"'
        for name, kind in sorted(types)
        if name not in SEAL
    )
    return f"json_merge_patch('{{}}', to_json(struct_pack({', '.join(cells)})))"  # a merge leaves NULLs out


def leaf_sql(table: str, said: str, batch: str = "batch") -> str:
    """SQL of the leaf of a row; the row has its salt already.

    Args:
        table: its name is part of the leaf.
        said: of `said_sql`.
        batch: SQL of the number of the row's batch.
    """
    return f"unhex(sha256(concat('{table} ', {batch}, ' ', lower(hex(salt)), ' ', {said})))"


def salt_sql(row: str) -> str:
    """SQL of a salt of its own for each row, off the parameter $secret and something of the row that no other has."""
    return f"unhex(left(sha256(concat($secret::VARCHAR, ' ', {row})), {2 * SALT_BYTES}))"


def leaf_runs(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[int, memoryview | None]]:
    """What a query gives as `batch` and `leaf`, ordered by batch: runs of leaves of one batch, one after another.

    A batch may come in several runs. Never more than some rows are in memory. Where there is a leaf that is NULL, the
    run says None, and nothing comes after it.
    """
    with connection.sql(query).to_arrow_reader(ROWS) as reader:
        for rows in reader:
            if rows.column("leaf").null_count:
                break
            leaves = memoryview(rows.column("leaf").cast(pa.binary(LEAF_BYTES)).buffers()[1])
            runs = pc.run_end_encode(rows.column("batch"))
            start = 0
            for batch, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
                yield batch, leaves[start * LEAF_BYTES : end * LEAF_BYTES]
                start = end
        else:
            return
    yield 0, None  # now that the connection is free to be asked which row that is
