"""The report of a million verdicts: seconds, memory and the size of its files, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.measure import machine

N = 1_000_000


def run(*words: str) -> str:
    """The last line of what a command of report_store prints."""
    command = [sys.executable, "-m", "tests.bench.report_store", *words]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return next((line for line in reversed(lines) if line.startswith("{")), "")


@pytest.mark.parametrize(("days", "tenant"), [(1, ""), (28, ""), (28, "tenant-3")])
def test_a_million_verdicts_take_less_than_a_minute_and_two_gigabytes(tmp_path: Path, days: int, tenant: str) -> None:
    database = str(tmp_path / "night.duckdb")
    run("make", database, str(N), str(days))
    told: dict[str, Any] = json.loads(run("report", database, str(tmp_path / "out"), *([tenant] if tenant else [])))
    print(f"\n{N:,} verdicts in {days} days{f', {tenant} alone' if tenant else ''}: {told}\n  on {machine()}")
    assert told["seconds"] < 60
    assert told["peak_mb"] < 2_000
    assert told["bytes"]["html"] < 5_000_000
