"""Storing a batch with all its keys and checks, against a raw INSERT … SELECT of the same rows from Arrow."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from auditor.store import Store
from auditor.store_rows import outcome_columns, triple_columns
from auditor.verdict_rows import Columns, verdict_columns
from ingest.qta import Batch, Normalized, Outcome, State
from tests.bench.measure import REPEATS, compare
from tests.factories import make_position, make_record, make_triple, make_verdict

N_ROWS = 8_192
SOURCE = "kafka:c/topic"
TEXT = "The moon pulls the water towards it, and the earth turns below. " * 8


def make_items() -> tuple[Normalized, ...]:
    """Records of about 2 kB with a triple each."""
    return tuple(
        Normalized(
            make_record(offset=at, source=SOURCE),
            "qta",
            (
                make_triple(
                    id=f"{at:064x}", question=TEXT, thinking=TEXT, answer=TEXT, position=make_position(at, SOURCE)
                ),
            ),
        )
        for at in range(N_ROWS)
    )


def insert_raw(path: Path, tables: dict[str, pa.Table]) -> None:
    """The least that keeps the same rows: three statements in one transaction."""
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for name, rows in tables.items():
            connection.register("incoming", rows)
            connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")  # noqa: S608 - our own names
            connection.unregister("incoming")
        connection.commit()


def as_tables(path: Path, columns: Mapping[str, Columns]) -> dict[str, pa.Table]:
    """Arrow tables as the database has them."""
    with Store.open(str(path)) as store, store.transaction():
        return {name: pa.Table.from_pydict(of, schema=store.schema(name)) for name, of in columns.items()}


def new_file(path: Path) -> Path:
    """A database file with empty tables."""
    Store.open(str(path)).close()
    return path


def test_save_against_raw_insert(tmp_path: Path, now: datetime) -> None:
    items = make_items()
    batch = Batch(items, {(SOURCE, 0): N_ROWS}, {(SOURCE, 0): 0})
    triples = [triple for item in items for triple in item.triples]
    verdicts = [make_verdict(triple.id, analysis=TEXT) for triple in triples]
    outcomes = [Outcome(item.record.position, State.SCORED, None, "qta", (item.triples[0].id,)) for item in items]
    empty = [new_file(tmp_path / f"{number}.duckdb") for number in range(2 * (REPEATS + 1))]
    columns = {
        "outcomes": outcome_columns(outcomes, "run", now),
        "triples": triple_columns(triples, now),
        "verdicts": verdict_columns(verdicts, "run"),
    }
    tables = as_tables(empty[0], columns)

    def save() -> None:
        with Store.open(str(empty.pop())) as store:
            store.save(batch, outcomes, verdicts, "run", now)

    compare("sink against raw INSERT from Arrow", "rows", N_ROWS, save, lambda: insert_raw(empty.pop(), tables))
