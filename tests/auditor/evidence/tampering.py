"""Random edits of a database's tables of evidence: what an insider with the file could do."""

# ruff: noqa: S608 - made of the names of our own tables

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from auditor.evidence.events import Event
from auditor.evidence.findings import Checked
from auditor.evidence.keys import public_file, read_public_keys
from auditor.evidence.queries_verify import events
from auditor.evidence.store_checkpoints import checkpoint_path, key_path, read_outside
from auditor.evidence.store_leaves import SEAL, leaf_sql, said_sql, sealed_tables
from auditor.evidence.verify import Beside, verify
from auditor.store import Store
from tests.auditor.evidence.filled import config_for

Edit = Callable[[duckdb.DuckDBPyConnection, Random], str]

TRAIL = ("events", "checkpoints", "released")
SOME = {"VARCHAR": "'x'", "DOUBLE": "0.5", "BLOB": "'x'::BLOB", "BIGINT": "7", "INTEGER": "7", "BOOLEAN": "true"}
SOME |= {"DATE": "DATE '2026-01-01'", "TIMESTAMP": "TIMESTAMP '2026-01-01'"}


def ask(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, list(values)).fetchall()


def any_table(connection: duckdb.DuckDBPyConnection, luck: Random, *others: str) -> str:
    return luck.choice([*sealed_tables(connection), *others])


def some_rows(connection: duckdb.DuckDBPyConnection, luck: Random, table: str, n: int = 1) -> list[int]:
    ids = [row for (row,) in ask(connection, f"SELECT rowid FROM {table} ORDER BY rowid")]
    return luck.sample(ids, min(n, len(ids)))


def another(value: Any, luck: Random) -> Any:  # noqa: PLR0911 - one for each type
    """A value of the same type that is not the same."""
    match value:
        case bool():
            return not value
        case int():
            return value + luck.choice([1, -1, 1000])
        case float():
            return luck.choice([value + 1e-9, 1 - value / 2 + 0.1, 0.5 if value != 0.5 else 1.0])
        case bytes():
            at = luck.randrange(len(value)) if value else 0
            return value[:at] + bytes([value[at] ^ 1 << luck.randrange(8)]) + value[at + 1 :] if value else b"x"
        case str():
            at = luck.randrange(len(value) + 1)
            return luck.choice([value[:at] + luck.choice("x \u200b") + value[at:], value + "1"])
        case list():
            return [] if value else None
        case dict():
            return {} if value else None
        case _:
            return value.replace(day=value.day % 28 + 1)


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return list(connection.table(table).columns)


def reseal(connection: duckdb.DuckDBPyConnection, table: str, row: int) -> None:
    """What somebody does who has read how leaves are made."""
    leaf = leaf_sql(table, said_sql(connection, table))
    connection.execute(f"UPDATE {table} SET leaf = {leaf} WHERE rowid = {row}")


def change_a_cell(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    table = any_table(connection, luck, *TRAIL)
    (row,) = some_rows(connection, luck, table)
    column = luck.choice(columns(connection, table))
    ((value,),) = ask(connection, f'SELECT "{column}" FROM {table} WHERE rowid = {row}')
    if value is None:
        ((kind,),) = ask(connection, f'SELECT DISTINCT typeof("{column}") FROM {table}')
        text = "[]" if "[" in kind else "MAP {}" if "MAP" in kind else SOME[kind]
        connection.execute(f'UPDATE {table} SET "{column}" = {text} WHERE rowid = {row}')
    else:
        new = another(value, luck)
        connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE rowid = {row}', [new])
    if table not in TRAIL and column not in SEAL and luck.random() < 0.5:
        reseal(connection, table, row)
    return f"{table}.{column} of row {row}"


def delete_rows(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    table = any_table(connection, luck, *TRAIL)
    rows = some_rows(connection, luck, table, luck.choice([1, 1, 2, 50]))
    connection.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT unnest(?::BIGINT[]))", [rows])
    return f"rows {rows} of {table}"


def insert_a_row(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """A copy, with its key changed where it has one."""
    keyed = {"policies": "number", "policy_decisions": "number", "draws": "triple_id", "strata": "stratum"}
    table = any_table(connection, luck, "released", "checkpoints")
    (row,) = some_rows(connection, luck, table)
    key = keyed.get(table) or ("seq" if table == "checkpoints" else None)
    new = {"number": "7", "seq": "1"}.get(key or "", f"\"{key}\" || 'x'")
    replace = f'REPLACE ({new} AS "{key}")' if key else ""
    connection.execute(f"INSERT INTO {table} SELECT * {replace} FROM {table} WHERE rowid = {row}")
    if table not in TRAIL:
        ((last,),) = ask(connection, f"SELECT max(rowid) FROM {table}")
        if luck.random() < 0.3:
            connection.execute(f"UPDATE {table} SET batch = NULL, salt = NULL, leaf = NULL WHERE rowid = {last}")
        elif luck.random() < 0.5:
            reseal(connection, table, last)
    return f"a row like {row} of {table}"


def swap_cells(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """Of two rows, in a column where they differ; also what makes up their seals."""
    while True:
        table = any_table(connection, luck, *TRAIL)
        rows = some_rows(connection, luck, table, 2)
        keyed = {"number", "seq", "day", "stratum"} | ({"triple_id"} if table == "draws" else set())
        column = luck.choice([name for name in columns(connection, table) if name not in keyed])
        if len(rows) == 2 and are_others(connection, table, column, rows):
            break
    one, two = rows
    connection.execute(
        f'UPDATE {table} SET "{column}" = other.v FROM '
        f'(SELECT CASE rowid WHEN {one} THEN {two} ELSE {one} END AS r, "{column}" AS v FROM {table}) other '
        f"WHERE {table}.rowid = other.r AND {table}.rowid IN ({one}, {two})"
    )
    if table not in TRAIL and column != "leaf" and luck.random() < 0.5:
        reseal(connection, table, one)
        reseal(connection, table, two)
    return f"{table}.{column} of rows {one} and {two}"


def are_others(connection: duckdb.DuckDBPyConnection, table: str, column: str, rows: list[int]) -> bool:
    cell = f"coalesce(\"{column}\"::VARCHAR, '∅')"
    query = f"SELECT count(DISTINCT {cell}) FROM {table} WHERE rowid IN ({rows[0]}, {rows[1]})"
    return bool(ask(connection, query) == [(2,)])


def cut_the_end(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """The last events, with all that they speak of, and with the checkpoints on them."""
    ((last,),) = ask(connection, "SELECT max(seq) FROM events")
    first = luck.randint(1, last)
    for table in sealed_tables(connection):
        connection.execute(f"DELETE FROM {table} WHERE batch >= {first}")
    connection.execute(f"DELETE FROM released WHERE by_batch >= {first}")
    connection.execute(f"DELETE FROM checkpoints WHERE seq >= {first}")
    connection.execute(f"DELETE FROM events WHERE seq >= {first}")
    return f"all from event {first} on"


def rewrite_the_trail(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """Change an event and make all hashes after it anew, and those of the checkpoints; only the signatures are old."""
    chain = [event for event, _ in events(connection)]
    at = luck.randrange(len(chain))
    previous = chain[at].previous
    for number, event in enumerate(chain[at:], at):
        told = event.details if number > at else luck.choice([event.details.replace("1", "2"), "{}"])
        actor = event.actor if number > at else "somebody"
        new = Event(event.seq, event.at, actor, event.kind, event.subject, told, previous)
        connection.execute(
            "UPDATE events SET actor = ?, details = ?, previous = ?, hash = ? WHERE seq = ?",
            [actor, told, previous, new.hash, new.seq],
        )
        connection.execute("UPDATE checkpoints SET hash = ? WHERE seq = ?", [new.hash, new.seq])
        previous = new.hash
    return f"event {at + 1} and all hashes after it"


def reorder_events(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """Two events change places, all but their numbers."""
    one, two = luck.sample([event.seq for event, _ in events(connection)], 2)
    for column in ("at", "actor", "kind", "subject", "details", "previous", "hash"):
        connection.execute(
            f'UPDATE events SET "{column}" = other.v FROM '
            f'(SELECT CASE seq WHEN {one} THEN {two} ELSE {one} END AS s, "{column}" AS v FROM events '
            f"WHERE seq IN ({one}, {two})) other WHERE events.seq = other.s"
        )
    return f"events {one} and {two}"


def drop_a_column(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """Of the seal, or one that says something."""
    table = luck.choice(["verdicts", "images", "outcomes", "reviews", "calibrations"])
    (counts,) = ask(connection, f"SELECT count(COLUMNS(*)) FROM {table}")
    said = [name for name, n in zip(columns(connection, table), counts, strict=True) if n]
    column = luck.choice([name for name in said if name != "batch"])
    connection.execute(f'ALTER TABLE {table} DROP COLUMN "{column}"')
    return f"{table}.{column} as a whole"


def call_it_released(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """Delete a row, and say that it was released."""
    table = any_table(connection, luck)
    (row,) = some_rows(connection, luck, table)
    connection.execute(
        f"INSERT INTO released SELECT '{table}', batch, leaf, batch + {luck.randint(0, 2)} "
        f"FROM {table} WHERE rowid = {row}"
    )
    connection.execute(f"DELETE FROM {table} WHERE rowid = {row}")
    return f"row {row} of {table}, as if released"


EDITS: list[tuple[int, Edit]] = [
    (8, change_a_cell),
    (3, delete_rows),
    (3, insert_a_row),
    (4, swap_cells),
    (1, cut_the_end),
    (1, rewrite_the_trail),
    (1, reorder_events),
    (1, drop_a_column),
    (1, call_it_released),
]


def edit(connection: duckdb.DuckDBPyConnection, luck: Random) -> str:
    """One of them, in the open transaction; tells which."""
    (chosen,) = luck.choices([one for _, one in EDITS], [weight for weight, _ in EDITS])
    return f"{chosen.__name__}: {chosen(connection, luck)}"


def beside(path: Path, store: Store) -> Beside:
    config = config_for(path)
    return Beside(read_public_keys(public_file(key_path(config))), read_outside(checkpoint_path(config)), store.blobs)


def unnoticed(made: Path, n_edits: int, seed: int) -> list[str]:
    """Those of the edits that verification passed over."""
    missed, number, done = [], 0, 0
    with Store.open(str(made)) as store:
        around = beside(made, store)
        while done < n_edits:
            number += 1
            store.connection.begin()
            try:
                what = edit(store.connection, Random(f"{seed} {number}"))  # noqa: S311 - repeatable
                missed += [] if verify(store.connection, around, Checked()) else [f"{number}: {what}"]
                done += 1
            except duckdb.ConstraintException:
                continue  # a key twice, or nothing where there must be something: the database itself refuses that
            finally:
                store.connection.rollback()
        assert verify(store.connection, around, Checked()) is None
    return missed
