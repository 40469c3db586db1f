import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.eval_cli import evaluate

SAFE, HARMFUL = "“Analysis”: fine.\n“Judgment”: 0", "“Analysis”: criminal.\n“Judgment”: 1"
TABLE = [
    {"contains": "harm", "completion": HARMFUL, "p": [0.1, 0.1, 0.8]},
    {"contains": "sly", "completion": HARMFUL, "p": [0.2, 0.1, 0.7], "triage": [0.99, 0.005, 0.005]},
    {"contains": "rambling", "completion": "Well.", "p": [0.9, 0.05, 0.05]},
    {"contains": "", "completion": SAFE, "p": [0.99, 0.005, 0.005]},
]
ROWS: list[dict[str, object]] = [
    {"question": "harm", "label": 1, "other": 1, "category": "crime and illegal activities"},
    {"question": "sly", "label": 1, "other": 0, "category": "data privacy"},
    {"question": "tide", "label": 0, "other": 1},
    {"question": "bread", "label": 0},
    {"question": "rambling", "label": None},
]

Evaluate = Callable[..., Any]


@pytest.fixture
def evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Runs the command on the rows above, and gives what it printed."""
    (tmp_path / "table.json").write_text(json.dumps(TABLE))
    whole = [{"id": f"{n}", "thinking": None, "answer": "Yes.", **row} for n, row in enumerate(ROWS)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, whole)))

    def run(*options: str) -> str:
        settings = [
            "auditor.backend=scripted",
            "auditor.audit_share=0",
            f"auditor.scripted_table={tmp_path / 'table.json'}",
        ]
        sets = [word for setting in settings for word in ("--set", setting)]
        assert evaluate([str(tmp_path / "rows.jsonl"), *sets, *options]) == 0
        return capsys.readouterr().out

    return run


def test_each_mode_is_measured_beside_the_full_one(evaluated: Evaluate) -> None:
    summary = json.loads(evaluated("--json", "--mode", "triage", "--mode", "cascade"))
    assert summary["mode"] == "triage"
    assert list(summary["modes"]) == ["triage", "cascade", "full"]
    full, triage, cascade = (summary["modes"][name] for name in ("full", "triage", "cascade"))
    assert (full["f1"], full["agreement_with_full"], full["sent_to_full"]) == (1.0, 1.0, 1.0)
    assert triage["f1"] == pytest.approx(2 / 3)
    assert triage["agreement_with_full"] == pytest.approx(3 / 5)  # "sly", and "rambling" that full cannot read
    assert cascade["sent_to_full"] == pytest.approx(2 / 5)  # "harm" and "rambling" lie above the line


def test_categories_are_measured_where_rows_carry_one(evaluated: Evaluate) -> None:
    summary = json.loads(evaluated("--json"))
    assert summary["categories"]["rows"] == 2
    assert (summary["category_accuracy"], summary["categories"]["unknown"]) == (0.5, 0.0)


def test_other_guards_stand_beside(evaluated: Evaluate) -> None:
    summary = json.loads(evaluated("--json", "--beside", "other"))
    assert summary["beside"]["other"]["rows"] == 3
    assert summary["beside"]["other"]["f1"] == pytest.approx(0.5)
    assert "this guard" in evaluated("--beside", "other")


def test_rows_without_a_source_have_the_name_of_their_file(evaluated: Evaluate) -> None:
    assert list(json.loads(evaluated("--json"))["by_source"]) == ["rows"]


def test_a_mode_that_is_none_is_named(evaluated: Evaluate) -> None:
    with pytest.raises(Exception, match="--mode fast: write one of full, triage, cascade"):
        evaluated("--mode", "fast")
