"""What gates found, in tables of their own: kept whole, once, and read again."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

import duckdb

from auditor.evidence.events import SYSTEM, Deed, record_event
from auditor.registry.results import Check, GateResult, Ruling
from auditor.store import Store
from auditor.stored_triples import in_utc
from auditor.verdict_rows import utc
from conf.schema import Config

COLUMNS = ", ".join(f'"{field.name}"' for field in fields(Check))
RUNS = """
    SELECT run_id, "at", candidate, champion, data, seconds FROM gate_runs
    WHERE $revision IS NULL OR candidate = $revision ORDER BY "at" DESC, run_id LIMIT $n
"""
OF_RUN = f"SELECT {COLUMNS} FROM gate_checks WHERE run_id = ? ORDER BY place"  # noqa: S608 - our own columns
KEPT = "SELECT 1 FROM gate_runs WHERE run_id = ?"
MANY = 1000


def keep(store: Store, _: Config, result: GateResult) -> None:
    """The question gate.keep; see `keep_gate`."""
    keep_gate(store, result)


def of_revision(store: Store, _: Config, revision: str) -> list[GateResult]:
    """The question gate.of: what gates found of a candidate, the latest first."""
    return gates_of(store.connection, revision)


def keep_gate(store: Store, result: GateResult) -> None:
    """Keep what a gate found, with an event that tells it; handed in again, nothing is changed."""
    with store.transaction():
        if store.connection.execute(KEPT, [result.run_id]).fetchall():
            return
        store.insert("gate_runs", [run_row(result)])
        store.insert("gate_checks", [check_row(result, place) for place in range(len(result.checks))])
        told = {
            "run": result.run_id,
            "champion": result.champion,
            "passed": result.passed,
            "refused_by": [check.name for check in result.checks if check.refuses],
        }
        record_event(store, Deed("gate.ruled", SYSTEM, result.candidate, told, result.at))


def run_row(result: GateResult) -> dict[str, Any]:
    """A row of gate_runs."""
    return {
        **{name: getattr(result, name) for name in ("run_id", "candidate", "champion", "passed", "seconds")},
        "at": utc(result.at),
        "data": json.dumps(dict(result.data), sort_keys=True),
    }


def check_row(result: GateResult, place: int) -> dict[str, Any]:
    """A row of gate_checks."""
    check = result.checks[place]
    return {"run_id": result.run_id, "place": place, **asdict(check), "ruling": check.ruling.value}


def gates_of(connection: duckdb.DuckDBPyConnection, revision: str, n: int = MANY) -> list[GateResult]:
    """What gates found of a candidate, the latest first."""
    return gates(connection, revision, n)


def gates(connection: duckdb.DuckDBPyConnection, revision: str | None = None, n: int = MANY) -> list[GateResult]:
    """The last `n` runs of gates, of one candidate or of all, the latest first."""
    rows = connection.execute(RUNS, {"revision": revision, "n": n}).fetchall()
    return [result_from(row, connection.execute(OF_RUN, [row[0]]).fetchall()) for row in rows]


def result_from(run: Sequence[Any], checks: Sequence[Sequence[Any]]) -> GateResult:
    """What a gate found, off its rows."""
    run_id, at, candidate, champion, data, seconds = run
    return GateResult(
        run_id, in_utc(at), candidate, champion, tuple(check_from(row) for row in checks), json.loads(data), seconds
    )


def check_from(row: Sequence[Any]) -> Check:
    """A row of COLUMNS."""
    told = dict(zip((field.name for field in fields(Check)), row, strict=True))
    return Check(**told | {"ruling": Ruling(told["ruling"])})
