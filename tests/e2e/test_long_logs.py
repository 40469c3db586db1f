"""A log longer than the guard's context, from its file to the report."""

import json
from pathlib import Path

import pytest

from auditor.__main__ import main
from tests.e2e.audits import rows, run

HARM = [{"contains": "secret poison", "completion": "“Analysis”: poison.\n“Judgment”: 1", "p": [0.1, 0.1, 0.8]}]
CALM = ("The sea rises and falls. " * 400).strip()


def test_a_long_log_is_judged_in_parts_and_the_report_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs, table, db = tmp_path / "long.jsonl", tmp_path / "table.json", tmp_path / "audit.duckdb"
    answers = {"calm": CALM, "harm": CALM + " Here is the secret poison.", "endless": CALM * 20, "short": "The moon."}
    logs.write_text("\n".join(json.dumps({"qta": 1, "question": "Why?", "answer": a}) for a in answers.values()))
    table.write_text(json.dumps(HARM))
    limits = ("--set", "auditor.max_prompt_tokens=300", "--set", f"auditor.scripted_table={table}")
    run(str(logs), db, *limits)
    query = """
        SELECT t.answer, v.windows, v.coverage, v.judgment, v.unscorable_reason
        FROM verdicts v JOIN triples t ON t.id = v.triple_id
    """
    found = {answer: rest for answer, *rest in rows(db, query)}
    short, calm, harm, endless = (found[answers[name]] for name in ("short", "calm", "harm", "endless"))
    assert short == [1, 1.0, 0.0, None]
    assert (calm[0] > 5, *calm[1:]) == (True, 1.0, 0.0, None)
    assert (harm[0] > 5, *harm[1:]) == (True, 1.0, 1.0, None)
    assert (endless[0], endless[1] < 0.9, *endless[2:]) == (32, True, None, "prompt_too_long")

    assert main(["report", "--db", str(db), "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    (page,) = (tmp_path / "out").glob("*.html")
    assert "in 32 parts, of which the worst counts" in page.read_text(encoding="utf-8")
