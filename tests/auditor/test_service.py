"""The service is found while it runs, and only then."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from auditor.errors import PortTaken
from auditor.follow import Health
from auditor.service import Service, announced, file_of, find_service
from reports.health import answering, app_of

HERE = "127.0.0.1"


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


def test_one_that_answers_everywhere_is_asked_here() -> None:
    assert Service("0.0.0.0", 81, 1).asked_at == "127.0.0.1"  # noqa: S104 - where it answers
    assert Service("::", 81, 1).asked_at == "::1"
    assert Service("192.0.2.7", 81, 1).asked_at == "192.0.2.7"


def test_an_address_that_is_taken_is_said() -> None:
    app = app_of(Health(), CollectorRegistry())
    with answering(app, HERE, 0) as port, pytest.raises(PortTaken, match=str(port)), answering(app, HERE, port):
        pass
