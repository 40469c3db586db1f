"""Users are known by pseudonyms under a key that `run` makes and that shows nowhere."""

import json
import logging
from pathlib import Path

import pytest

from conf.schema import load
from tests.e2e.audits import rows, run


def logged(folder: Path, name: str) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text(json.dumps({"qta": 1, "question": name, "answer": "a", "user": "ada@example.org"}))
    return str(path)


def test_without_a_key_of_ones_own_run_makes_one_and_keeps_to_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv(load().ingest.user_key_env)
    caplog.set_level(logging.DEBUG)
    db = tmp_path / "a.duckdb"
    run(logged(tmp_path, "first"), db)
    run(logged(tmp_path, "second"), db)
    users = {user for (user,) in rows(db, "SELECT user_id FROM triples")}
    assert len(users) == 1
    assert "ada" not in str(users)
    key = (tmp_path / "a.duckdb.key").read_text().strip()
    shown = capfd.readouterr()
    assert key not in shown.out + shown.err + caplog.text
    assert key.encode() not in db.read_bytes()
