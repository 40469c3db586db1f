"""Spark goes over to a promoted model between two micro-batches: nothing lost, nothing judged twice."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.registry.places import open_registry
from conf.schema import load
from tests.auditor.registry.made import BASE_REVISION, added
from tests.e2e.audits import filled, ledger, rows
from tests.e2e.test_spark import LAST, arguments, drained

if TYPE_CHECKING:
    from tests.broker import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.spark]
N_RECORDS = 60
OF_RUNS = """
    SELECT r.model_revision, count(DISTINCT v.triple_id), count(*) FROM runs r LEFT JOIN verdicts v USING (run_id)
    GROUP BY ALL ORDER BY min(r.started_at)"""
BY_ANOTHER = "SELECT count(*) FROM verdicts v JOIN runs r USING (run_id) WHERE v.model_revision <> r.model_revision"


def records() -> Iterator[bytes]:
    """As many as are to be judged, no two alike."""
    for number in range(N_RECORDS):
        line = {"qta": 1, "question": f"q{number}", "thinking": "t", "answer": "a", "response_id": f"r{number}"}
        yield json.dumps(line).encode()


@pytest.mark.timeout(900)
def test_executors_go_over_to_what_was_promoted_between_two_micro_batches(
    broker: "Broker", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    db = tmp_path / "a.duckdb"
    version = added(open_registry(load(overrides={"store.path": str(db)}), write=True), tmp_path / "made", 0.01)
    values = {
        "auditor.model": "registry",
        "auditor.mode": "triage",
        "auditor.registry_dir": f"{db}.models",
        "auditor.registry_keys": f"{db}.signing-key.pub",
        "spark.max_offsets_per_trigger": N_RECORDS // 2,
    }
    settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    words = arguments(broker, filled(broker, list(records())), tmp_path, f"local[{LAST}]", "--once", *settings)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.e2e.spark_promotes", *words, "--backend", "transformers"],
        env={**os.environ, "PROMOTE_IN": str(db)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["batches"] >= 2
    drained(broker, tmp_path)
    found = rows(db, OF_RUNS)
    assert [revision for revision, _, _ in found] == [BASE_REVISION, version.revision]
    assert min(n for _, n, _ in found) >= 20
    assert sum(n for _, _, n in found) == sum(n for _, n, _ in found) == N_RECORDS
    assert rows(db, BY_ANOTHER) == [(0,)]
    assert rows(db, "SELECT count(*) FROM outcomes WHERE state = 'scored'") == [(N_RECORDS,)]
    assert all(line["balanced"] for line in ledger(db))
