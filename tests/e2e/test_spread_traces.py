"""Traces whose parts lie in several records: whole, each once, whatever is killed when."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.audits import (
    CONTENT,
    KILLED,
    OUTCOMES,
    SMALL_BATCHES,
    arguments,
    filled,
    ledger,
    rows,
    run,
    traceaudit,
    wait_for_rows,
)

if TYPE_CHECKING:
    from tests.broker import Broker

N_TRACES = 40
TABLES_OF_A_BATCH = 5
# The first eight batches or so hold all that is read, the others settle it.
DEATHS = [
    ("transaction_open", 3),
    ("half_of_the_tables", 1 + 4 * TABLES_OF_A_BATCH),
    ("committed_to_the_store", 6),
    ("transaction_open", 11),
    ("half_of_the_tables", 2 + 11 * TABLES_OF_A_BATCH),
    ("committed_to_the_store", 10),
    ("committed_to_the_store", 12),
]


def spread_logs(n_traces: int = N_TRACES) -> Iterator[bytes]:
    """Three records for each trace, none of which ends it; the parts of several traces lie between each other."""
    parts = [list(parts_of(number)) for number in range(n_traces)]
    for at in range(n_traces + 2):
        yield from (json.dumps(parts[at - part][part]).encode() for part in range(3) if 0 <= at - part < n_traces)


def parts_of(number: int) -> Iterator[dict[str, Any]]:
    """The trace's own record, its first call, and its last, which repeats the first."""
    trace, question = f"trace_{number}", {"role": "user", "content": f"q{number}"}
    use = {"id": f"c{number}", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    asked = {"role": "assistant", "content": None, "tool_calls": [use]}
    found = {"role": "tool", "tool_call_id": f"c{number}", "content": "4 m"}
    yield {"object": "trace", "id": trace, "workflow_name": "docks"}
    yield span(trace, 1, [question], asked)
    yield span(trace, 2, [question, asked, found], {"role": "assistant", "content": "Four metres."})


def span(trace: str, number: int, asked: list[Any], said: Any) -> dict[str, Any]:
    data = {"type": "generation", "input": asked, "output": [said], "model": "m"}
    times = {"started_at": f"2026-03-01T10:00:0{number}+00:00", "ended_at": None}
    return {"object": "trace.span", "id": f"{trace}_{number}", "trace_id": trace, **times, "span_data": data}


def test_a_trace_in_several_lines_is_one_case_and_its_lines_are_accounted_for(tmp_path: Path) -> None:
    db, log = tmp_path / "a.duckdb", tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join(spread_logs()))
    summary = run(str(log), db)
    assert (summary["records"], summary["verdicts"]) == (3 * N_TRACES, N_TRACES)
    assert summary["states"] == {"empty": 2 * N_TRACES, "scored": N_TRACES}
    (line,) = ledger(db)
    assert (line["records"], line["held"], line["balanced"]) == (3 * N_TRACES, 0, True)
    told = traceaudit("doctor", str(log), "--json")
    assert sum(len(item["triples"]) for item in told) == N_TRACES


@pytest.fixture(scope="module")
def undisturbed(broker: "Broker", tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A topic of traces in parts, and the database of an audit of it that nothing disturbed."""
    db = tmp_path_factory.mktemp("undisturbed") / "a.duckdb"
    source = filled(broker, list(spread_logs()))
    assert run(source, db, *SMALL_BATCHES)["verdicts"] == N_TRACES
    return source, db


@pytest.mark.kafka
@pytest.mark.parametrize(("point", "count"), DEATHS)
def test_killed_while_records_are_held_and_resumed_ends_as_if_undisturbed(
    undisturbed: tuple[str, Path], tmp_path: Path, point: str, count: int
) -> None:
    source, wanted = undisturbed
    db = tmp_path / "a.duckdb"
    words = [sys.executable, "-m", "tests.e2e.die_at", point, str(count)]
    died = subprocess.run([*words, *arguments("run", source, db, *SMALL_BATCHES)], check=False)
    assert died.returncode == KILLED
    assert all(line["balanced"] for line in traceaudit("ledger", "--db", str(db), "--json"))
    run(source, db, *SMALL_BATCHES)
    assert_same(db, wanted)


@pytest.mark.kafka
def test_stopped_and_followed_again_what_is_held_stays_held(undisturbed: tuple[str, Path], tmp_path: Path) -> None:
    source, wanted = undisturbed
    db = tmp_path / "a.duckdb"
    words = [sys.executable, "-m", "auditor", *arguments("run", source, db, "--follow", *SMALL_BATCHES)]
    for _ in range(2):
        process = subprocess.Popen([*words, "--set", "batching.max_age_s=0.5"], stdout=subprocess.DEVNULL)
        wait_for_rows(db, process, 6)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert time.monotonic() - began < 10
        lines = ledger(db)
        assert sum(line["held"] for line in lines) == 3 * N_TRACES
    run(source, db, *SMALL_BATCHES)
    assert_same(db, wanted)


def assert_same(db: Path, wanted: Path) -> None:
    """All that is kept is the same; which record of a trace carries its case depends on the order of partitions."""
    for query in CONTENT:
        assert rows(db, query) == rows(wanted, query)
    assert parts(db) == parts(wanted)
    assert sum(line["records"] for line in ledger(db)) == 3 * N_TRACES


def parts(db: Path) -> list[tuple[Any, ...]]:
    """Every record with the cases that it is part of, and how often a case is carried."""
    found = rows(db, OUTCOMES)
    assert sum(state == "scored" for _, _, _, state, *_ in found) == N_TRACES
    return sorted((source, partition, offset, sorted(ids)) for source, partition, offset, _, _, _, ids in found)
