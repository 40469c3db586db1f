"""The service is found while it runs, and only then; what it answers is the ledger."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from auditor.__main__ import main
from auditor.errors import PortTaken, ServiceFailed
from auditor.follow import Health
from auditor.ledger import LedgerLine
from auditor.service import Service, announced, ask_ledger, file_of, find_service
from reports.health import answering, app_of

LINE = LedgerLine("kafka:c/t", 0, 0, 9, 6, 6, {"scored": 6}, {"retention": 2}, held=1, missing=3)


def test_a_service_is_found_while_it_runs(tmp_path: Path) -> None:
    db = str(tmp_path / "a.duckdb")
    assert find_service(db) is None
    with announced(db, "127.0.0.1", 81) as service:
        assert find_service(db) == service == Service("127.0.0.1", 81, os.getpid())
    assert find_service(db) is None
    assert not file_of(db).exists()


def test_what_a_killed_service_left_behind_is_not_believed(tmp_path: Path) -> None:
    db = str(tmp_path / "a.duckdb")
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    file_of(db).write_text(json.dumps({"host": "127.0.0.1", "port": 81, "pid": done.pid}))
    assert find_service(db) is None
    file_of(db).write_text("{}")
    assert find_service(db) is None


def test_the_ledger_is_asked_of_a_running_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = str(tmp_path / "a.duckdb")
    app = app_of(Health(), CollectorRegistry(), lambda: [LINE])
    with answering(app, "127.0.0.1", 0) as port, announced(db, "127.0.0.1", port) as service:
        assert ask_ledger(service) == [LINE]
        assert main(["ledger", "--db", db, "--json", "--fail-on-unbalanced"]) == 3
        out, err = capsys.readouterr()
        assert json.loads(out)["missing"] == 3
        assert err == f"asked the service at http://127.0.0.1:{port} (PID {os.getpid()})\n"
        with pytest.raises(PortTaken, match=str(port)), answering(app, "127.0.0.1", port):
            pass


def test_a_service_that_does_not_answer_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = str(tmp_path / "a.duckdb")
    with announced(db, "127.0.0.1", 1) as service:
        with pytest.raises(ServiceFailed, match="does not answer"):
            ask_ledger(service)
        assert main(["ledger", "--db", db]) == 1
    assert capsys.readouterr().err.count("\n") == 2
