"""Runs over the golden set, in tables of their own."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from auditor.golden.drill import GoldenFigures, GoldenRun, GoldenScore
from auditor.store import Store
from auditor.stored_triples import in_utc
from auditor.verdict import ScorerKey
from auditor.verdict_rows import utc

RUN_COLUMNS = """run_id, "at", model_id, model_revision, prompt_hash, decoding, cases_hash, policy_version, n,
    agreement, false_positive_rate, canaries, canaries_caught, unscorable, alarms, seconds"""
BEFORE = f"""
    SELECT {RUN_COLUMNS} FROM golden_runs
    WHERE model_revision = ? AND prompt_hash = ? AND decoding = ? AND cases_hash = ?
    ORDER BY "at" DESC LIMIT ?
"""  # noqa: S608 - names of our own columns
LAST = f'SELECT {RUN_COLUMNS} FROM golden_runs WHERE "at" < ? ORDER BY "at" DESC, run_id LIMIT ?'  # noqa: S608


def keep_golden(store: Store, run: GoldenRun, scores: Sequence[GoldenScore]) -> int:
    """Keep a run with the scores of its cases, in one transaction; gives the number of scores."""
    row = {**asdict(run), **asdict(run.scorer), **asdict(run.figures), "at": utc(run.at), "alarms": list(run.alarms)}
    with store.transaction():
        store.insert("golden_runs", [row])
        store.insert("golden_scores", [{"run_id": run.run_id, **asdict(score)} for score in scores])
    return len(scores)


def golden_runs(store: Store, scorer: ScorerKey, cases_hash: str, n: int) -> list[GoldenRun]:
    """The last `n` runs of a scorer over the same cases, the last one first."""
    key = [scorer.model_revision, scorer.prompt_hash, scorer.decoding, cases_hash, n]
    return [run_from(row) for row in store.connection.execute(BEFORE, key).fetchall()]


def golden_before(connection: duckdb.DuckDBPyConnection, day: date, n: int) -> list[GoldenRun]:
    """The last `n` runs up to the end of a UTC day, the last one first."""
    end = datetime(day.year, day.month, day.day) + timedelta(days=1)  # noqa: DTZ001 - the tables' times are UTC, bare
    return [run_from(row) for row in connection.execute(LAST, [end, n]).fetchall()]


def run_from(row: Sequence[Any]) -> GoldenRun:
    """A row of RUN_COLUMNS."""
    run_id, at, *key = row[:6]
    cases_hash, policy_version, *figures, alarms, seconds = row[6:]
    return GoldenRun(
        run_id,
        in_utc(at),
        ScorerKey(*key),
        cases_hash,
        policy_version,
        GoldenFigures(*figures),
        tuple(alarms),
        seconds,
    )
