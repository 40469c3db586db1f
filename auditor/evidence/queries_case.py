"""What a bundle needs of the database: the rows on a case as they were stored, and what commits to them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

import duckdb

from auditor.errors import StoreUnusable
from auditor.evidence.bundle import SealedRow
from auditor.evidence.digest import LEAF_BYTES, Proof, proofs
from auditor.evidence.events import Event
from auditor.evidence.store_leaves import leaf_runs, said_sql
from auditor.evidence.store_seals import ADOPTED, STORED
from conf.errors import ConfigError

# The rows on a case, in the order of the flow. What hangs on others comes after them.
OF_CASE = {
    "outcomes": "list_contains(triple_ids, $id)",
    "triples": "id = $id",
    "images": "triple_id = $id",
    "verdicts": "triple_id = $id",
    "runs": "run_id IN (SELECT run_id FROM verdicts WHERE triple_id = $id)",
    "calibrations": "id IN (SELECT calibration FROM verdicts WHERE triple_id = $id)",
    "draws": "triple_id = $id",
    "strata": '("day", stratum) IN (SELECT ("day", stratum) FROM draws WHERE triple_id = $id)',
    "reviews": "triple_id = $id",
    "withdrawals": "triple_id = $id",
}
OF_POLICIES = "list_contains($numbers, number)"
LEAVES = """
    SELECT batch, leaf FROM {table} WHERE batch = {batch}
    UNION ALL
    SELECT batch, leaf FROM released WHERE table_name = '{table}' AND batch = {batch}
    ORDER BY leaf
"""
ABOUT = """
    SELECT seq FROM events WHERE subject = $id
    OR (starts_with(kind, 'policy.') AND list_contains($numbers, subject))
    OR (kind = 'draw.made' AND subject IN (SELECT "day"::VARCHAR FROM draws WHERE triple_id = $id))
"""
SPAN = """
    SELECT seq, "at", actor, kind, subject, details, previous FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq
"""
DAYS = "SELECT DISTINCT scored_at::DATE FROM verdicts WHERE triple_id = ? ORDER BY 1"


def rows_of(connection: duckdb.DuckDBPyConnection, triple_id: str, policies: Sequence[int]) -> list[SealedRow]:
    """Every row on a case, and on the policies that held."""
    found: list[SealedRow] = []
    for table, where in OF_CASE.items():
        found += sealed(connection, table, where, {"id": triple_id})
    for table in ("policies", "policy_decisions"):
        found += sealed(connection, table, OF_POLICIES, {"numbers": list(policies)})
    return found


def sealed(connection: duckdb.DuckDBPyConnection, table: str, where: str, values: Mapping[str, Any]) -> list[SealedRow]:
    """Rows with their seals, in the order in which they were stored.

    Raises:
        StoreUnusable: one has none, since something else than traceaudit stored it.
    """
    query = f"""
        SELECT batch, lower(hex(salt)), lower(hex(leaf)), {said_sql(connection, table)} FROM {table}
        WHERE {where} ORDER BY batch, rowid"""  # noqa: S608 - our own names
    rows = connection.execute(query, dict(values)).fetchall()
    if any(None in row for row in rows):
        raise StoreUnusable(f"a row of {table} has no seal; see traceaudit verify")
    return [SealedRow(table, *row) for row in rows]


def scored_days(connection: duckdb.DuckDBPyConnection, triple_id: str) -> list[Any]:
    """The UTC days on which a triple was judged."""
    return [day for (day,) in connection.execute(DAYS, [triple_id]).fetchall()]


def proofs_of_rows(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[SealedRow]
) -> dict[tuple[str, int, str], Proof]:
    """That the batches of the rows have their leaves, by table, batch and leaf."""
    wanted: dict[tuple[str, int], list[bytes]] = {}
    for row in rows:
        wanted.setdefault((row.table, row.batch), []).append(bytes.fromhex(row.leaf))
    found: dict[tuple[str, int, str], Proof] = {}
    for (table, batch), of_batch in wanted.items():
        whole = b"".join(bytes(run or b"") for _, run in leaf_runs(connection, LEAVES.format(table=table, batch=batch)))
        leaves = [whole[at : at + LEAF_BYTES] for at in range(0, len(whole), LEAF_BYTES)]
        found |= {(table, batch, leaf.hex()): proof for leaf, proof in proofs(leaves, of_batch).items()}
    return found


def committing(connection: duckdb.DuckDBPyConnection, batches: Iterable[int]) -> list[int]:
    """The events that commit to these batches."""
    query = "SELECT seq FROM events WHERE kind IN ($stored, $adopted) AND list_contains($batches, subject) ORDER BY seq"
    values = {"stored": STORED, "adopted": ADOPTED, "batches": [str(batch) for batch in batches]}
    return [seq for (seq,) in connection.execute(query, values).fetchall()]


def about(connection: duckdb.DuckDBPyConnection, triple_id: str, policies: Sequence[int]) -> list[int]:
    """The events on a case, and on the policies that held."""
    values = {"id": triple_id, "numbers": [str(number) for number in policies]}
    return [seq for (seq,) in connection.execute(ABOUT, values).fetchall()]


def span(connection: duckdb.DuckDBPyConnection, first: int, last: int) -> list[Event]:
    """Events one after another."""
    rows = connection.execute(SPAN, [first, last]).fetchall()
    return [Event(seq, at.replace(tzinfo=UTC), *told) for seq, at, *told in rows]


def the_case(connection: duckdb.DuckDBPyConnection, prefix: str) -> str:
    """The id of the one case whose id begins so.

    Raises:
        ConfigError: there is none, or several.
    """
    query = "SELECT id FROM triples WHERE starts_with(id, ?) ORDER BY id LIMIT 2"
    found = [name for (name,) in connection.execute(query, [prefix]).fetchall()] if prefix else []
    if len(found) == 1 or (found and found[0] == prefix):
        return str(found[0])
    raise ConfigError(f"{'several cases begin' if found else 'no case begins'} with {prefix!r}")
