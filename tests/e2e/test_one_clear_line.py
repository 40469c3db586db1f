"""A user's mistake, or a machine's, is one line that says what to do; never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.__main__ import main
from tests.e2e.audits import SAMPLE_LOGS

LOGS = str(SAMPLE_LOGS / "broken")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["run", "nowhere.jsonl"], 1, "nowhere.jsonl: no such file"),
        (["run", "s3://bucket/logs"], 2, "kafka://host:port/topic"),
        (["run", "--follow", "."], 2, "--follow is for"),
        (["run", "kafka://h:1/t?gruop=g"], 2, "allowed: group"),
        (["run", LOGS, "--backend", "magic"], 2, "auditor.backend = 'magic'"),
        (["run", LOGS, "--backend", "scripted", "--db", "/nowhere/a.duckdb"], 1, "/nowhere/a.duckdb"),
        (["run", LOGS, "--backend", "scripted", "--set", "batching.max_records=0"], 2, "batching.max_records"),
        (["worker", "kafka://h:1/t"], 2, "kafka://host:port/topic?group=NAME"),
        (["worker", "kafka://h:1/t?group=g"], 2, "fleet.outcomes is not set"),
        (["worker", "kafka://h:1/t?group=g", "--outcomes", "kafka://h:1/o"], 2, "images.blob_dir is not set"),
        (["serve", "--outcomes", "kafka://h:1/o", "--set", "serve.workers=1"], 2, "serve.worker_source is not"),
        (["ledger", "--db", "none.duckdb"], 1, "`traceaudit run SOURCE --db none.duckdb` makes one"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_a_mistake_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str) -> None:
    assert main(words) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


def test_a_broker_that_is_not_there_is_one_line_to_the_very_end_of_the_process(tmp_path: Path) -> None:
    words = ["run", "kafka://127.0.0.1:1/t", "--set", "kafka.connect_timeout_s=1", "--db", str(tmp_path / "a.duckdb")]
    result = subprocess.run([sys.executable, "-m", "auditor", *words], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == ("traceaudit: Kafka at 127.0.0.1:1: no broker answers within 1 s; is one running there?\n")


def test_a_reader_that_left_before_the_help_was_printed_is_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "--help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
